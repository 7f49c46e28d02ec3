from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.endings import Cause
from pytest_parex.errors import StoreError
from pytest_parex.model import Changes, CheckResult, Event, FileChange, Metric, Plan, Result, Trial
from pytest_parex.store import Run, durations, redact


def passed(trial: Trial, attempt: int = 1, **fields: object) -> Result:
    return Result.model_validate({"trial": trial, "attempt": attempt, "cause": Cause.PASSED, **fields})


def test_attempts_are_numbered_and_earlier_ones_stay(run: Run) -> None:
    trial = run.plan.trials[0]
    assert run.attempts(trial.id) == []
    writers = [run.begin(trial) for _ in range(11)]
    assert [writer.number for writer in writers] == list(range(1, 12))
    assert run.attempts(trial.id) == list(range(1, 12))
    assert writers[10].directory == run.attempt_directory(trial.id, 11)


def test_a_result_reads_back_as_it_was_written(run: Run) -> None:
    trial = run.plan.trials[0]
    writer = run.begin(trial)
    result = passed(
        trial,
        started=writer.started,
        phases={"setup": 1.5},
        checks=[CheckResult(name="tests", passed=False, exit_code=1, message="1 failed ✗", log="checks/tests.log")],
        metrics={"coverage": Metric(value=81.5, unit="%", better="higher")},
        changes=Changes(
            base="a" * 40,
            commit="b" * 40,
            ref="refs/x",
            mirror="/m",
            files=(FileChange(path="naïve.py", status="added", lines_added=3),),
        ),
    )
    writer.finish(result)
    assert run.result(trial.id) == result
    assert run.results() == [result]
    assert sorted(entry.name for entry in writer.directory.iterdir()) == ["events.jsonl", "result.json"]


def test_the_last_finished_attempt_counts(run: Run) -> None:
    trial = run.plan.trials[0]
    run.begin(trial).finish(passed(trial, message="first"))
    run.begin(trial).finish(passed(trial, 2, message="second"))
    run.begin(trial)
    found = run.result(trial.id)
    assert found is not None
    assert (found.attempt, found.message) == (2, "second")


def test_a_trial_that_never_ran_has_no_result(run: Run) -> None:
    assert run.result("v1") is None
    assert run.results() == []
    assert run.events("v1", 1) == []


def test_a_file_name_that_is_not_utf8_does_not_cost_the_result(run: Run) -> None:
    trial = run.plan.trials[0]
    changes = Changes(base="a", commit="b", ref="r", mirror="m", files=(FileChange(path="a\udc80b", status="added"),))
    run.begin(trial).finish(passed(trial, changes=changes))
    found = run.result(trial.id)
    assert found is not None
    assert found.changes is not None
    assert found.changes.paths("added") == ("a?b",)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_not_finite_is_missing_and_the_journal_says_so(run: Run, value: float) -> None:
    trial = run.plan.trials[0]
    writer = run.begin(trial)
    writer.finish(passed(trial, metrics={"bad": Metric(value=value), "good": Metric(value=1)}))
    found = run.result(trial.id)
    assert found is not None
    assert list(found.metrics) == ["good"]
    event, _ = run.events(trial.id, 1)
    assert "metric `bad` is missing" in event.data["text"]


@pytest.mark.parametrize("content", [b"", b"{", b"null", b'{"format": 1}', b"\xff\xfe", b'{"format": 2, "new": 1}'])
def test_a_result_that_cannot_be_read_hides_no_other(run: Run, content: bytes) -> None:
    bad, good = run.plan.trials
    for trial in (bad, good):
        run.begin(trial).finish(passed(trial))
    file = run.attempt_directory(bad.id, 1) / "result.json"
    file.write_bytes(content)
    notices: list[str] = []
    assert [result.trial.id for result in run.results(notices.append)] == [good.id]
    assert len(notices) == 1
    assert str(file) in notices[0]
    assert "delete" in notices[0] or "use the version that wrote it" in notices[0]
    assert run.result(bad.id) is None


def test_an_older_result_does_not_stand_in_for_a_damaged_one(run: Run) -> None:
    trial = run.plan.trials[0]
    run.begin(trial).finish(passed(trial))
    run.begin(trial).finish(passed(trial, 2))
    (run.attempt_directory(trial.id, 2) / "result.json").write_text("{")
    assert run.result(trial.id) is None


def test_results_come_in_the_order_of_the_plan(make_plan: Callable[..., Plan]) -> None:
    run = Run.create(make_plan(trials=12))
    for trial in reversed(run.plan.trials):
        run.begin(trial).finish(passed(trial))
    assert [result.trial.id for result in run.results()] == [trial.id for trial in run.plan.trials]


def test_recorded_metrics_are_merged_from_every_test(run: Run) -> None:
    trial = run.plan.trials[0]
    run.begin(trial).finish(passed(trial, metrics={"duration_s": Metric(value=2)}))
    run.record(trial.id, 1, "words", Metric(value=10, unit="w"), "tests/test_a.py::test_words[v1]")
    run.record(trial.id, 1, "lines", Metric(value=3), "tests/test_a.py::test_words[v1]")
    run.record(trial.id, 1, "score", Metric(value=0.5, better="higher"), "tests/test_b.py::test_score[v1]")
    run.record(trial.id, 1, "words", Metric(value=11, unit="w"), "tests/test_a.py::test_words[v1]")
    found = run.result(trial.id)
    assert found is not None
    assert found.metrics == {
        "duration_s": Metric(value=2),
        "words": Metric(value=11, unit="w"),
        "lines": Metric(value=3),
        "score": Metric(value=0.5, better="higher"),
    }
    assert len(list((run.attempt_directory(trial.id, 1) / "recorded").iterdir())) == 2


def test_tests_with_like_names_record_into_files_of_their_own(run: Run) -> None:
    trial = run.plan.trials[0]
    run.begin(trial).finish(passed(trial))
    run.record(trial.id, 1, "one", Metric(value=1), "t.py::test[a/b]")
    run.record(trial.id, 1, "two", Metric(value=2), "t.py::test[a-b]")
    run.record(trial.id, 1, "three", Metric(value=3), "t.py::test[" + "x" * 500 + "]")
    found = run.result(trial.id)
    assert found is not None
    assert sorted(found.metrics) == ["one", "three", "two"]


def test_a_recorded_metric_cannot_replace_a_graded_one(run: Run) -> None:
    trial = run.plan.trials[0]
    run.begin(trial).finish(passed(trial, metrics={"coverage": Metric(value=2)}))
    with pytest.raises(StoreError, match="the grading measures `coverage` already"):
        run.record(trial.id, 1, "coverage", Metric(value=99), "t.py::test")


def test_recording_needs_a_number_and_a_result(run: Run) -> None:
    trial = run.plan.trials[0]
    run.begin(trial)
    with pytest.raises(StoreError, match="has no result yet"):
        run.record(trial.id, 1, "words", Metric(value=1), "t.py::test")
    with pytest.raises(StoreError, match="not a finite number"):
        run.record(trial.id, 1, "words", Metric(value=math.nan), "t.py::test")


def test_damaged_records_cost_only_themselves(run: Run) -> None:
    trial = run.plan.trials[0]
    run.begin(trial).finish(passed(trial))
    run.record(trial.id, 1, "words", Metric(value=1), "t.py::test")
    (run.attempt_directory(trial.id, 1) / "recorded" / "bad.json").write_text("{")
    notices: list[str] = []
    found = run.result(trial.id, notices.append)
    assert found is not None
    assert list(found.metrics) == ["words"]
    assert "bad.json is damaged" in notices[0]


def test_phases_are_journalled_and_timed(run: Run) -> None:
    heard: list[Event] = []
    writer = run.begin(run.plan.trials[0], listen=heard.append)
    with writer.phase("prepare"):
        writer.emit("note", text="hello\nworld ✓", number=1)
    with pytest.raises(KeyError), writer.phase("execute"):
        raise KeyError("the variant's doing")
    assert list(writer.phases) == ["prepare", "execute"]
    events = run.events("v1", 1)
    assert [(event.name, event.data.get("phase")) for event in events] == [
        ("phase", "prepare"),
        ("note", None),
        ("phase-end", "prepare"),
        ("phase", "execute"),
        ("phase-end", "execute"),
    ]
    assert events[1].data == {"text": "hello\nworld ✓", "number": 1}
    assert events == heard
    lines = (writer.directory / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["name"] for line in lines] == [event.name for event in events]


def test_a_torn_last_line_is_left_out(run: Run) -> None:
    writer = run.begin(run.plan.trials[0])
    writer.emit("note", text="whole")
    with (writer.directory / "events.jsonl").open("a") as file:
        file.write('{"time": "2026-11-20T18:42:10", "name": "no')
    assert [event.data["text"] for event in run.events("v1", 1)] == ["whole"]


def test_a_reopened_attempt_goes_on_where_its_writer_died(run: Run) -> None:
    trial = run.plan.trials[0]
    assert run.unfinished(trial.id) is None
    dead = run.begin(trial)
    dead.emit("note", text="before")
    with (dead.directory / "events.jsonl").open("a") as file:
        file.write('{"time": "2026-11-20T18:4')
    assert run.unfinished(trial.id) == 1
    writer = run.reopen(trial, 1)
    writer.emit("note", text="after")
    writer.finish(passed(trial))
    assert run.unfinished(trial.id) is None
    assert run.attempts(trial.id) == [1]
    notes = [event.data["text"] for event in run.events(trial.id, 1) if event.name == "note"]
    assert notes == ["before", "after"]


def test_secrets_are_hidden_in_events_and_messages(run: Run) -> None:
    trial = run.plan.trials[0]
    writer = run.begin(trial, secrets=["hunter2hunter2", "hunter2", "1"])
    writer.emit("note", text="key hunter2hunter2!", nested={"list": ["hunter2", 1]})
    check = CheckResult(name="tests", passed=False, message="saw hunter2 in 1 place")
    writer.finish(passed(trial, message="hunter2", contaminated=["config has hunter2"], checks=[check]))
    stored = "".join(file.read_text() for file in writer.directory.iterdir())
    assert "hunter2" not in stored
    assert run.events("v1", 1)[0].data == {"text": "key ***!", "nested": {"list": ["***", 1]}}
    found = run.result(trial.id)
    assert found is not None
    assert found.checks[0].message == "saw *** in 1 place"


def test_redaction_hides_longest_first_and_leaves_short_values() -> None:
    assert redact("token abcd1234 and abcd, yes 1", ["abcd", "abcd1234", "1", ""]) == "token *** and ***, yes 1"


def test_durations_come_from_the_newest_runs(make_plan: Callable[..., Plan], tmp_path: Path) -> None:
    old = Run.create(make_plan("20261120-000000-aaaa"))
    new = Run.create(make_plan("20261121-000000-bbbb", trials=3))
    one, two, three = new.plan.trials
    old.begin(one).finish(passed(one, phases={"execute": 9}))
    old.begin(two).finish(passed(two, phases={"execute": 7}))
    new.begin(one).finish(passed(one, phases={"setup": 1, "execute": 2}))
    new.begin(two).finish(Result(trial=two, attempt=1, cause=Cause.INTERRUPTED, phases={"execute": 0.1}))
    new.begin(three)
    assert durations(tmp_path / "runs", "limiter") == {"v1": 3, "v2": 7}
    assert durations(tmp_path / "runs", "unknown") == {}


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from pytest_parex.model import Result
from pytest_parex.store import Run
run = Run.open(Path(sys.argv[1]))
trial = run.plan.trials[0]
while True:
    writer = run.begin(trial)
    for number in range(20):
        writer.emit("note", text="x" * 200)
    writer.finish(Result(trial=trial, attempt=writer.number, cause="passed", message="m" * 5000))
    print(writer.number, flush=True)
"""


def test_what_was_finished_before_a_kill_is_whole(run: Run, start: Callable[..., subprocess.Popen[str]]) -> None:
    child = start(WRITE_UNTIL_KILLED, run.directory)
    assert child.stdout is not None
    reported = [int(child.stdout.readline()) for _ in range(10)]
    child.kill()
    child.wait()
    notices: list[str] = []
    found = run.result("v1", notices.append)
    assert found is not None
    assert found.attempt >= reported[-1]
    assert notices == []
    for attempt in run.attempts("v1"):
        file = run.attempt_directory("v1", attempt) / "result.json"
        if attempt in reported:
            assert Result.model_validate_json(file.read_text()).message == "m" * 5000
        notes = [event for event in run.events("v1", attempt) if event.name == "note"]
        assert all(event.data == {"text": "x" * 200} for event in notes)
        assert len(notes) == 20 or attempt not in reported


FILL_THE_DISK = """
import json, sys
from pathlib import Path
from pytest_parex.errors import StoreError
from pytest_parex.model import Plan, Result
from pytest_parex.store import Run
plan = Plan.model_validate_json(sys.argv[1])
run = Run.create(plan)
trial = plan.trials[0]
writer = run.begin(trial)
writer.emit("note", text="before")
filler = run.directory / "filler"
with filler.open("wb", buffering=0) as stream:
    try:
        for size in (65536, 4096, 512, 1):
            try:
                while stream.write(b"x" * size):
                    pass
            except OSError:
                pass
    finally:
        pass
for number in range(100):
    writer.emit("note", text="y" * 100)
outcome = {}
try:
    run.write("comparison.json", "z" * 100_000)
except StoreError as error:
    outcome["write"] = str(error)
outcome["left"] = sorted(entry.name for entry in run.directory.iterdir())
with writer.phase("store"):
    writer.finish(Result(trial=trial, attempt=1, cause="passed", message="kept"))
try:
    writer.finish(Result(trial=trial, attempt=1, cause="passed", message="m" * 500_000))
except StoreError as error:
    outcome["finish"] = str(error)
outcome["stored"] = run.result(trial.id).message
outcome["files"] = sorted(entry.name for entry in writer.directory.iterdir())
filler.unlink()
writer.emit("note", text="after")
outcome["notes"] = [event.data["text"] for event in run.events(trial.id, 1) if event.name == "note"]
print(json.dumps(outcome))
"""


def test_a_full_disk_costs_neither_a_result_nor_leaves_half_a_file(
    make_plan: Callable[..., Plan], start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    disk = tmp_path / "runs"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=2m none '{disk}' && exec \"$@\""
    prefix = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    child = start(FILL_THE_DISK, make_plan().model_dump_json(), prefix=prefix)
    output, _ = child.communicate()
    outcome = json.loads(output)
    assert "the disk is full" in outcome["write"]
    assert outcome["left"] == ["filler", "plan.json", "trials"]
    assert "the disk is full" in outcome["finish"]
    assert outcome["stored"] == "kept"
    assert outcome["files"] == ["events.jsonl", "result.json"]
    assert outcome["notes"][0] == "before"
    assert outcome["notes"][-1] == "after"
    assert any("events before this one are missing: the disk was full" in note for note in outcome["notes"])
