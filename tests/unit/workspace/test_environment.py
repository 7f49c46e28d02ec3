"""The environment of a variant: nothing of the caller's tools, everything about the trial."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Plan, Trial
from pytest_parex.workspace import secrets, variant_environment
from pytest_parex.workspace.environment import search_path, with_git_config

MakePlan = Callable[..., Plan]


def environment(plan: Plan, workspace: Path, environ: dict[str, str] | None = None, **more: object) -> dict[str, str]:
    trial = more.pop("trial", plan.trials[0])
    assert isinstance(trial, Trial)
    return variant_environment(plan, trial, workspace, environ or {"PATH": "/bin"}, attempt=2, **more)  # type: ignore[arg-type]


def test_what_belongs_to_the_callers_tools_is_not_passed_on(bare_plan: MakePlan, tmp_path: Path) -> None:
    theirs = {
        "GIT_DIR": "/repo/.git",
        "GIT_INDEX_FILE": "/repo/.git/index",
        "GIT_CONFIG_COUNT": "7",
        "VIRTUAL_ENV": "/venv",
        "PYTHONPATH": "/repo/src",
        "PYTHONHOME": "/usr",
        "PYTEST_ADDOPTS": "-x",
        "PYTEST_XDIST_WORKER": "gw0",
        "COVERAGE_PROCESS_START": "/repo/.coveragerc",
        "COV_CORE_SOURCE": "x",
        "PAREX_TRIAL": "an outer one",
        "CLAUDECODE": "1",
        "CLAUDE_CODE_ENTRYPOINT": "cli",
        "UV_PROJECT_ENVIRONMENT": "/repo/.venv",
        "OLDPWD": "/repo",
    }
    ours = {
        "HTTPS_PROXY": "http://proxy",
        "ANTHROPIC_API_KEY": "key",
        "CLAUDE_CODE_OAUTH_TOKEN": "t",
        "HOME": "/home/u",
    }

    env = environment(bare_plan(), tmp_path / "w", {**theirs, **ours, "PATH": "/bin"})

    assert not {name for name, value in env.items() if theirs.get(name) == value}
    assert {name: env[name] for name in ours} == ours


def test_a_command_is_told_all_about_its_trial(bare_plan: MakePlan, tmp_path: Path) -> None:
    plan = bare_plan(
        variants={"oop": {"prompt": "Use {{ matrix.model }} for {{ case }}."}},
        task="Add a limiter; keep {{ this }} as it is.",
        cases={"stp-1": {"text": "the plan", "area": "life cycle", "max-size": 3, "tags": ["a", "b"]}},
        matrix={"model": ["large"], "with-cache": [True]},
    )
    trial = Trial(
        id="oop--stp-1--r2", variant="oop", case="stp-1", matrix={"model": "large", "with-cache": True}, repeat=2
    )

    env = environment(plan, tmp_path / "w", trial=trial, case_file=tmp_path / "case" / "1.md")

    assert {name: value for name, value in env.items() if name.startswith("PAREX_")} == {
        "PAREX_EXPERIMENT": "limiter",
        "PAREX_RUN": "20261120-184210-3fa2",
        "PAREX_TRIAL": "oop--stp-1--r2",
        "PAREX_VARIANT": "oop",
        "PAREX_CASE": "stp-1",
        "PAREX_CASE_FILE": str(tmp_path / "case" / "1.md"),
        "PAREX_CASE_TEXT": "the plan",
        "PAREX_CASE_AREA": "life cycle",
        "PAREX_CASE_MAX_SIZE": "3",
        "PAREX_CASE_TAGS": '["a", "b"]',
        "PAREX_MATRIX_MODEL": "large",
        "PAREX_MATRIX_WITH_CACHE": "true",
        "PAREX_REPEAT": "2",
        "PAREX_ATTEMPT": "2",
        "PAREX_PROMPT": "Use large for stp-1.",
        "PAREX_TASK": "Add a limiter; keep {{ this }} as it is.",
        "PAREX_WORKSPACE": str(tmp_path / "w"),
        "PAREX_BASE": "0" * 40,
    }


def test_the_specs_own_variables_win_over_the_callers_and_the_variants_over_the_experiments(
    bare_plan: MakePlan, tmp_path: Path
) -> None:
    plan = bare_plan(
        env={"STYLE": "plain", "MODE": "a"}, variants={"v1": {"env": {"STYLE": "oop", "PAREX_TRIAL": "no"}}}
    )

    env = environment(
        plan, tmp_path / "w", {"STYLE": "mine", "MODE": "mine", "PATH": "/bin"}, ports={"WEB_PORT": 20001}
    )

    assert (env["STYLE"], env["MODE"], env["WEB_PORT"], env["PAREX_TRIAL"]) == ("oop", "a", "20001", "v1")


def test_the_task_file_is_read_afresh_and_a_missing_one_is_named(bare_plan: MakePlan, tmp_path: Path) -> None:
    plan = bare_plan(task_file="plan.md")
    with pytest.raises(WorkspaceError, match=r"task file plan\.md"):
        environment(plan, tmp_path / "w")

    (tmp_path / "plan.md").write_text("first")
    assert environment(plan, tmp_path / "w")["PAREX_TASK"] == "first"
    (tmp_path / "plan.md").write_text("second")
    assert environment(plan, tmp_path / "w")["PAREX_TASK"] == "second"


def test_an_environment_can_always_be_given_to_a_process(bare_plan: MakePlan, tmp_path: Path) -> None:
    long = environment(bare_plan(task="x" * 1_000_000), tmp_path / "w")
    assert "PAREX_TASK" not in long
    subprocess.run(["/bin/true"], env=long, check=True)

    with pytest.raises(WorkspaceError, match="STYLE holds a NUL"):
        environment(bare_plan(env={"STYLE": "a\0b"}), tmp_path / "w")


def test_python_means_the_workspaces_own_environment_else_the_one_that_runs_parex(tmp_path: Path) -> None:
    here = str(Path(sys.executable).parent)
    assert search_path(tmp_path, "/usr/bin:/bin") == f"{here}:/usr/bin:/bin"
    assert search_path(tmp_path, f"/usr/bin:{here}") == f"/usr/bin:{here}"

    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "node_modules" / ".bin").mkdir(parents=True)
    found = search_path(tmp_path, "/bin")

    assert found == f"{tmp_path}/.venv/bin:{tmp_path}/node_modules/.bin:{here}:/bin"
    assert search_path(tmp_path, found) == found


def test_git_settings_are_added_to_those_that_are_there() -> None:
    env = with_git_config({"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"}, {"d.e": "f"})

    assert env["GIT_CONFIG_COUNT"] == "2"
    assert (env["GIT_CONFIG_KEY_0"], env["GIT_CONFIG_KEY_1"], env["GIT_CONFIG_VALUE_1"]) == ("a.b", "d.e", "f")


def test_two_trials_get_compose_projects_of_their_own(bare_plan: MakePlan, tmp_path: Path) -> None:
    plan = bare_plan(variants={"A.b": "x", "a-b": "y"})
    names = {
        environment(plan, tmp_path / "w", trial=Trial(id=i, variant=i))["COMPOSE_PROJECT_NAME"] for i in ("A.b", "a-b")
    }

    assert len(names) == 2
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-") for name in names)


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN", "npm_config__authtoken", "DB_PASSWORD", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "SIGNING_KEY",
        "ANTHROPIC_API_KEY", "OPENAI_APIKEY", "SSH_PRIVATE_KEY", "client_secret", "GOOGLE_CREDENTIALS",
        "AWS_ACCESS_KEY_ID",
    ],
)  # fmt: skip
def test_values_of_names_that_look_like_secrets_are_secrets(name: str) -> None:
    assert secrets({name: "hunter22", "EDITOR": "ordinary"}) == ("hunter22",)


def test_ordinary_and_short_values_are_no_secrets() -> None:
    assert (
        secrets({"MAX_TOKENS": "100000", "TOKENIZERS_PARALLELISM": "parallel", "KEYBOARD": "qwertz", "TOKEN": "12345"})
        == ()
    )


def test_passwords_in_urls_and_the_lines_of_a_key_are_secrets_longest_first() -> None:
    found = secrets(
        {"DATABASE_URL": "postgres://app:s3cr3t!@db/x", "DEPLOY_PRIVATE_KEY": "-----BEGIN-----\nabcdefgh\n"}
    )

    assert found == ("-----BEGIN-----\nabcdefgh\n", "-----BEGIN-----", "abcdefgh", "s3cr3t!")
