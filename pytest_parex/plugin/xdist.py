"""pytest-xdist: the plan goes to the workers, and workers pull one trial at a time.

xdist's own modes keep one item reserved behind the running one, because a worker must know the next item before it
runs the current one. With trials that last minutes, the reserved one waits while other workers idle. Here every trial
is sent together with the *turnstile*, an item that does nothing: the worker runs the trial with the turnstile as its
next item, then takes the turnstile and waits in it, holding nothing real, until the controller decides what is next.

The controller sees neither the turnstile's collection (it is appended after the ids were reported) nor its reports.
Only public hooks and the `Scheduling` protocol of pytest-xdist are used. Other `--dist` modes work too, at their pace.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import Scheduling
from xdist.workermanage import WorkerController, parse_tx_spec_config

from pytest_parex.plugin import ASKED_DIST
from pytest_parex.plugin.live import EventReport
from pytest_parex.plugin.session import Session, Terminated, is_worker, workerinput


def register(config: pytest.Config, session: Session, rehearsals: Mapping[str, str]) -> None:
    """Register the side that this process is on; workers are told of the rehearsals too."""
    if not is_worker(config):
        if config.getvalue("dist") == "each":
            session.copies = len(parse_tx_spec_config(config))
        config.pluginmanager.register(PullController(config, session, rehearsals), "parex-xdist")
    elif workerinput(config)["parex_pull"]:
        config.pluginmanager.register(PullingWorker(), "parex-xdist")


class Turnstile(pytest.Item):
    """Lets a worker wait without holding a real item; it is never run and never reported."""

    def runtest(self) -> None:
        """Not reached: `PullingWorker` answers for it."""


class PullingWorker:
    """The worker's side: one turnstile behind all items."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """The ids have been reported; now the turnstile can be appended without anybody counting it."""
        session.items.append(Turnstile.from_parent(session, name="parex-turnstile"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Pass through the turnstile without a report."""
        return True if isinstance(item, Turnstile) else None


class PullController:
    """The controller's side: sends the plans, makes the scheduler."""

    def __init__(self, config: pytest.Config, session: Session, rehearsals: Mapping[str, str]) -> None:
        self.session = session
        self.rehearsals = rehearsals
        self.executing: dict[WorkerController, int] = {}
        self.pull = config.stash.get(ASKED_DIST, "no") == "no"

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: WorkerController) -> None:
        """Send the frozen plans to every worker, also to replacements of crashed ones."""
        runs = [
            {
                "spec": str(loaded.spec),
                "plan": loaded.run.plan.model_dump_json(),
                "directory": str(loaded.run.directory),
                "begun_before": loaded.begun_before,
                "left_out": None if loaded.left_out is None else sorted(loaded.left_out),
            }
            for loaded in self.session.loaded
            if loaded.run
        ]
        node.workerinput["parex"] = json.dumps(runs)
        node.workerinput["parex_pull"] = self.pull
        node.workerinput["parex_rehearsals"] = dict(self.rehearsals)
        baseline = self.session.baseline
        node.workerinput["parex_baseline"] = baseline.model_dump_json() if baseline else None

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Know the process of every worker that executes trials."""
        if isinstance(report, EventReport):
            self.executing[report.node] = report.pid

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: WorkerController) -> None:
        """Forget it."""
        self.executing.pop(node, None)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Let workers stop at once after a SIGTERM; Ctrl-C reaches them too, but this only the controller.

        Left alone, they would notice seconds later that it is gone, and have that much less time to capture.
        """
        if not isinstance(excinfo.value, Terminated):
            return
        for node, pid in self.executing.items():
            if node.gateway.spec.popen:  # on this machine
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config) -> Scheduling | None:
        """The pull scheduler, unless the user asked for a mode of xdist's."""
        if not self.pull:
            return None
        return PullScheduling(config, len(parse_tx_spec_config(config)), self.session)


@dataclass
class Lane:
    """The trials of one experiment that wait, longest first, and how many of them may be under way."""

    limit: int | None
    waiting: deque[tuple[float, int]] = field(default_factory=deque)
    """Expected duration in seconds, and index."""
    under_way: set[int] = field(default_factory=set)

    def open(self) -> bool:
        """Whether a trial of this lane may start now."""
        return bool(self.waiting) and (self.limit is None or len(self.under_way) < self.limit)


class PullScheduling:
    """Gives a worker one trial at a time, longest first within `max_parallel`; then the tests, in small batches.

    Gates and tests of comparisons go to one worker when everything else is done: they need all results, and what tests
    have recorded.

    A worker gets work as soon as it has collected; it does not wait for the others. Indexes are those of the
    collection, which is the same in every worker; the turnstile's index is one past its end.
    """

    def __init__(self, config: pytest.Config, workers: int, session: Session) -> None:
        self.config = config  # as xdist's own schedulers have it: plugins look for it there
        self.workers = workers
        self.session = session
        self.collection: list[str] | None = None
        self.ready: set[WorkerController] = set()
        self.held: dict[WorkerController, list[int]] = {}
        self.lanes: list[Lane] = []
        self.tests: deque[int] = deque()
        self.last: deque[int] = deque()

    @property
    def nodes(self) -> list[WorkerController]:
        """The workers that are alive."""
        return list(self.held)

    @property
    def collection_is_completed(self) -> bool:
        """True from the first collection on: the plan is frozen, so nobody needs to wait for the other workers."""
        return self.collection is not None

    @property
    def has_pending(self) -> bool:
        """Whether anything real is waiting or under way."""
        waiting = bool(self.tests or self.last) or any(lane.waiting for lane in self.lanes)
        return waiting or any(self.held.values())

    @property
    def tests_finished(self) -> bool:
        """Whether everything real has been done."""
        return self.collection is not None and not self.has_pending

    def add_node(self, node: WorkerController) -> None:
        """A worker has started."""
        self.held[node] = []

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """A worker has collected; the first one to do so fills the lanes."""
        if self.collection is None:
            self.collection = list(collection)
            self._fill()
        elif self.collection != list(collection):
            raise pytest.UsageError(
                f"worker {node.gateway.id} collected other tests than the first worker; collection must not depend "
                "on the process, on time or on randomness"
            )
        self.ready.add(node)

    def schedule(self) -> None:
        """Give work to every worker that has none."""
        for node in [node for node in self.held if node in self.ready and not self.held[node]]:
            self._feed(node)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """A worker has run an item; with it, the lane may be open for other workers too."""
        held = self.held.get(node)
        if held is None or item_index not in held:  # a turnstile: the worker was waiting and goes on now
            return
        held.remove(item_index)
        for lane in self.lanes:
            lane.under_way.discard(item_index)
        self.schedule()

    def mark_test_pending(self, item: str) -> None:
        """Run an item again (pytest-xdist calls this for plugins that ask for it after a crash)."""
        assert self.collection is not None
        self.tests.appendleft(self.collection.index(item))
        self.schedule()

    def remove_pending_tests_from_node(self, node: WorkerController, indices: Sequence[int]) -> None:
        """Never asked for: nothing is taken back from a worker."""

    def remove_node(self, node: WorkerController) -> str | None:
        """A worker is gone; returns the item that it was running, if any. The rest of its batch waits again."""
        held = self.held.pop(node)
        self.ready.discard(node)
        if not held:
            return None
        crashed, *rest = held
        self.tests.extendleft(reversed(rest))
        for lane in self.lanes:
            lane.under_way.discard(crashed)
        self.schedule()
        assert self.collection is not None
        return self.collection[crashed]

    def _fill(self) -> None:
        assert self.collection is not None
        lanes = {loaded.spec: Lane(loaded.experiment.max_parallel) for loaded in self.session.loaded}
        trials: list[tuple[float, int, Path]] = []
        for index, nodeid in enumerate(self.collection):
            if key := self.session.key_of(self.config.rootpath, nodeid):
                loaded, trial = self.session.trial(key)
                expected = math.inf if trial.expected_s is None else trial.expected_s
                trials.append((expected, index, loaded.spec))
            elif self.session.comes_last(self.config.rootpath, nodeid):
                self.last.append(index)
            else:
                self.tests.append(index)
        for expected, index, spec in sorted(trials, key=lambda one: -one[0]):
            lanes[spec].waiting.append((expected, index))
        self.lanes = list(lanes.values())

    def _feed(self, node: WorkerController) -> None:
        if node.shutting_down:
            return
        batch = self._next()
        if batch:
            assert self.collection is not None
            self.held[node] = batch
            turnstile = len(self.collection)
            node.send_runtest_some([*batch, turnstile])
        elif not any(lane.waiting for lane in self.lanes):
            node.shutdown()  # nothing is left that it could get: let its memory go while the others work

    def _next(self) -> list[int]:
        open_lanes = [lane for lane in self.lanes if lane.open()]
        if open_lanes:
            lane = max(open_lanes, key=lambda lane: lane.waiting[0][0])
            _, index = lane.waiting.popleft()
            lane.under_way.add(index)
            return [index]
        if not self.tests and not any(lane.waiting for lane in self.lanes) and not any(self.held.values()):
            last = list(self.last)
            self.last.clear()
            return last
        size = max(1, len(self.tests) // (2 * self.workers))
        return [self.tests.popleft() for _ in range(min(size, len(self.tests)))]
