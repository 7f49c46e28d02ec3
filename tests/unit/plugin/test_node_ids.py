"""What a session reads from node ids, which are all that pytest-xdist's controller has."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_parex.model import Experiment, Trial
from pytest_parex.plugin.session import Loaded, Session

ROOT = Path("/project")


@pytest.fixture
def session() -> Session:
    gates = [{"metric": "success_rate", "at_least": 1}]
    experiment = Experiment.model_validate({"experiment": "rate-limiter", "variants": {"oop": {}}, "gates": gates})
    return Session([Loaded(ROOT / "limiter.yaml", experiment, (Trial(id="oop", variant="oop"),))])


def test_a_trial_is_told_from_a_gate_with_the_same_parameter(session: Session) -> None:
    assert session.key_of(ROOT, "limiter.yaml::rate_limiter[oop]") == ("rate-limiter", "oop")
    assert session.key_of(ROOT, "limiter.yaml::rate_limiter_gate[oop]") is None
    assert session.key_of(ROOT, "other.yaml::rate_limiter[oop]") is None


@pytest.mark.parametrize(
    ("nodeid", "last"),
    [
        ("limiter.yaml::rate_limiter_gate[success_rate--at-least-1]", True),
        ("limiter.yaml::rate_limiter[oop]", False),
        ("test_it.py::test_whole[rate-limiter]", True),
        ("test_it.py::TestAll::test_whole[fast-rate-limiter-1]", True),
        ("test_it.py::test_trial[oop]", False),
        ("test_it.py::test_trial[rate-limiter--oop]", False),
        ("test_it.py::test_rate-limiter", False),
        ("test_it.py::test_it[crate-limiters]", False),
    ],
)
def test_gates_and_tests_of_comparisons_are_known(session: Session, nodeid: str, last: bool) -> None:
    assert session.comes_last(ROOT, nodeid) is last
