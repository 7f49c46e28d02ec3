"""`junit`: how a test suite did, from JUnit XML as pytest, Maven, Gradle, Jest and others write it.

Test cases are counted one by one. The totals in the attributes are only used where there are no cases: the tools do not
agree on whether nested suites are counted in them, nor on whether skipped tests are.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_parex.grading import xml
from pytest_parex.grading.freshness import fresh_matches
from pytest_parex.grading.reading import Reading, UnreadableError, number, shortened
from pytest_parex.model import Metric, MetricReader, Work

MOST_FILES = 5_000


def read_junit(name: str, reader: MetricReader, work: Work) -> Reading:
    """`name.tests .passed .failed .errors .skipped .pass_rate .duration_s`, summed over all files that fit."""
    assert reader.junit is not None
    files = fresh_matches(work, reader.junit)
    if len(files) > MOST_FILES:
        raise UnreadableError(f"{len(files)} files fit `{reader.junit}`, and at most {MOST_FILES} are read")
    suites = [_read(work, file) for file in files]
    tests = sum(suite.tests for suite in suites)
    failed = sum(suite.failed for suite in suites)
    errors = sum(suite.errors for suite in suites)
    skipped = sum(suite.skipped for suite in suites)
    executed = tests - skipped
    passed = executed - failed - errors
    if passed < 0:
        raise UnreadableError(f"its totals contradict each other: {tests} tests, {failed} failed, {errors} errors")
    metrics = {
        f"{name}.tests": Metric(value=tests),
        f"{name}.passed": Metric(value=passed, better="higher"),
        f"{name}.failed": Metric(value=failed, better="lower"),
        f"{name}.errors": Metric(value=errors, better="lower"),
        f"{name}.skipped": Metric(value=skipped),
        f"{name}.duration_s": Metric(value=sum(suite.duration_s for suite in suites), unit="s", better="lower"),
    }
    if not executed:
        return Reading(metrics, {f"{name}.pass_rate": "no test was executed"})
    rate = Metric(value=passed / executed, unit=reader.unit, better=reader.better or "higher")
    return Reading({**metrics, f"{name}.pass_rate": rate})


@dataclass
class _Suite:
    tests: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    duration_s: float = 0.0


def _read(work: Work, file: str) -> _Suite:
    counting = _Counting()
    try:
        xml.stream(work.workspace, file, counting.start, counting.end)
        return counting.finished()
    except UnreadableError as reason:
        text = str(reason)
        raise UnreadableError(text if shortened(file) in text else f"{shortened(file)}: {text}") from None


class _Counting:
    """Counts cases; keeps the totals and times of the outermost suites, in case there is nothing better."""

    def __init__(self) -> None:
        self.cases = _Suite()
        self.totals = _Suite()
        self.suites_s: float | None = None
        self.depth = 0
        self.depth_of_totals = 0
        self.depth_of_times = 0
        self.outcome = ""
        self.in_case = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth == 1 and tag not in ("testsuites", "testsuite"):
            raise UnreadableError(f"it is no JUnit report: its outermost element is <{shortened(tag, 40)}>")
        if tag in ("testsuites", "testsuite"):
            self._suite(attributes)
        elif tag == "testcase":
            self.in_case, self.outcome = True, ""
            self.cases.tests += 1
            self.cases.duration_s += _seconds(attributes.get("time")) or 0.0
        elif self.in_case and tag in ("failure", "error", "skipped") and self.outcome != "error":
            self.outcome = "error" if tag == "error" else self.outcome or tag

    def end(self, tag: str) -> None:
        self.depth -= 1
        if tag != "testcase":
            return
        self.in_case = False
        self.cases.errors += self.outcome == "error"
        self.cases.failed += self.outcome == "failure"
        self.cases.skipped += self.outcome == "skipped"

    def finished(self) -> _Suite:
        found = self.cases if self.cases.tests else self.totals
        if self.suites_s is not None:
            found.duration_s = self.suites_s
        return found

    def _suite(self, attributes: dict[str, str]) -> None:
        if "tests" in attributes and self.depth_of_totals in (0, self.depth):
            self.depth_of_totals = self.depth
            self.totals.tests += _count(attributes, "tests")
            self.totals.failed += _count(attributes, "failures")
            self.totals.errors += _count(attributes, "errors")
            self.totals.skipped += _count(attributes, "skipped")
        time = _seconds(attributes.get("time"))
        if time is not None and self.depth_of_times in (0, self.depth):
            self.depth_of_times = self.depth
            self.suites_s = (self.suites_s or 0.0) + time


def _count(attributes: dict[str, str], key: str) -> int:
    text = attributes.get(key, "0").strip()
    if not text.isdecimal() or len(text) > 9:
        raise UnreadableError(f"its `{key}` is `{shortened(text, 20)}`, not a count")
    return int(text)


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return max(0.0, number(text))
    except UnreadableError:
        return None
