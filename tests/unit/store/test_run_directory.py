from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pytest_parex.errors import StoreError
from pytest_parex.model import Matrix, MetricReader, Plan, Trial
from pytest_parex.store import Run, experiments, latest, make_runs_directory, new_run_id, open_run, runs


def test_run_ids_are_in_utc_and_sort_by_time() -> None:
    east = timezone(timedelta(hours=5))
    earlier = new_run_id(datetime(2026, 11, 20, 23, 42, 10, tzinfo=east), "3fa2")
    later = new_run_id(datetime(2026, 11, 20, 18, 42, 11, tzinfo=UTC), "0000")
    assert earlier == "20261120-184210-3fa2"
    assert earlier < later


def test_runs_of_the_same_second_are_kept_apart(make_plan: Callable[..., Plan]) -> None:
    now = datetime(2026, 11, 20, 18, 42, 10, tzinfo=UTC)
    one = Run.create(make_plan(new_run_id(now, "aaaa")))
    other = Run.create(make_plan(new_run_id(now, "bbbb")))
    assert one.directory != other.directory
    with pytest.raises(StoreError, match="another run has this id; start the run again"):
        Run.create(make_plan(new_run_id(now, "aaaa")))
    assert Run.open(one.directory).plan == one.plan


def test_a_run_directory_has_the_promised_names(run: Run, tmp_path: Path) -> None:
    with run.begin(run.plan.trials[0]).phase("prepare"):
        pass
    run.write_progress({"done": 0})
    assert (tmp_path / "runs" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / "runs" / "limiter" / "latest").readlink() == Path("20261120-184210-3fa2")
    assert run.directory == tmp_path / "runs" / "limiter" / "20261120-184210-3fa2"
    assert (run.directory / "plan.json").is_file()
    assert json.loads((run.directory / "progress.json").read_text()) == {"done": 0}
    assert (run.directory / "trials" / "v1" / "attempt-1" / "events.jsonl").is_file()


def test_a_plan_reads_back_as_it_was_written(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(
        runner={"shell": "./solve.sh"},
        matrix=Matrix.model_validate({"model": ["a", 2, True, None], "exclude": [{"model": "a"}]}),
        metrics={"coverage": MetricReader.model_validate({"json": "coverage.json", "path": "totals.percent"})},
        cases={"one": {"text": "ü", "area": "lifecycle"}},
        setup=["make", {"verify": "true"}],
        repeats={"min": 2, "max": 5},
    )
    assert Run.open(Run.create(plan).directory).plan == plan


def test_a_moved_run_is_read_where_it_is_now(run: Run, tmp_path: Path) -> None:
    moved = run.directory.rename(tmp_path / "elsewhere")
    assert Run.open(moved).directory == moved


def test_a_plan_of_another_format_is_refused_with_its_name(run: Run) -> None:
    file = run.directory / "plan.json"
    file.write_text(json.dumps({"format": 7, "unknown": True}))
    with pytest.raises(StoreError, match=rf"{file} has format 7.*use the version that wrote it"):
        Run.open(run.directory)


@pytest.mark.parametrize("content", ["", "{", '{"format": 1}', "[]", "null", "\x00\x01"])
def test_a_damaged_plan_is_named(run: Run, content: str) -> None:
    file = run.directory / "plan.json"
    file.write_text(content)
    with pytest.raises(StoreError, match=rf"{file} is damaged"):
        Run.open(run.directory)


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=rf"{tmp_path / 'plan.json'} is missing"):
        Run.open(tmp_path)


@pytest.mark.parametrize("name", ["..", ".", "", "../x", "a/../../b", "/etc/x", ".hidden", "a\nb", "a\x00b", "x" * 300])
def test_names_never_lead_out_of_the_run_directory(run: Run, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be the name of a stored file"):
        run.begin(Trial(id=name, variant="v1"))
    with pytest.raises(StoreError, match="cannot be the name of a stored file"):
        run.result(name)
    with pytest.raises(StoreError, match="cannot be the name of a stored file"):
        run.claim(name)
    with pytest.raises(StoreError, match="cannot be the name of a stored file"):
        run.write(f"reports/{name}", "text")


def test_run_references_never_lead_out_of_the_runs_directory(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text((run.directory / "plan.json").read_text())
    for reference in ["limiter@..", "limiter@../..", "..@x", "..", ""]:
        with pytest.raises(StoreError):
            open_run(reference, tmp_path / "runs")


def test_a_directory_that_does_not_belong_to_the_plan_is_refused(
    make_plan: Callable[..., Plan], tmp_path: Path
) -> None:
    plan = make_plan().model_copy(update={"directory": str(tmp_path / "elsewhere")})
    with pytest.raises(StoreError, match="is not the directory of run"):
        Run.create(plan)
    assert not (tmp_path / "elsewhere").exists()


def test_files_are_replaced_whole_and_leave_no_temporary_files(run: Run) -> None:
    file = run.write("comparison.json", "one")
    assert run.write("comparison.json", "two") == file
    assert file.read_text() == "two"
    assert run.write("reports/extra.md", "x").parent == run.directory / "reports"
    assert sorted(entry.name for entry in run.directory.iterdir()) == [
        "comparison.json",
        "plan.json",
        "reports",
        "trials",
    ]


def test_files_that_cannot_be_replaced_stay_as_they_are(run: Run) -> None:
    target = run.directory / "comparison.json"
    target.mkdir()
    with pytest.raises(StoreError, match=rf"{target} cannot be written"):
        run.write("comparison.json", "text")
    assert not [entry for entry in run.directory.iterdir() if entry.name.endswith(".part")]


def test_a_folder_with_files_of_somebody_else_gets_no_gitignore(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    make_runs_directory(tmp_path)
    assert not (tmp_path / ".gitignore").exists()


def test_a_repository_gets_no_gitignore(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    make_runs_directory(tmp_path)
    assert not (tmp_path / ".gitignore").exists()


def test_an_existing_gitignore_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("sources/\n")
    make_runs_directory(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "sources/\n"


def test_runs_are_found_by_every_reference(make_plan: Callable[..., Plan], tmp_path: Path) -> None:
    directory = tmp_path / "runs"
    old = Run.create(make_plan("20261120-000000-aaaa"))
    new = Run.create(make_plan("20261121-000000-bbbb"))
    other = Run.create(make_plan("20261119-000000-cccc", experiment="other"))
    (directory / "sources").mkdir()
    assert experiments(directory) == ["limiter", "other"]
    assert runs(directory, "limiter") == [old.directory, new.directory]
    assert open_run("limiter", directory) == new
    assert open_run("limiter@latest", directory) == new
    assert open_run("limiter@20261120-000000-aaaa", directory) == old
    assert open_run(str(other.directory), directory) == other
    assert open_run(str(directory / "limiter" / "latest"), directory) == new


def test_an_unknown_reference_says_what_there_is(run: Run, tmp_path: Path) -> None:
    directory = tmp_path / "runs"
    with pytest.raises(StoreError, match=r"no run of `limter`.*did you mean `limiter`"):
        open_run("limter", directory)
    with pytest.raises(StoreError, match="no run `20261120-184210-3fa3`; did you mean `20261120-184210-3fa2`"):
        open_run("limiter@20261120-184210-3fa3", directory)
    with pytest.raises(StoreError, match="no run is stored there"):
        open_run("limiter", tmp_path / "nothing")
    with pytest.raises(StoreError, match=r"it has no plan\.json"):
        open_run(f"{tmp_path}/nothing", directory)


def test_latest_is_the_newest_run_when_the_link_leads_nowhere(make_plan: Callable[..., Plan], tmp_path: Path) -> None:
    directory = tmp_path / "runs"
    assert latest(directory, "limiter") is None
    old = Run.create(make_plan("20261120-000000-aaaa"))
    new = Run.create(make_plan("20261121-000000-bbbb"))
    new.directory.rename(tmp_path / "moved")
    assert latest(directory, "limiter") == old.directory


def test_a_run_without_attempts_can_be_discarded(make_plan: Callable[..., Plan], tmp_path: Path) -> None:
    directory = tmp_path / "runs"
    old = Run.create(make_plan("20261120-000000-aaaa"))
    new = Run.create(make_plan("20261121-000000-bbbb"))
    new.discard()
    assert runs(directory, "limiter") == [old.directory]
    assert (directory / "limiter" / "latest").readlink() == Path(old.directory.name)
    old.begin(old.plan.trials[0])
    old.discard()
    assert runs(directory, "limiter") == [old.directory]


def test_the_folder_of_an_experiment_goes_with_its_only_run(run: Run, tmp_path: Path) -> None:
    run.discard()
    assert experiments(tmp_path / "runs") == []
    assert not (tmp_path / "runs" / "limiter").exists()


def test_latest_may_be_a_file_where_links_are_impossible(make_plan: Callable[..., Plan], tmp_path: Path) -> None:
    old = Run.create(make_plan("20261120-000000-aaaa"))
    Run.create(make_plan("20261121-000000-bbbb"))
    link = tmp_path / "runs" / "limiter" / "latest"
    link.unlink()
    link.write_text("20261120-000000-aaaa\n")
    assert latest(tmp_path / "runs", "limiter") == old.directory
    newest = Run.create(make_plan("20261122-000000-cccc"))
    assert latest(tmp_path / "runs", "limiter") == newest.directory


def test_a_link_to_elsewhere_is_not_followed(run: Run, tmp_path: Path) -> None:
    link = tmp_path / "runs" / "limiter" / "latest"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "plan.json").write_text("{}")
    link.unlink()
    link.symlink_to("../../elsewhere")
    assert latest(tmp_path / "runs", "limiter") == run.directory
