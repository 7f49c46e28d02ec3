"""The verdict: who is better than every other, who merely leads, or that nobody is acceptable.

*Winner*: the variant that leads the ranking is established to be better than every other one that was run, each at 5 %
(`contests`). *Leader only*: it leads, and at least one contest is open. *No acceptable variant*: no trial passed. A
variant without a single counted trial cannot be beaten, since nothing is known about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_parex.compare.contests import Contest, contest, question_of
from pytest_parex.compare.findings import Findings
from pytest_parex.compare.metrics import SUCCESS_RATE
from pytest_parex.compare.ranking import Criterion, Ranking
from pytest_parex.compare.settling import seen, settling
from pytest_parex.model import Question, Settling, VariantSummary


@dataclass(frozen=True)
class Verdict:
    """What is established about the leader of a ranking."""

    verdict: Literal["winner", "leader only", "no acceptable variant"]
    ranking: Ranking
    contests: Mapping[str, Contest]
    """Other variant → the leader against it, in the order of the ranking; only those with a counted trial."""
    unknown: tuple[str, ...] = ()
    """Variants that were run and have no counted trial."""

    @property
    def leader(self) -> str | None:
        """Who leads, if anybody does."""
        return self.ranking.leader

    @property
    def winner(self) -> str | None:
        """The leader, if it is established that it is better than every other."""
        return self.ranking.leader if self.verdict == "winner" else None

    @property
    def open(self) -> tuple[Contest, ...]:
        """The contests that are not won."""
        return tuple(each for each in self.contests.values() if not each.won)

    @property
    def question(self) -> Question | None:
        """What the verdict speaks of."""
        if self.verdict == "winner":
            return question_of(self.contests)
        questions = [each.last.finding.question for each in self.contests.values() if each.last]
        return next((question for question in questions if question), None)

    @property
    def closest(self) -> Contest | None:
        """The contest that is hardest to win: an open one if there are any, with the largest p-value."""
        contests = self.open or tuple(self.contests.values())
        return max(contests, key=_p, default=None)


def decide(
    ranking: Ranking, summaries: Sequence[VariantSummary], by: Sequence[Criterion], findings: Findings
) -> Verdict:
    """The verdict on variants that were ranked by these criteria."""
    rows = {row.name: row for row in summaries}
    if ranking.leader is None:
        return Verdict("leader only" if ranking.equal else "no acceptable variant", ranking, {})
    others = [rows[name] for name in ranking.order if name != ranking.leader and rows[name].trials]
    contests = {row.name: contest(ranking.leader, row, by, findings.of) for row in others if row.counted}
    unknown = tuple(row.name for row in others if not row.counted)
    won = bool(contests) and not unknown and all(each.won for each in contests.values())
    return Verdict("winner" if won else "leader only", ranking, contests, unknown)


def what_settles(verdict: Verdict, findings: Findings) -> tuple[Settling, ...]:
    """How many more repeats or cases would settle the closest of the open contests."""
    closest = verdict.closest
    if not verdict.open or closest is None or closest.last is None or closest.last.state == "worse":
        return ()
    criterion = closest.last.criterion
    pair = findings.pair(criterion.metric, closest.leader, closest.other)
    undeclared = closest.last.finding.value == 0 and not criterion.margin  # no number of trials shows what is equal
    if not pair.cells or undeclared:
        return ()
    return settling(seen(pair, criterion, success=criterion.metric == SUCCESS_RATE))


def _p(each: Contest) -> float:
    return each.last.finding.p if each.last and each.last.finding.p is not None else 2.0
