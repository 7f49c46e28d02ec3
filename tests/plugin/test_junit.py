"""--junitxml lists every trial once, with its facts as flat properties; one whose worker died too."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from pytest_parex.testing import Finished, Project

SPEC = """
    variants: {right: {env: {ANSWER: "42"}}, wrong: {env: {ANSWER: "41"}}, deadly: {}, unready: {setup: exit 3}}
    cases: {one: first}
    runner: {shell: echo $ANSWER > answer.txt}
    checks: {answer: test "$(cat answer.txt)" = 42}
    metrics: {value: {file: answer.txt, pattern: '(\\d+)', better: higher}}
"""
CONFTEST = """
    import os

    def pytest_parex_checks(work):
        if work.trial.variant == "deadly":
            os._exit(1)
"""
TEST_FILE = """
    import pytest

    @pytest.mark.parex(variant="right")
    def test_more(parex_trial):
        pass
"""


@pytest.fixture(scope="module")
def run(shared_project: Callable[..., Project]) -> Finished:
    repo = shared_project({"conftest.py": CONFTEST, "test_more.py": TEST_FILE})
    repo.spec(SPEC)
    return repo.run("-n2", "--junitxml=report.xml", "test_more.py")


@pytest.fixture(scope="module")
def cases(run: Finished) -> dict[str, ET.Element]:
    listed = ET.parse(run.runs.parent / "report.xml").getroot().findall(".//testcase")
    names = [case.get("name") for case in listed]
    assert len(names) == len(set(names)), names
    return dict(zip(names, listed, strict=True))


def properties(case: ET.Element) -> dict[str, str]:
    return {prop.get("name"): prop.get("value") for prop in case.findall("./properties/property")}


def test_every_trial_is_listed_once(run: Finished, cases: dict[str, ET.Element]) -> None:
    trials = {name for name in cases if name.startswith("spec[")}
    assert trials == {"spec[right--one]", "spec[wrong--one]", "spec[deadly--one]", "spec[unready--one]"}, run.out


def test_properties_are_flat_facts_and_metrics(cases: dict[str, ET.Element]) -> None:
    found = properties(cases["spec[right--one]"])

    assert found["parex.experiment"] == "spec"
    assert (found["parex.variant"], found["parex.case"], found["parex.repeat"]) == ("right", "one", "1")
    assert found["parex.cause"] == "passed"
    assert float(found["parex.metric.value"]) == 42


def test_failures_errors_and_crashes_are_told_apart(cases: dict[str, ET.Element]) -> None:
    assert properties(cases["spec[wrong--one]"])["parex.cause"] == "check failed"
    assert cases["spec[wrong--one]"].find("failure") is not None
    assert cases["spec[unready--one]"].find("error") is not None
    assert "crashed" in cases["spec[deadly--one]"].find("error").get("message")
    assert cases["spec[right--one]"].find("failure") is None


def test_tests_on_trials_carry_the_facts_too(cases: dict[str, ET.Element]) -> None:
    assert properties(cases["test_more[right--one]"])["parex.variant"] == "right"
