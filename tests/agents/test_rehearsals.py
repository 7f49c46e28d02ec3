"""`--parex-rehearse`: which script is played, what is recorded, and that nothing leads to a real model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex import processes
from pytest_parex.testing import Project, ScriptedModel

from .stories import LEAN, Story, bash, claude, rehearsable, session, write

MAIN = "import sys; from pytest_parex.cli import main; main(prog_name='parex')"


def parex(folder: Path, *args: str) -> str:
    """What the `parex` command says there."""
    env = Project.at(folder).environment()
    done = processes.capture([sys.executable, "-c", MAIN, *args], cwd=folder, env=env, timeout=120)
    said = (done.stdout + done.stderr).decode()
    assert done.exit_code == 0, said
    return said


@pytest.fixture(scope="module")
def recorded(told: Callable[..., Story]) -> Story:
    usage = {"input_tokens": 3000, "output_tokens": 700, "cache_read_input_tokens": 100}
    sessions = [
        session("a", [
            {"think": "well", "text": "I write.", "calls": [write("made.py"), bash("cat made.py")], "usage": usage},
            {"calls": [
                {"Agent": {"subagent_type": "general-purpose", "description": "d", "prompt": "[[script:sub]]"}},
            ]},
            "All done.",
        ]),
    ]  # fmt: skip
    script = {"sessions": sessions, "scripts": {"sub": [{"calls": [write("sub.txt")]}, "sub done"]}}
    return told("recorded", {"variants": {"a": "go"}}, script)


def test_a_recorded_trial_is_rehearsed_again_exactly(recorded: Story, tmp_path: Path) -> None:
    script = parex(recorded.runs.parent, "show", "spec", "a", "--as-script")
    project = rehearsable(Project(tmp_path / "repo"), {"variants": {"a": "go"}}, {"sessions": []})
    (tmp_path / "again.yaml").write_text(script)

    again = project.run("--parex-rehearse=../again.yaml", *LEAN)

    result = again.results["a"]
    assert result.passed, again.out
    assert {change.path for change in result.changes.files} == recorded.changed("a") if result.changes else False
    for name in ("cost_usd", "tokens_input", "tokens_output", "tokens_cache_read", "turns", "tool_calls"):
        assert result.metrics[name].value == pytest.approx(recorded.metric("a", name)), name


def test_show_tells_what_became_of_a_run_and_of_a_trial(recorded: Story) -> None:
    folder = recorded.runs.parent

    assert "passed" in parex(folder, "show", "spec")
    assert "passed" in parex(folder.parent, "show", str(recorded.stored.directory))
    assert "cost_usd" in parex(folder, "show", "spec", "a")
    assert "I write." in parex(folder, "show", "spec", "a", "--transcript")
    assert "Claude Code" in parex(folder, "show", "spec", "a", "--log")
    assert json.loads(parex(folder, "show", "spec", "a", "--json"))["cause"] == "passed"
    assert json.loads(parex(folder, "show", "spec", "--json"))["trials"] == [{"id": "a", "cause": "passed"}]


def test_a_rehearsal_is_called_one_and_does_not_mix_with_what_is_real(recorded: Story) -> None:
    done = Project.at(recorded.runs.parent).run(*LEAN, "--parex-run", "spec")

    assert "a rehearsal: agents play rehearsal.yaml" in recorded.out
    assert "a rehearsal: agents play rehearsal.yaml" in (recorded.stored.directory / "comparison.md").read_text()
    assert done.exit_code == 4
    assert "is a rehearsal: what is real and what is not do not mix" in done.out


def test_settings_of_the_project_do_not_lead_a_rehearsal_to_a_real_model(told: Callable[..., Story]) -> None:
    settings = {"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9/", "CLAUDE_CODE_USE_BEDROCK": "1"}}
    own = json.dumps({"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9/"}, "includeCoAuthoredBy": False})
    spec = {"variants": {"a": "go", "b": {"runner": claude(settings=own)}}, "retries": 0}
    files = {".claude/settings.json": json.dumps(settings)}

    story = told("settings", spec, {"sessions": [{"turns": ["Done."]}]}, "-n2", files=files)

    assert story.outcomes == {"passed": 2}, story.out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--parex-rehearse",), "there is neither spec.rehearsal.yaml nor rehearsal.yaml beside spec.yaml"),
        (("--parex-rehearse=nowhere.yaml",), "there is no such file"),
        (("--parex-rehearse=wrong.yaml",), "wrong.yaml:1:"),
    ],
)
def test_a_script_that_is_missing_or_wrong_is_a_usage_error(tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    project = Project(tmp_path / "repo", {"wrong.yaml": "sesions: []\n"})
    project.spec({"variants": {"a": "go"}, "task": "t", "runner": claude()})

    done = project.run(*args)

    assert done.exit_code == 4
    assert said in done.out
    assert not (project.path / ".parex").exists()


def test_the_script_beside_the_spec_of_the_same_name_comes_first(tmp_path: Path) -> None:
    project = rehearsable(Project(tmp_path / "repo"), {"variants": {"a": "go"}}, {"sessions": [{"turns": ["common"]}]})
    project.write({"spec.rehearsal.yaml": json.dumps({"sessions": [{"turns": ["its own"]}]})})

    done = project.run("--parex-rehearse", *LEAN)

    assert "its own" in (done.run().attempt_directory("a", 1) / "transcript.md").read_text(), done.out


def test_instructions_can_be_a_slash_command_that_gets_the_rest_as_its_arguments(tmp_path: Path) -> None:
    command = "---\ndescription: as scripted\n---\nULTRATHINK about $ARGUMENTS\n"
    project = Project(tmp_path / "repo", {".claude/commands/ultra.md": command})
    spec = {"task": "build it", "instructions": ["/ultra"], "variants": {"a": "go"}, "runner": claude()}
    project.spec(spec)

    with ScriptedModel({"sessions": [{"turns": ["Done."]}]}) as model:
        done = project.run(*LEAN, env=model.environment())
        (asked,) = (json.dumps(request.body) for request in model.requests if request.kind == "turn")

    assert done.outcomes == {"passed": 1}, done.out
    assert "ULTRATHINK about # Task\\n\\nbuild it" in asked


def test_every_report_says_first_that_it_is_of_a_rehearsal(recorded: Story) -> None:
    said = "A rehearsal: agents played rehearsal.yaml, so nothing here tells about a real model."
    markdown = (recorded.stored.directory / "comparison.md").read_text()
    page = (recorded.stored.directory / "comparison.html").read_text()

    assert markdown.splitlines()[2] == f"**{said}**"
    assert page.index(said) < page.index("<main>")
    assert "--parex-rehearse=rehearsal.yaml" in markdown
