"""Events while trials run: from the process that executes a trial to the controller, its hook and its terminal.

A worker's stdout is not the user's, so an event travels as a report of its own kind, which no reporter counts. The
journal in the run directory holds the same events; these are for people who watch.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Generator
from dataclasses import asdict
from typing import Any

import pytest

from pytest_parex.model import Event
from pytest_parex.plugin.session import Session, is_worker

REPORT_TYPE = "ParexEvent"
STILL_RUNNING_EVERY_S = 30.0
SHOWN_FROM_S = 1.0
"""Phases that took at least this long are said with `-v`; with `-vv`, all of them."""


class EventReport(pytest.TestReport):
    """An event in the clothes of a report, which pytest-xdist carries to the controller at once."""

    def __init__(self, nodeid: str, location: tuple[str, int | None, str], event: Event, pid: int) -> None:
        when: Any = "parex"  # a phase of its own, which reporters pass over
        super().__init__(nodeid, location, {}, "passed", None, when)
        self.event = event
        self.pid = pid
        """The process that executes the trial."""


class Live:
    """Carries events, and prints lines: phases with `-v`, else what is still running after a while."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self.config = config
        self.running: dict[str, Event] = {}
        self.phases: dict[str, str] = {}
        self.spent: dict[str, Event] = {}
        self.printed = time.monotonic()
        self.shortest = {0: math.inf, 1: SHOWN_FROM_S}.get(config.get_verbosity(), 0.0)
        self.faults: Counter[str] = Counter()
        session.listen = self._send if is_worker(config) else self._receive

    def _send(self, item: pytest.Item, event: Event) -> None:
        item.ihook.pytest_runtest_logreport(report=EventReport(item.nodeid, item.location, event, os.getpid()))

    def _receive(self, item: pytest.Item, event: Event) -> None:
        self._tell(event)

    def pytest_report_to_serializable(self, report: Any) -> dict[str, Any] | None:
        """On its way out of a worker."""
        if not isinstance(report, EventReport):
            return None
        return {
            "$report_type": REPORT_TYPE,
            "nodeid": report.nodeid,
            "location": report.location,
            "event": asdict(report.event),
            "pid": report.pid,
        }

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_from_serializable(self, data: dict[str, Any]) -> EventReport | None:
        """Arrived in the controller."""
        if data.get("$report_type") != REPORT_TYPE:
            return None
        return EventReport(data["nodeid"], tuple(data["location"]), Event(**data["event"]), data["pid"])

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """An event is no test: no letter, no word, no count."""
        return ("", "", "") if isinstance(report, EventReport) else None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(self, report: Any) -> Generator[None]:
        """In the controller: tell the hook and the terminal."""
        yield
        if isinstance(report, EventReport) and not is_worker(self.config):
            self._forget(report)
            self._tell(report.event)

    def _forget(self, report: EventReport) -> None:
        """Take the event from what the terminal keeps for `--durations`; a long run has very many."""
        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        kept = terminal.stats.get("", []) if terminal else []
        if kept and kept[-1] is report:
            kept.pop()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say which listeners failed."""
        for fault, times in self.faults.items():
            terminalreporter.write_line(f"parex: {fault}{f' ({times} times)' if times > 1 else ''}", yellow=True)

    def _tell(self, event: Event) -> None:
        try:
            self.config.hook.pytest_parex_event(event=event)
        except Exception as error:  # whoever watches must not disturb a trial, not even with `-W error`
            self.faults[f"pytest_parex_event raised {type(error).__name__}: {error}"] += 1
        if self.config.get_verbosity() < 0:
            return
        if event.name == "phase":
            self.phases[event.trial] = event.data["phase"]
        elif event.name == "phase-end" and event.data["duration_s"] >= self.shortest:
            self._print(f"{event.trial}: {event.data['phase']} {event.data['duration_s']:.1f} s")
        elif event.name == "cost":
            self.spent[event.trial] = event
        elif event.name == "progress" and self.shortest < math.inf:
            self._print(f"{event.trial}: {event.data['done']}")
        elif event.name == "cooling-down":
            self._print(f"{event.trial}: the provider needs a rest; on in {event.data['until_s']:.0f} s")
        elif event.name == "finished":
            self.phases.pop(event.trial, None)
            self.running.pop(event.trial, None)
            self.spent.pop(event.trial, None)
        elif event.name == "waiting":
            self.running[event.trial] = event
            if time.monotonic() - self.printed > STILL_RUNNING_EVERY_S:
                self._print(f"still running: {', '.join(map(self._state, self.running.values()))}")

    def _state(self, event: Event) -> str:
        phase = self.phases.get(event.trial, "")
        agent = self.spent.get(event.trial)
        spent = f", turn {agent.data['turns']}, ${agent.data['usd']:.2f}" if agent else ""
        return f"{event.trial} ({phase} {event.data['elapsed_s']:.0f} s, idle {event.data['idle_s']:.0f} s{spent})"

    def _print(self, text: str) -> None:
        self.printed = time.monotonic()
        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        capture = self.config.pluginmanager.getplugin("capturemanager")
        if terminal is None:
            return
        if capture is None:
            terminal.ensure_newline()
            terminal.write_line(f"parex: {text}")
        else:
            with capture.global_and_fixture_disabled():
                terminal.ensure_newline()
                terminal.write_line(f"parex: {text}")
