"""The pull scheduler, with workers that take items from their queue exactly as those of pytest-xdist do."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_parex.model import Experiment, Trial
from pytest_parex.plugin.session import Loaded, Session
from pytest_parex.plugin.xdist import PullScheduling

ROOT = Path("/project")


class Worker:
    """What the scheduler sees of a worker, and the worker's own loop.

    A worker takes the next index from its queue *before* it runs the current item, so it runs nothing while it does not
    know what comes next.
    """

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.torun: deque[int | None] = deque()
        self.current: int | None = None
        self.held = False
        self.ended = False

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        assert not self.shutting_down
        self.torun.extend(indices)

    def shutdown(self) -> None:
        self.shutting_down = True
        self.torun.append(None)

    def begin(self) -> int | None:
        """Take the next item if it can be run now; returns its index."""
        if not self.held:
            if not self.torun:
                return None
            self.current, self.held = self.torun.popleft(), True
            if self.current is None:
                self.ended = True
                return None
        return self.current if self.torun and self.current is not None else None

    def complete(self) -> None:
        self.current = self.torun.popleft()
        if self.current is None:
            self.ended = True


class Field:
    """A controller with its workers, on a clock of its own."""

    def __init__(
        self,
        *experiments: dict[str, float | None],
        tests: int = 0,
        last: int = 0,
        workers: int = 2,
        max_parallel: int | None = None,
    ) -> None:
        loaded = []
        self.ids: list[str] = []
        self.cost: dict[str, float] = {}
        for number, durations in enumerate(experiments):
            name = f"e{number}"
            experiment = Experiment.model_validate(
                {"experiment": name, "variants": {trial: {} for trial in durations}, "max_parallel": max_parallel}
            )
            trials = tuple(Trial(id=trial, variant=trial, expected_s=expected) for trial, expected in durations.items())
            loaded.append(Loaded(ROOT / f"{name}.yaml", experiment, trials))
            for trial, expected in durations.items():
                nodeid = f"{name}.yaml::{name}[{trial}]"
                self.ids.append(nodeid)
                self.cost[nodeid] = 1.0 if expected is None else expected
        self.trials = set(self.ids)
        for number in range(tests):
            self.ids.append(f"test_it.py::test_it[{number}]")
            self.cost[self.ids[-1]] = 0.01
        self.last = [f"test_it.py::test_whole[{number}-e0]" for number in range(last)]
        self.ids[:0] = self.last  # wherever they are collected
        self.cost.update(dict.fromkeys(self.last, 0.01))
        self.turnstile = len(self.ids)
        config: Any = SimpleNamespace(rootpath=ROOT)
        self.scheduling = PullScheduling(config, max(workers, 1), Session(loaded))
        self.workers: list[Worker] = []
        self.log: list[tuple[float, str, str, str]] = []
        self.time = 0.0
        self.most_at_once = 0
        self._running: dict[str, tuple[Worker, str]] = {}
        self._ends: list[tuple[float, str]] = []
        for _ in range(workers):
            self.add_worker()

    def add_worker(self) -> Worker:
        worker: Any = Worker(f"gw{len(self.workers)}")
        self.workers.append(worker)
        self.scheduling.add_node(worker)
        self.scheduling.add_node_collection(worker, self.ids)
        self.scheduling.schedule()
        return worker

    def settle(self) -> None:
        """Let every worker pass turnstiles and begin what it can begin."""
        moved = True
        while moved:
            moved = False
            for worker in self.workers:
                name = worker.gateway.id
                if worker.ended or name in self._running:
                    continue
                index = worker.begin()
                if index == self.turnstile:
                    worker.complete()
                    self.scheduling.mark_test_complete(worker, index, 0)
                    moved = True
                elif index is not None:
                    nodeid = self.ids[index]
                    self._running[name] = (worker, nodeid)
                    heapq.heappush(self._ends, (self.time + self.cost[nodeid], name))
                    self.log.append((self.time, "begin", name, nodeid))
        self.most_at_once = max(self.most_at_once, len(self.trials & set(self.running.values())))

    @property
    def running(self) -> dict[str, str]:
        return {name: nodeid for name, (_, nodeid) in self._running.items()}

    def step(self) -> bool:
        """On to the next item that ends; False if nothing is running."""
        self.settle()
        while self._ends:
            time, name = heapq.heappop(self._ends)
            if name not in self._running:
                continue
            self.time = time
            worker, nodeid = self._running.pop(name)
            index = worker.current
            worker.complete()
            self.log.append((time, "end", name, nodeid))
            self.scheduling.mark_test_complete(worker, index, self.cost[nodeid])
            self.settle()
            return True
        return False

    def crash(self, name: str) -> str | None:
        """The worker dies; returns what it was running, and starts no replacement."""
        worker = next(each for each in self.workers if each.gateway.id == name)
        self._running.pop(name, None)
        worker.ended = True
        crashed = self.scheduling.remove_node(worker)
        self.settle()
        return crashed

    def finish(self) -> None:
        """Run to the end, as pytest-xdist does: all workers are shut down when nothing is pending."""
        while self.step():
            pass
        assert self.scheduling.tests_finished
        for worker in self.workers:
            if not worker.ended and not worker.shutting_down:
                worker.shutdown()
        self.settle()
        assert all(worker.ended for worker in self.workers), "a worker waits for ever"

    def begun(self) -> list[str]:
        return [nodeid for _, what, _, nodeid in self.log if what == "begin"]


def trial(name: str, experiment: int = 0) -> str:
    return f"e{experiment}.yaml::e{experiment}[{name}]"


def test_longest_first_and_unknown_durations_before_all() -> None:
    field = Field({"short": 1, "long": 9, "new": None, "middle": 5}, workers=1)

    field.finish()

    assert field.begun() == [trial("new"), trial("long"), trial("middle"), trial("short")]


def test_longest_first_over_all_experiments() -> None:
    field = Field({"a": 2, "b": 8}, {"a": 9, "b": 1}, workers=1)

    field.finish()

    assert field.begun() == [trial("a", 1), trial("b"), trial("a"), trial("b", 1)]


def test_a_worker_holds_no_trial_behind_the_one_that_it_runs() -> None:
    field = Field({"a": 100, "b": 10, "c": 10, "d": 10}, workers=2)

    field.finish()

    assert {name for _, _, name, nodeid in field.log if nodeid != trial("a")} == {"gw1"}
    assert field.time == 100


def test_a_worker_starts_as_soon_as_it_has_collected() -> None:
    field = Field({"a": 1, "b": 1}, workers=0)
    worker = field.add_worker()

    field.settle()

    assert field.running == {worker.gateway.id: trial("a")}


def test_max_parallel_is_obeyed_and_tests_do_not_wait_for_it() -> None:
    field = Field(dict.fromkeys("abcdef", 4), tests=3, workers=4, max_parallel=2)

    field.finish()

    assert field.most_at_once == 2
    tests = [time for time, what, _, nodeid in field.log if what == "begin" and nodeid not in field.trials]
    assert max(tests) < 4, "idle workers take tests"
    assert field.time == 12


def test_max_parallel_is_each_experiments_own() -> None:
    field = Field({"a": 4, "b": 4}, {"a": 4, "b": 4}, workers=4, max_parallel=1)

    field.finish()

    assert field.most_at_once == 2
    assert field.time == 8


def test_tests_come_after_the_trials_in_batches_that_leave_some_for_everybody() -> None:
    field = Field({"a": 1, "b": 1}, tests=40, workers=2)

    field.finish()

    begun = field.begun()
    assert begun[:2] == [trial("a"), trial("b")]
    assert len(begun) == len(set(begun)) == 42
    by_worker = {
        name: sum(each == name for _, what, each, _ in field.log if what == "begin") for name in ("gw0", "gw1")
    }
    assert min(by_worker.values()) >= 15


def test_gates_and_tests_of_comparisons_come_when_everything_else_is_done() -> None:
    field = Field({"a": 1, "b": 30}, tests=5, last=3, workers=3)

    field.finish()

    assert sorted(field.begun()[-3:]) == field.last
    before = [time for time, what, _, nodeid in field.log if what == "end" and nodeid not in field.last]
    assert min(time for time, what, _, nodeid in field.log if what == "begin" and nodeid in field.last) >= max(before)


def test_a_worker_for_which_nothing_is_left_is_shut_down_while_others_work() -> None:
    field = Field({"a": 10, "b": 1}, workers=3)

    field.settle()
    assert [worker.shutting_down for worker in field.workers] == [False, False, True]
    field.step()

    assert [worker.shutting_down for worker in field.workers] == [False, True, True]
    field.finish()


def test_a_worker_is_kept_for_trials_that_wait_for_max_parallel() -> None:
    field = Field({"a": 1, "b": 1}, workers=2, max_parallel=1)

    field.settle()
    assert [worker.shutting_down for worker in field.workers] == [False, False]

    field.finish()
    assert sorted(field.begun()) == [trial("a"), trial("b")]


def test_a_crash_costs_the_running_item_and_gives_its_place_free() -> None:
    field = Field({"a": 5, "b": 5, "c": 5}, workers=2, max_parallel=1)
    field.settle()

    assert field.crash("gw0") == trial("a")

    assert field.running == {"gw1": trial("b")}
    field.add_worker()
    field.finish()
    assert field.begun() == [trial("a"), trial("b"), trial("c")]


def test_a_crash_in_a_batch_gives_the_rest_to_others_in_order() -> None:
    field = Field(tests=8, workers=1)
    field.settle()

    crashed = field.crash("gw0")
    assert crashed == "test_it.py::test_it[0]"
    assert field.scheduling.has_pending
    field.add_worker()
    field.finish()

    assert field.begun() == [f"test_it.py::test_it[{number}]" for number in range(8)]


def test_a_crash_of_a_worker_without_work_costs_nothing() -> None:
    field = Field({"a": 1}, workers=2)
    field.settle()

    assert field.crash("gw1") is None
    field.finish()


def test_a_worker_that_dies_before_it_has_collected_costs_nothing() -> None:
    field = Field({"a": 1}, workers=0)
    worker: Any = Worker("early")
    field.scheduling.add_node(worker)

    assert field.scheduling.remove_node(worker) is None
    with pytest.raises(KeyError):
        field.scheduling.remove_node(worker)
    field.add_worker()
    field.finish()
    assert field.begun() == [trial("a")]


def test_an_item_can_be_run_again() -> None:
    field = Field({"a": 1}, tests=1, workers=2)
    field.settle()
    field.crash("gw0")

    field.scheduling.mark_test_pending(trial("a"))
    field.finish()

    assert field.begun().count(trial("a")) == 2


def test_nothing_selected_ends_at_once() -> None:
    field = Field(workers=2)

    assert field.scheduling.tests_finished
    assert not field.scheduling.has_pending
    field.finish()


def test_workers_that_collected_differently_are_told_apart() -> None:
    field = Field({"a": 1, "b": 1}, workers=1)
    other: Any = Worker("other")
    field.scheduling.add_node(other)

    with pytest.raises(pytest.UsageError, match="worker other collected other tests"):
        field.scheduling.add_node_collection(other, list(reversed(field.ids)))


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_crashes_everything_else_is_run_once_and_nobody_idles(data: st.DataObject) -> None:
    duration = st.one_of(st.none(), st.integers(1, 50).map(float))
    names = [f"t{number}" for number in range(data.draw(st.integers(0, 9)))]
    limit = data.draw(st.one_of(st.none(), st.integers(1, 4)))
    field = Field(
        {name: data.draw(duration) for name in names} or {"only": 1.0},
        tests=data.draw(st.integers(0, 12)),
        last=data.draw(st.integers(0, 4)),
        workers=data.draw(st.integers(1, 5)),
        max_parallel=limit,
    )
    crashed = []
    field.settle()
    for _ in range(data.draw(st.integers(0, 3))):
        for _ in range(data.draw(st.integers(0, 4))):
            field.step()
        if not field.running:
            break
        crashed.append(field.crash(data.draw(st.sampled_from(sorted(field.running)))))
        field.add_worker()
    field.finish()

    assert sorted(field.begun()) == sorted(field.ids), "each once, crashed or not"
    assert len([one for one in field.log if one[1] == "end"]) == len(field.ids) - len(crashed)
    assert field.most_at_once <= (limit or len(field.workers))
