"""`parex compare`: one run again, several together, and the history of an experiment, from what is stored."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_parex import processes
from pytest_parex.cli import main
from pytest_parex.endings import Cause
from pytest_parex.model import Base, CheckResult, Comparison, Experiment, Metric, Plan, Result, Trial
from pytest_parex.store import Run
from pytest_parex.testing import Finished, Project

MONDAY, TUESDAY, WEDNESDAY = "20261116-090000-aaaa", "20261117-090000-bbbb", "20261118-090000-cccc"
SPEC = {
    "experiment": "limiter",
    "variants": {"quick": {"env": {"SCORE": "3"}}, "good": {"env": {"SCORE": "8"}}},
    "runner": {"shell": 'echo "{\\"score\\": $SCORE}" > score.json'},
    "metrics": {"score": {"json": "score.json", "path": "score", "better": "higher"}},
    "compare": {"rank": ["success_rate", "score"]},
    "repeats": 2,
}
Parex = Callable[..., tuple[int, str, str]]


@pytest.fixture
def parex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Parex:
    """The command, in the folder that the runs are stored in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments), prog_name="parex")
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., Run]:
    """`stored(MONDAY, {"v1": [3, 4]})`: a run of `limiter` whose variants have passed with these scores.

    A score of None is a trial that failed. `inputs` are the digests, `told` further keys of the experiment.
    """

    def store(
        run: str,
        scores: Mapping[str, Sequence[float | None]],
        *,
        experiment: str = "limiter",
        inputs: str = "same",
        grading: str = "checks",
        commit: str = "b" * 40,
        **told: Any,
    ) -> Run:
        trials = tuple(
            Trial(id=f"{name}--r{repeat}", variant=name, repeat=repeat, inputs=f"{inputs} {name} {repeat}")
            for name, values in scores.items()
            for repeat, _ in enumerate(values, 1)
        )
        settings = {"experiment": experiment, "variants": dict.fromkeys(scores, "do it"), **told}
        settings.setdefault("compare", {"rank": ["score"]})
        made = Run.create(
            Plan(
                experiment=Experiment.model_validate(settings),
                run=run,
                created=f"{run[:4]}-{run[4:6]}-{run[6:8]}T09:00:00+00:00",
                spec=str(tmp_path / "limiter.yaml"),
                directory=str(tmp_path / ".parex" / experiment / run),
                root=str(tmp_path / "workspaces"),
                bases={"": Base(source=".", mirror="/m", commit=commit, chosen="HEAD of main")},
                trials=trials,
                grading=grading,
            )
        )
        for trial in trials:
            score = scores[trial.variant][trial.repeat - 1]
            made_by = made.begin(trial)
            made_by.finish(
                Result(
                    trial=trial,
                    attempt=made_by.number,
                    cause=Cause.PASSED if score is not None else Cause.CHECK_FAILED,
                    checks=(CheckResult(name="tests", passed=score is not None),),
                    metrics={
                        "cost_usd": Metric(value=0.25),
                        "duration_s": Metric(value=2.0),
                        **({"score": Metric(value=score, better="higher")} if score is not None else {}),
                    },
                )
            )
        return made

    return store


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Finished]:
    """A real run, in which `quick` was not selected, and a second spec. Whoever changes a file changes the base."""
    project = Project(tmp_path_factory.mktemp("compared") / "repo")
    project.spec(SPEC)
    project.spec({**SPEC, "experiment": "limiter-2", "runner": {"shell": "echo second thoughts; exit 1"}}, "two.yaml")
    done = project.run("--parex-only", "variant=good")
    assert done.outcomes == {"passed": 2, "deselected": 2}, done.out
    return project, done


def rows(out: str) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(out)["variants"]}


def test_one_run_is_compared_again_to_the_byte(
    session: tuple[Project, Finished], parex: Parex, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, done = session
    monkeypatch.chdir(project.path)

    code, out, err = parex("compare", "limiter", "--json")

    assert (code, err) == (0, "")
    assert out == (done.run("limiter").directory / "comparison.json").read_text()
    assert {trial["outcome"] for trial in json.loads(out)["trials"]} == {"passed", "not selected"}


def test_one_run_is_computed_from_its_results_and_not_copied(
    session: tuple[Project, Finished], parex: Parex, tmp_path: Path
) -> None:
    """A run that was moved, lost its comparison and a result is compared by what is left."""
    run = session[1].run("limiter").directory
    moved = tmp_path / "elsewhere"
    shutil.copytree(run, moved)
    (moved / "comparison.json").unlink()
    shutil.rmtree(moved / "trials" / "good--r2")

    code, out, _ = parex("compare", str(moved), "--json")

    assert code == 0
    assert rows(out)["good"]["counted"] == 1
    assert rows(out)["good"]["missing"] == 1
    assert rows(out)["quick"]["missing"] == 2


def test_a_run_is_shown_with_table_verdict_and_all_reasons(
    session: tuple[Project, Finished], parex: Parex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(session[0].path)

    code, out, _ = parex("compare", "limiter")

    assert code == 0
    assert out.splitlines()[0].split()[:2] == ["variant", "passed"]
    assert "* good" in out
    assert "not selected" in out


def test_a_real_run_of_another_spec_is_joined_with_reports_that_lead_to_the_files(
    session: tuple[Project, Finished], parex: Parex, tmp_path: Path
) -> None:
    """The same variants in an experiment of another name are compared with themselves; reports find every log."""
    project, first = session
    second = project.run(spec="two.yaml")
    assert second.outcomes == {"failed": 4}, second.out
    files = [tmp_path / f"all.{suffix}" for suffix in ("html", "md", "csv", "json")]

    code, out, err = parex(
        "compare", "limiter", "limiter-2", "--dir", str(first.runs), *(f"--out={file}" for file in files)
    )

    assert (code, err) == (0, "")
    page, markdown, table, data = (file.read_text() for file in files)
    assert out.splitlines()[-4:] == [str(file) for file in files]
    today = f"{first.run('limiter').plan.run[:8]}"
    assert {row.name for row in Comparison.model_validate_json(data).variants} == {
        f"good @ limiter@{today}",
        f"good @ limiter-2@{today}",
        "quick",
    }
    assert len(list(csv.DictReader(table.splitlines()))) == 6
    assert "different experiments, `limiter`, `limiter-2`" in markdown
    assert "second thoughts" in page
    assert "parex compare " in markdown
    assert "--parex-run" not in markdown
    run = second.run("limiter-2")
    assert f"limiter-2/{run.plan.run}/trials/good--r1/attempt-1/run.log" in page


def test_a_spec_that_is_run_again_into_another_folder_gives_more_repeats(
    session: tuple[Project, Finished], parex: Parex, tmp_path: Path
) -> None:
    """Nothing has changed in between, and the digests of a real plan show it."""
    project, first = session
    again = project.run("--parex-dir", str(tmp_path / "again"), "--parex-set", "repeats=3", "--parex-only=variant=good")
    assert again.outcomes == {"passed": 3, "deselected": 3}, again.out

    code, out, _ = parex(
        "compare", "limiter", str(tmp_path / "again" / "limiter" / "latest"), "--dir", str(first.runs), "--json"
    )

    assert code == 0
    assert {name: (row["counted"], row["missing"]) for name, row in rows(out).items()} == {"good": (5, 0)}


def test_variants_of_different_runs_are_joined_by_name(parex: Parex, stored: Callable[..., Run]) -> None:
    stored(MONDAY, {"v1": [3, 4]})
    stored(TUESDAY, {"v2": [7, 8, 9]})

    code, out, _ = parex("compare", f"limiter@{MONDAY}", "limiter", "--json")

    found = json.loads(out)
    assert code == 0
    assert (found["leader"], found["run"]) == ("v2", f"{MONDAY} + {TUESDAY}")
    assert [(name, row["counted"]) for name, row in rows(out).items()] == [("v2", 3), ("v1", 2)]
    assert found["differences"][0]["value"] == 4.5


def test_a_variant_made_and_graded_alike_is_pooled(parex: Parex, stored: Callable[..., Run]) -> None:
    stored(MONDAY, {"v1": [3, 4]})
    stored(TUESDAY, {"v1": [5, 6, 7]})

    _, out, _ = parex("compare", f"limiter@{MONDAY}", f"limiter@{TUESDAY}", "--json")

    assert [(name, row["counted"]) for name, row in rows(out).items()] == [("v1", 5)]
    assert [trial["repeat"] for trial in json.loads(out)["trials"]] == [1, 2, 3, 4, 5]


def test_a_variant_that_differs_is_compared_with_itself_and_the_base_is_named(
    parex: Parex, stored: Callable[..., Run]
) -> None:
    stored(MONDAY, {"v1": [3, 3.1, 3.2, 3.3]})
    stored(TUESDAY, {"v1": [8, 8.1, 8.2, 8.3]}, inputs="other", commit="d" * 40)

    code, out, _ = parex("compare", f"limiter@{MONDAY}", f"limiter@{TUESDAY}")

    assert code == 0
    said = " ".join(out.split())
    assert "'v1' is told apart by run: there are differences in the base." in said
    assert "The base differs: 'bbbbbbbbbb' in 20261116, 'dddddddddd' in 20261117." in said
    assert "v1 @ 20261117 minus v1 @ 20261116, score: +5, 95 % interval" in said
    assert "p = 0.029" in said


def test_the_baseline_run_is_told_apart_and_need_not_be_named_twice(parex: Parex, stored: Callable[..., Run]) -> None:
    for run in (MONDAY, TUESDAY, WEDNESDAY):
        stored(run, {"v1": [3, 4]})

    _, out, _ = parex(
        "compare", f"limiter@{MONDAY}", f"limiter@{TUESDAY}", "--baseline", f"limiter@{WEDNESDAY}", "--json"
    )

    assert sorted(rows(out)) == ["v1 @ 20261116 + 20261117", "v1 @ 20261118"]
    difference = json.loads(out)["differences"][0]
    assert (difference["a"], difference["b"]) == ("v1 @ 20261116 + 20261117", "v1 @ 20261118")


def test_another_grading_is_named(parex: Parex, stored: Callable[..., Run]) -> None:
    stored(MONDAY, {"v1": [3]}, checks={"tests": "pytest", "types": "mypy"})
    stored(TUESDAY, {"v1": [3]}, grading="others", checks={"tests": "pytest -q", "lint": "ruff check"})

    _, out, _ = parex("compare", f"limiter@{MONDAY}", f"limiter@{TUESDAY}", "--json")

    reasons = json.loads(out)["reasons"]
    assert "`v1` is told apart by run: there are differences in the grading." in reasons
    (graded,) = (reason for reason in reasons if reason.startswith("The grading differs"))
    assert "check `tests`, check `types` is only in 20261116, check `lint` is only in 20261117" in graded


def test_a_result_that_cannot_be_read_is_missing_and_said(parex: Parex, stored: Callable[..., Run]) -> None:
    run = stored(MONDAY, {"v1": [3, 4], "v2": [5, 6]})
    (run.attempt_directory("v1--r2", 1) / "result.json").write_text("{")

    code, out, err = parex("compare", "limiter", "--json")

    assert code == 0
    assert rows(out)["v1"]["missing"] == 1
    assert "result.json is damaged" in err


def test_history_shows_every_variant_over_its_runs_oldest_first(parex: Parex, stored: Callable[..., Run]) -> None:
    stored(MONDAY, {"v1": [3, None]})
    stored(TUESDAY, {"v1": [5, 6], "v2": [7]})
    stored(WEDNESDAY, {"v1": [8, 9]}, inputs="other", grading="others")

    code, out, _ = parex("compare", "limiter", "--history")

    assert code == 0
    assert out.splitlines() == [
        "limiter: 3 runs, oldest first",
        "",
        "v1",
        "  run                   passed   rate  score  cost_usd  duration_s",
        f"  {MONDAY}     1/2   50 %    3.0     $0.25         2 s",
        f"  {TUESDAY}     2/2  100 %    5.5     $0.25         2 s",
        f"  {WEDNESDAY}     2/2  100 %    8.5     $0.25         2 s  inputs and grading changed",
        "",
        "v2",
        "  run                   passed   rate  score  cost_usd  duration_s",
        f"  {TUESDAY}     1/1  100 %      7     $0.25         2 s",
    ]


def test_history_as_json_of_the_last_runs(parex: Parex, stored: Callable[..., Run]) -> None:
    for run, score in ((MONDAY, 3), (TUESDAY, 4), (WEDNESDAY, 5)):
        stored(run, {"v1": [score]})

    _, out, _ = parex("compare", "limiter", "--history", "--last", "2", "--json")

    found = json.loads(out)
    assert (found["experiment"], found["runs"], found["rank"]) == ("limiter", [TUESDAY, WEDNESDAY], ["score"])
    (variant,) = found["variants"]
    assert [(each["run"], each["metrics"]["score"]["mean"]) for each in variant["runs"]] == [
        (TUESDAY, 4.0),
        (WEDNESDAY, 5.0),
    ]
    assert [each["changed"] for each in variant["runs"]] == [[], []]


def test_history_goes_without_a_run_that_cannot_be_read(parex: Parex, stored: Callable[..., Run]) -> None:
    damaged = stored(MONDAY, {"v1": [3]})
    stored(TUESDAY, {"v1": [4]})
    (damaged.directory / "plan.json").write_text("{}")

    code, out, err = parex("compare", "limiter", "--history", "--json")

    assert (code, json.loads(out)["runs"]) == (0, [TUESDAY])
    assert f"{MONDAY}/plan.json is damaged" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["limitr"], 1, "did you mean `limiter`?"),
        (["limiter@20261116-090000-aaab"], 1, f"did you mean `{MONDAY}`?"),
        (["limiter", "--baseline", "limitr"], 1, "did you mean `limiter`?"),
        (["./nowhere"], 1, "no run directory"),
        (["limiter", f"limiter@{MONDAY}"], 1, f"{MONDAY} is given twice"),
        (["limiter", "--baseline", "limiter"], 2, "--baseline is the only run"),
        (["limiter", "--out", "report.pdf"], 2, "a report file ends in .json, .md, .html, .csv"),
        (["limiter", "--last", "3"], 2, "--last goes with --history"),
        (["limiter", "limiter", "--history"], 2, "--history is of one experiment"),
        ([f"limiter@{MONDAY}", "--history"], 2, "name the experiment"),
        (["limitr", "--history"], 1, "did you mean `limiter`?"),
        ([], 2, "Missing argument"),
    ],
)
def test_bad_input_gets_one_message(
    parex: Parex, stored: Callable[..., Run], arguments: list[str], code: int, message: str
) -> None:
    stored(MONDAY, {"v1": [3]})

    ended, out, err = parex("compare", *arguments)

    assert (ended, out) == (code, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err


def test_neither_pytest_nor_the_agent_sdk_is_imported_and_scipy_only_to_compare(
    stored: Callable[..., Run], tmp_path: Path
) -> None:
    stored(MONDAY, {"v1": [3, 4], "v2": [5, 6]})
    code = (
        "import sys; from pytest_parex.cli import main; main(sys.argv[1:], standalone_mode=False);"
        "heavy = ('pytest', '_pytest', 'pluggy', 'claude_agent_sdk', 'numpy', 'scipy');"
        "print('loaded:', *[name for name in heavy if name in sys.modules])"
    )

    def loaded(*arguments: str) -> list[str]:
        argv = [sys.executable, "-c", code, "compare", *arguments]
        done = processes.capture(argv, cwd=tmp_path, env=Project.at(tmp_path).environment(), timeout=60)
        assert done.exit_code == 0, done.stderr
        return done.stdout.decode().splitlines()[-1].split()[1:]

    assert loaded("limiter", "--history") == []
    assert loaded("limiter") == ["numpy", "scipy"]
