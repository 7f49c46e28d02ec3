"""How often the comparison is wrong when nothing differs, and how often it sees what does; by simulation, seeded.

The same designs at full size are in the benchmarks. Bounds leave three standard errors for the simulation itself.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from pytest_parex.compare import shapes
from pytest_parex.compare.findings import Findings
from pytest_parex.compare.means import either
from pytest_parex.compare.metrics import Measure, summarise
from pytest_parex.compare.permutation import permute
from pytest_parex.compare.ranking import Criterion, rank
from pytest_parex.compare.rates import effective_trials, newcombe, wilson
from pytest_parex.compare.verdict import decide
from pytest_parex.model import TrialSummary

LEVEL = 0.05
COVERS = 0.93
KNOWN = {"score": Measure(better="higher"), "cost": Measure(better="lower"), "success_rate": Measure(better="higher")}


def above(level: float, experiments: int) -> float:
    """What a share may reach by chance if it is at most `level`."""
    return level + 3 * math.sqrt(level * (1 - level) / experiments)


def winner(numbers, by, passed=None):
    """Who wins; `numbers`: metric → variants × cases × repeats."""
    shape = next(iter(numbers.values())).shape
    rows = {
        f"v{variant}": [
            TrialSummary(
                id=f"v{variant}--{case}--r{repeat}",
                variant=f"v{variant}",
                case=str(case),
                repeat=repeat,
                outcome="passed" if passed is None or passed[variant, case, repeat] else "failed",
                metrics={name: float(values[variant, case, repeat]) for name, values in numbers.items()},
            )
            for case in range(shape[1])
            for repeat in range(shape[2])
        ]
        for variant in range(shape[0])
    }
    summaries = [summarise(name, trials, KNOWN) for name, trials in rows.items()]
    return decide(rank(summaries, rows, by), summaries, by, Findings(rows, KNOWN)).winner


def share(make, experiments):
    found = [make() for _ in range(experiments)]
    return {each: found.count(each) / experiments for each in set(found)}


@pytest.mark.parametrize(("variants", "cases", "repeats"), [(2, 3, 2), (2, 7, 1), (4, 3, 2), (4, 7, 1), (2, 1, 5)])
@pytest.mark.parametrize("shape", ["normal", "lognormal"])
def test_without_a_difference_a_winner_is_rare(variants, cases, repeats, shape):
    chance = np.random.default_rng([variants, cases, repeats])
    by = (Criterion("score", "higher"),)

    def experiment():
        numbers = chance.normal(0, 1, (variants, cases, repeats)) + chance.normal(0, 1, (cases, 1))
        return winner({"score": np.exp(numbers) if shape == "lognormal" else numbers}, by)

    found = share(experiment, 300)

    assert 1 - found.get(None, 0) <= above(LEVEL, 300)


@pytest.mark.parametrize(("cases", "repeats"), [(3, 2), (7, 1), (7, 3)])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_without_a_difference_in_success_a_winner_is_rare(cases, repeats, rate):
    chance = np.random.default_rng([cases, repeats])

    def experiment():
        passed = chance.random((2, cases, repeats)) < rate
        return winner({"cost": np.ones((2, cases, repeats))}, (Criterion("success_rate", "higher"),), passed)

    found = share(experiment, 200)

    assert 1 - found.get(None, 0) <= above(LEVEL, 200)


@pytest.mark.parametrize("margin", [0.2, 1.0, 3.0])
def test_two_criteria_do_not_give_two_chances_to_win_by_luck(margin):
    """Equality within the margin is likely for a large one, and the second criterion then decides at 5 % as well."""
    chance = np.random.default_rng(11)
    by = (Criterion("score", "higher", margin), Criterion("cost", "lower"))

    def experiment():
        case = chance.normal(0, 1, (7, 1))
        return winner({name: case + chance.normal(0, 1, (2, 7, 2)) for name in ("score", "cost")}, by)

    found = share(experiment, 200)

    assert 1 - found.get(None, 0) <= above(LEVEL, 200)


def test_with_two_best_of_four_the_wrong_one_rarely_wins():
    chance = np.random.default_rng(5)
    behind = np.array([0.0, 0.0, 5.0, 5.0]).reshape(4, 1, 1)

    def experiment():
        numbers = chance.normal(0, 1, (4, 7, 1)) + chance.normal(0, 1, (7, 1)) - behind
        return winner({"score": numbers}, (Criterion("score", "higher"),))

    found = share(experiment, 200)

    assert 1 - found.get(None, 0) <= above(LEVEL, 200)


def test_worse_success_is_not_excused_by_lower_cost():
    """That no difference in success was found is no tie: cost must not decide (0.9 against 0.6, cheaper by 30 %)."""
    chance = np.random.default_rng(8)
    by = (Criterion("success_rate", "higher"), Criterion("cost", "lower"))

    def experiment():
        passed = chance.random((2, 7, 3)) < np.array([0.9, 0.6]).reshape(2, 1, 1)
        cost = chance.lognormal(0, 0.3, (2, 7, 3)) * np.array([1.0, 0.7]).reshape(2, 1, 1)
        return winner({"cost": cost}, by, passed)

    found = share(experiment, 100)

    assert found.get("v1", 0) == 0
    assert found["v0"] >= 0.4


@pytest.mark.parametrize(
    ("variants", "cases", "repeats", "difference", "least"),
    [(2, 3, 2, 2.0, 0.72), (4, 7, 1, 3.0, 0.90), (2, 7, 3, 1.5, 0.95), (2, 1, 5, 3.0, 0.90)],
)
def test_what_differs_is_seen_where_the_design_allows_it(variants, cases, repeats, difference, least):
    """The powers of the prototype, less the error of 100 experiments."""
    chance = np.random.default_rng(2)

    def experiment():
        numbers = chance.normal(0, 1, (variants, cases, repeats)) + chance.normal(0, 1, (cases, 1))
        numbers[0] += difference
        return winner({"score": numbers}, (Criterion("score", "higher"),))

    assert share(experiment, 100).get("v0", 0) >= least


def test_what_counts_as_equal_is_seen_to_be_equal_and_the_next_criterion_decides():
    chance = np.random.default_rng(4)
    by = (Criterion("score", "higher", 1.5), Criterion("cost", "lower"))

    def experiment():
        cost = chance.normal(10, 1, (2, 7, 3)) + np.array([0.0, 3.0]).reshape(2, 1, 1)
        return winner({"score": chance.normal(50, 1, (2, 7, 3)), "cost": cost}, by)

    assert share(experiment, 60).get("v0", 0) >= 0.9


def normal(chance, shape):
    case = chance.normal(0, 1, (*shape[:2], 1))
    return case + chance.normal(1, 1, shape), case + chance.normal(0, 1, shape), np.ones(shape[0])


def lognormal(chance, shape):
    case = np.exp(chance.normal(0, 0.5, (*shape[:2], 1)))
    own, other = case * chance.lognormal(0, 1, shape), case * chance.lognormal(0, 1, shape)
    return own, other, np.zeros(shape[0])


def five_times(chance, shape):
    """One variant takes five times as long; with one repeat the truth is that of cases like these."""
    case = np.exp(chance.normal(0, 0.5, (*shape[:2], 1)))
    own, other = 5 * case * chance.lognormal(0, 1, shape), case * chance.lognormal(0, 1, shape)
    these = case.mean(axis=(1, 2)) if shape[2] > 1 else np.full(shape[0], np.exp(0.125))
    return own, other, 4 * these * np.exp(0.5)


@pytest.mark.parametrize(("cases", "repeats"), [(3, 2), (7, 1), (7, 3), (20, 1), (1, 5)])
@pytest.mark.parametrize("model", [normal, lognormal, five_times])
def test_the_interval_of_a_difference_covers_the_truth(cases, repeats, model):
    own, other, truth = model(np.random.default_rng([cases, repeats, 1]), (400, cases, repeats))

    low, high = shapes.shifted(*([side[:, c] for c in range(cases)] for side in (own, other)), 1000).interval()

    assert np.isfinite(low).all()
    assert ((low <= truth) & (truth <= high)).mean() >= COVERS - 3 * math.sqrt(COVERS * (1 - COVERS) / 400)


@pytest.mark.parametrize("number", [5, 7, 20])
@pytest.mark.parametrize(("draw", "truth"), [(("normal", 10, 1), 10.0), (("lognormal", 0, 1), np.exp(0.5))])
def test_the_interval_of_a_mean_covers_the_truth(number, draw, truth):
    chance = np.random.default_rng(number)
    values = getattr(chance, draw[0])(*draw[1:], (600, number))

    ends = [either(row) for row in values]

    covered = np.mean([low <= truth <= high for low, high in ends])
    assert covered >= COVERS - 3 * math.sqrt(COVERS * (1 - COVERS) / 600)


@pytest.mark.parametrize("trials", [2, 5, 6, 7, 20, 21])
def test_the_interval_of_a_rate_covers_every_rate(trials):
    """Counted through, not simulated; rates near 0 and 1 are the hard ones."""
    ends = [wilson(passed / trials, trials) for passed in range(trials + 1)]

    for rate in np.linspace(0.0, 1.0, 201):
        likely = binom.pmf(range(trials + 1), trials, rate)
        covered = sum(each for each, (low, high) in zip(likely, ends, strict=True) if low <= rate <= high)
        assert covered >= COVERS, rate


@pytest.mark.parametrize("trials", [6, 7, 21])
def test_the_interval_of_a_difference_of_rates_covers_it(trials):
    counts = range(trials + 1)
    ends = {(a, b): newcombe(a / trials, trials, b / trials, trials) for a in counts for b in counts}

    for own in (0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99):
        for other in (0.01, 0.05, 0.5, 0.95, 0.99):
            likely = np.outer(binom.pmf(counts, trials, own), binom.pmf(counts, trials, other))
            covered = sum(
                likely[place]
                for place, (low, high) in ends.items()
                if low <= own - other + 1e-9 and own - other <= high + 1e-9
            )
            assert covered >= COVERS - 0.005, (own, other)


@pytest.mark.parametrize(("cases", "repeats"), [(3, 2), (7, 3)])
@pytest.mark.parametrize("rate", [0.03, 0.5, 0.95])
@pytest.mark.parametrize("alike", [0.0, 0.3, 1.0])
def test_the_interval_of_a_rate_over_cases_covers_it_however_alike_repeats_are(cases, repeats, rate, alike):
    chance = np.random.default_rng([cases, repeats])
    if alike == 0.0:
        rates = np.full((400, cases), rate)
    elif alike == 1.0:
        rates = (chance.random((400, cases)) < rate).astype(float)
    else:
        weight = (1 - alike) / alike
        rates = chance.beta(rate * weight, (1 - rate) * weight, (400, cases))
    covered = 0
    for passed in chance.binomial(repeats, rates).tolist():
        effective = effective_trials(passed, [repeats] * cases)
        low, high = wilson(sum(passed) / cases / repeats, effective)
        covered += low <= rate <= high

    assert covered / 400 >= COVERS - 3 * math.sqrt(COVERS * (1 - COVERS) / 400)


def test_many_experiments_at_once_are_the_same_as_one_by_one():
    chance = np.random.default_rng(1)
    own, other = chance.normal(0, 1, (5, 3, 2)), chance.normal(0, 1, (5, 3, 2))

    together = permute([own[:, c] for c in range(3)], [other[:, c] for c in range(3)])

    for place in range(5):
        alone = permute([own[place, c] for c in range(3)], [other[place, c] for c in range(3)])
        assert together.p[place] == alone.p[0]
        assert [end[place] for end in together.interval()] == pytest.approx([end[0] for end in alone.interval()])
