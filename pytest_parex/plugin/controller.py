"""The controller's part of a session: header, workspaces let go, and the comparison at the end."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pytest_parex import report, trial, workspace
from pytest_parex.compare import compare, numbers
from pytest_parex.endings import Cause
from pytest_parex.errors import ParexError
from pytest_parex.model import Comparison, Plan, Result
from pytest_parex.plugin.collection import trial_of
from pytest_parex.plugin.session import Key, Loaded, Session, Terminated
from pytest_parex.store import Run


class Controller:
    """Registered in the process that the user started, when something is executed or read."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self.config = config
        self.session = session
        self.selected: set[Key] = set()
        self.done: Counter[Key] = Counter()
        self.let_go: set[Key] = set()
        self.compared: list[tuple[Loaded, Comparison]] = []
        self.notices: list[str] = []
        self.removals = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parex-removal")
        self.old_handler: Any = None

    def pytest_report_header(self) -> list[str]:
        """What is about to be run, from where, and where the results go."""
        lines = []
        for loaded in self.session.loaded:
            run = _run(loaded)
            bases = _bases(run.plan)
            lines.append(f"parex: {loaded.experiment.experiment}, {_count(loaded)}, {bases}")
            lines.append(f"parex: run {_shown(run.directory)}, workspaces {_shown(Path(run.plan.root))}")
            lines += [
                f"parex: note: {notice}" for notice in (*run.plan.notices, *loaded.notices) if notice not in bases
            ]
            if not loaded.experiment.failures_count:
                lines.append("parex: note: gates decide about the exit code; trials that fail are shown as xfailed")
        return lines

    def pytest_sessionstart(self) -> None:
        """A SIGTERM ends the session as Ctrl-C does, so that a partial report is written."""
        if threading.current_thread() is threading.main_thread():
            self.old_handler = signal.signal(signal.SIGTERM, _terminate)

    def pytest_unconfigure(self) -> None:
        """Give the signal back."""
        if self.old_handler is not None:
            signal.signal(signal.SIGTERM, self.old_handler)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without pytest-xdist: which trials were selected."""
        self.selected.update(key for item in session.items if (key := trial_of(item)))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """With pytest-xdist: the same, from the ids that a worker reports."""
        keys = (self.session.key_of(self.config.rootpath, nodeid) for nodeid in ids)
        self.selected.update(key for key in keys if key)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Let a workspace go when the last item that asked for it is done."""
        facts = getattr(report, "parex", None)
        if facts is None or report.when != "teardown":
            return
        key = (facts["experiment"], facts["trial"])
        self.done[key] += 1
        if self.done[key] == facts["asking"] * self.session.copies:
            self.let_go.add(key)
            self.removals.submit(self._let_go, key)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Compare and write the reports, also after an interrupt."""
        cause = Cause.INTERRUPTED if exitstatus == pytest.ExitCode.INTERRUPTED else Cause.CRASHED
        for loaded in self.session.loaded:
            if loaded.left_out is None:
                self._bury(_run(loaded), cause)
        for key in (self.selected | set(self.done)) - self.let_go:  # whoever else asked for it will not come any more
            self.removals.submit(self._let_go, key)
        self.removals.shutdown(wait=True)
        for loaded in self.session.loaded:
            run = _run(loaded)
            if loaded.left_out is not None or any(run.attempts(one.id) for one in loaded.trials):
                self.compared.append((loaded, self._compare(loaded, run)))
            else:
                run.discard()

    def _bury(self, run: Run, cause: Cause) -> None:
        """End the attempts whose process is dead."""
        for abandoned in (one for one in run.plan.trials if run.unfinished(one.id)):
            with run.claim_if_free(abandoned.id) as claimed:
                if not claimed:  # another session that fills this run is executing it
                    continue
                try:
                    trial.bury(run, abandoned, cause)
                except ParexError as fault:
                    self.notices.append(f"{abandoned.id} has no result: {fault}")

    def _compare(self, loaded: Loaded, run: Run) -> Comparison:
        results = run.results(self.notices.append)
        not_selected = loaded.left_out
        if not_selected is None:
            name = loaded.experiment.experiment
            not_selected = {one.id for one in loaded.trials if (name, one.id) not in self.selected}
        comparison = compare(run.plan, results, not_selected)
        files = [run.directory / f"comparison{suffix}" for suffix in (".json", ".md", ".html")]
        files += [Path(self.config.invocation_params.dir / given) for given in self.config.getoption("parex_out")]
        sections = self._sections(comparison, results)
        for file in files:
            try:
                self.config.hook.pytest_parex_report(
                    plan=run.plan, comparison=comparison, results=results, sections=sections, file=file
                )
            except ParexError as fault:
                self.notices.append(f"{_shown(file)} was not written: {fault}")
        return comparison

    def _sections(self, comparison: Comparison, results: list[Result]) -> dict[str, str]:
        try:
            added = self.config.hook.pytest_parex_aggregate(comparison=comparison, results=results)
        except Exception as error:  # a plugin's fault must not cost the comparison
            self.notices.append(f"pytest_parex_aggregate raised {type(error).__name__}: {error}")
            return {}
        return {title: text for sections in added for title, text in sections.items()}

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The comparison, with the paths last."""
        if self.config.get_verbosity() < 0:
            return
        for loaded, comparison in self.compared:
            width = terminalreporter._tw.fullwidth
            terminalreporter.write_sep("=", f"parex comparison: {loaded.experiment.experiment}")
            lines = report.terminal_table(comparison, width)
            if self.config.get_verbosity() > 0:
                lines += report.terminal_reasons(comparison, width)
            else:
                lines += report.terminal_contamination(comparison, width)
            for line in [*lines, _shown(_run(loaded).directory / "comparison.html")]:
                terminalreporter.write_line(line)
        for notice in dict.fromkeys(self.notices):
            terminalreporter.write_line(f"parex: {notice}", yellow=True)

    def _let_go(self, key: Key) -> None:
        loaded, one = self.session.trial(key)
        if loaded.left_out is not None:
            return
        run = _run(loaded)
        result = run.result(one.id)
        keep = loaded.experiment.workspace.keep or ("none" if os.environ.get("CI") else "all")
        if result is None or keep == "all" or (keep == "failed" and not result.passed):
            return
        removal = workspace.remove(run, result)
        if removal.outcome not in (workspace.Outcome.REMOVED, workspace.Outcome.MISSING):
            self.notices.append(removal.message)


def _run(loaded: Loaded) -> Run:
    assert loaded.run is not None
    return loaded.run


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise Terminated


def _count(loaded: Loaded) -> str:
    experiment = loaded.experiment
    parts = [numbers.count(len(experiment.variants), "variant")]
    if experiment.cases:
        parts.append(numbers.count(len(experiment.cases), "case"))
    parts += [f"{numbers.count(len(values), 'value')} of {axis}" for axis, values in experiment.matrix.axes.items()]
    if experiment.repeats.max > 1:
        parts.append(numbers.count(experiment.repeats.max, "repeat"))
    return f"{numbers.count(len(loaded.trials), 'trial')} ({' × '.join(parts)})"


def _bases(plan: Plan) -> str:
    """The commit that the trials start from; variants with sources of their own have more than one."""
    of_variants = [plan.base_of(name) for name in plan.experiment.variants]
    bases = list({base.commit: base for base in of_variants}.values())
    if len(bases) > 1:
        return f"{len(bases)} bases ({', '.join(base.commit[:10] for base in bases[:3])}{', …' if bases[3:] else ''})"
    return f"base {bases[0].commit[:10]} ({bases[0].chosen})"


def _shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
