"""The `parex` command: check, plan, schema and run, as a process that a user starts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import jsonschema
import pytest

from pytest_parex import __version__, processes
from pytest_parex.cli import main
from pytest_parex.testing import Project

Make = Callable[..., Project]
LIMITER = "variants: {a: x, b: y}\nmatrix: {m: [s, o]}\nrepeats: 2\nrunner: {shell: 'true'}\n"


class Parex:
    """The command in the folder of a project: called, or as a process of its own."""

    def __init__(self, project: Project, capture: pytest.CaptureFixture[str]) -> None:
        self.project = project
        self.capture = capture

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments), prog_name="parex")
        out, err = self.capture.readouterr()
        return int(ended.value.code or 0), out, err

    def process(self, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        done = processes.capture(
            [sys.executable, "-c", "from pytest_parex.cli import main; main(prog_name='parex')", *arguments],
            cwd=self.project.path,
            env=self.project.environment(env),
            timeout=60,
        )
        return done.exit_code, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def parex(project: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Parex:
    found = Parex(project(), capsys)
    monkeypatch.chdir(found.project.path)
    return found


def test_check_counts_the_trials_of_a_good_spec(parex: Parex) -> None:
    parex.project.spec(LIMITER, "limiter.yaml")
    parex.project.spec("variants: {a: x}", "tiny.yaml")

    assert parex("check", "limiter.yaml", "tiny.yaml") == (
        0,
        "limiter.yaml: OK: 8 trials: 2 variants × 2 matrix points × 2 repeats\ntiny.yaml: OK: 1 trial: 1 variant\n",
        "",
    )


def test_check_says_all_faults_of_all_specs_and_ends_with_4(parex: Parex) -> None:
    parex.project.spec("variants: {a: 5}\ntimeout: soon\n", "bad.yaml")
    parex.project.spec("varients: {}\n", "worse.yaml")
    parex.project.spec(LIMITER, "limiter.yaml")

    code, out, err = parex("check", "bad.yaml", "limiter.yaml", "worse.yaml", "gone.yaml")

    assert code == 4
    assert out.startswith("limiter.yaml: OK")
    assert [line.split(" ")[0] for line in err.splitlines()] == [
        "bad.yaml:1:15:",
        "bad.yaml:2:10:",
        "gone.yaml:1:1:",
        "worse.yaml:1:1:",
        "worse.yaml:1:1:",
    ]


def test_check_asks_the_runners_of_parex_about_their_options(parex: Parex) -> None:
    parex.project.spec("variants: {a: x}\nrunner: {shell: {comand: x}}\n", "bad.yaml")

    code, _, err = parex("check", "bad.yaml")

    assert (code, "bad.yaml:2:17: `runner.shell`: give a command" in err) == (4, True)


def test_check_says_that_it_does_not_know_the_runner_of_a_plugin(parex: Parex) -> None:
    parex.project.spec("variants: {a: x}\nrunner: {magic: {}}\n", "spec.yaml")

    code, out, _ = parex("check", "spec.yaml")

    assert code == 0
    assert "note: the runner `magic` is not one of parex's own: a plugin has to add it" in out


def test_check_takes_overrides(parex: Parex) -> None:
    parex.project.spec(LIMITER, "limiter.yaml")

    assert "24 trials" in parex("check", "limiter.yaml", "--set", "repeats=3", "--set", "matrix.m=[a,b,c,d]")[1]
    code, _, err = parex("check", "limiter.yaml", "--set", "repeats=none")
    assert code == 4
    assert "limiter.yaml:3:10: --parex-set repeats=none: " in err


def test_plan_shows_ids_and_digests_and_leaves_nothing_behind(parex: Parex, tmp_path: Path) -> None:
    file = parex.project.spec(LIMITER, "limiter.yaml")
    head = parex.project.commit()
    (tmp_path / "temporary").mkdir()
    before = sorted(parex.project.path.parent.rglob("*"))

    code, out, err = parex.process("plan", "limiter.yaml", env={"TMPDIR": str(tmp_path / "temporary")})

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "limiter: 8 trials: 2 variants × 2 matrix points × 2 repeats"
    assert lines[1].startswith(f"base: {head[:12]} (")
    assert lines[2] == f"workspaces: {parex.project.path}.parex"
    assert lines[4].split() == ["id", "variant", "matrix", "repeat", "inputs"]
    assert [line.split()[:4] for line in lines[5:7]] == [["a--s--r1", "a", "m=s", "1"], ["a--s--r2", "a", "m=s", "2"]]
    assert len({line.split()[-1] for line in lines[5:]}) == 8
    assert sorted(parex.project.path.parent.rglob("*")) == before
    assert file.exists()


def test_plan_as_json_is_the_plan(parex: Parex) -> None:
    parex.project.spec("variants: {a: x}\ncases: {c: {text: x}}\n", "limiter.yaml")
    head = parex.project.commit()

    code, out, _ = parex("plan", "limiter.yaml", "--json")

    found = json.loads(out)
    assert code == 0
    assert found["experiment"] == "limiter"
    assert found["bases"][""]["commit"] == head
    (trial,) = found["trials"]
    assert len(trial.pop("inputs")) == 64
    assert trial == {"id": "a--c", "variant": "a", "case": "c", "matrix": {}, "repeat": 1, "line": 1}


def test_a_source_that_cannot_be_used_ends_with_1_and_a_message(parex: Parex) -> None:
    parex.project.spec("variants: {a: {ref: nowhere}}", "limiter.yaml")

    code, out, err = parex("plan", "limiter.yaml")

    assert (code, out) == (1, "")
    assert err.startswith("parex: ")
    assert "nowhere" in err
    assert "Traceback" not in err


def test_schema_prints_the_schema(parex: Parex) -> None:
    code, out, _ = parex("schema")

    assert code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(out))


def test_run_becomes_pytest_with_all_further_arguments(parex: Parex) -> None:
    parex.project.spec("variants: {a: 5}", "limiter.yaml")

    code, out, err = parex.process("run", "limiter.yaml", "-k", "oop", "--co", "-q", "--help-me")

    assert code == 4
    assert "--help-me" in out + err

    code, out, err = parex.process("run", "limiter.yaml", "-k", "oop", "--co", "-q")

    assert code == 4
    assert "limiter.yaml:1:15: `variants.a`: found 5" in out + err


@pytest.mark.parametrize("verb", ["check", "plan", "run", "show", "compare", "schema"])
def test_every_verb_explains_itself_with_an_example(parex: Parex, verb: str) -> None:
    code, out, _ = parex(verb, "--help")

    assert code == 0
    assert f"  parex {verb}" in out


def test_the_command_names_its_verbs_codes_and_version(parex: Parex) -> None:
    code, out, _ = parex("--help")

    assert code == 0
    assert [
        word
        for word in ("check", "plan", "run", "schema", "Exit codes: 0", "parex check limiter.yaml")
        if word not in out
    ] == []
    assert parex("--version")[1] == f"parex, version {__version__}\n"
    assert parex("check")[0] == 2


def test_the_command_never_imports_pytest(project: Make) -> None:
    code = (
        "import sys, pytest_parex.cli\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('pytest', '_pytest', 'xdist', 'pluggy')])"
    )
    folder = project()

    done = processes.capture([sys.executable, "-c", code], cwd=folder.path, env=folder.environment(), timeout=60)

    assert (done.stdout.decode().strip(), done.exit_code) == ("[]", 0)
