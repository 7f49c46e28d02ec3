"""The leader against each other variant: is it better, and is that established?

The criteria are gone through in the order of `compare.rank`. In each, one of three things can be established at 5 %:

- *better*: a two-sided test rejects "no difference". With a margin, the difference must be more than the margin (the
  interval lies beyond it), since a smaller one would count as equal.
- *equal*: the difference lies within the declared margin; two one-sided tests, each at 5 % (TOST; Schuirmann 1987,
  Journal of Pharmacokinetics and Biopharmaceutics 15:657). Only then does the next criterion decide. That no difference
  was found is no sign of equality, so without a margin nothing is ever equal.
- neither: the contest stays *open*.

The leader wins if every contest is won (intersection–union test: Berger 1982, Technometrics 24:295): each at 5 %, with
no further correction. A variant that no trial passed is beaten if its success rate is established to be lower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_parex.compare.examining import LEVEL, Finding
from pytest_parex.compare.metrics import SUCCESS_RATE
from pytest_parex.compare.ranking import ROUNDING, Criterion
from pytest_parex.model import Question, VariantSummary

State = Literal["better", "equal", "open", "worse"]
Find = Callable[[str, str, str], Finding]
"""(metric, a, b) → what is known of a minus b."""
SUCCESS = Criterion(SUCCESS_RATE, "higher")


@dataclass(frozen=True)
class Step:
    """What one criterion says about the leader and the other variant."""

    criterion: Criterion
    finding: Finding
    state: State


@dataclass(frozen=True)
class Contest:
    """The leader against one other, criterion by criterion; the last step is the one that decides, or stays open."""

    leader: str
    other: str
    steps: tuple[Step, ...]

    @property
    def won(self) -> bool:
        """Whether the leader is established to be better."""
        return bool(self.steps) and self.steps[-1].state == "better"

    @property
    def last(self) -> Step | None:
        """The step that decides or is open; None where there is no criterion."""
        return self.steps[-1] if self.steps else None

    @property
    def question(self) -> Question | None:
        """What the contest speaks of: cases like these only if every step does."""
        if not self.steps or any(step.finding.question is None for step in self.steps):
            return None
        return "cases like these" if all(map(holds_beyond, self.steps)) else "these cases"


def contest(leader: str, other: VariantSummary, by: Sequence[Criterion], find: Find) -> Contest:
    """Compare the leader with one other variant."""
    if not other.acceptable and other.counted:
        gate = _step(SUCCESS, find(SUCCESS_RATE, leader, other.name))
        if gate.state == "better":
            return Contest(leader, other.name, (gate,))
    steps: list[Step] = []
    for criterion in by:
        steps.append(_step(criterion, find(criterion.metric, leader, other.name)))
        if steps[-1].state != "equal":
            break
    return Contest(leader, other.name, tuple(steps))


def state_of(finding: Finding, criterion: Criterion) -> State:
    """What is established about the first variant of the finding."""
    sign = 1.0 if criterion.better == "higher" else -1.0
    margin = criterion.margin
    if margin and finding.near is not None and not finding.worst and _within(finding.near, margin):
        return "equal"
    if finding.p is None or finding.p > LEVEL:
        return "open"
    if finding.worst:
        ahead = finding.superiority is not None and finding.superiority > 0.5
        return "better" if ahead else "worse"
    if finding.value is None:
        return "open"
    if not margin:
        return "better" if sign * finding.value > 0 else "worse"
    if finding.interval is None:
        return "open"
    low, high = sorted(sign * end for end in finding.interval)
    return "better" if low > margin else "worse" if high < -margin else "open"


def question_of(contests: Mapping[str, Contest]) -> Question | None:
    """What all of the contests together speak of."""
    questions = {each.question for each in contests.values()}
    if None in questions or not questions:
        return None
    return "cases like these" if questions == {"cases like these"} else "these cases"


def _step(criterion: Criterion, finding: Finding) -> Step:
    return Step(criterion, finding, state_of(finding, criterion))


def _within(interval: tuple[float, float], margin: float) -> bool:
    allowed = margin * (1 + ROUNDING)
    return -allowed <= interval[0] and interval[1] <= allowed


def holds_beyond(step: Step) -> bool:
    """Whether what the step establishes is established for cases like these."""
    if step.finding.question == "cases like these":
        return True
    if step.state == "equal":
        return step.finding.wider_near is not None and _within(step.finding.wider_near, step.criterion.margin)
    return step.state == "better" and step.finding.wider is not None and step.finding.wider <= LEVEL
