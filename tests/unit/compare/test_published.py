"""Figures that were printed before this code was written, and small designs that a test can count through itself."""

from __future__ import annotations

import itertools
import math

import pytest

from pytest_parex.compare.arrangements import arrangements, least_p, possible
from pytest_parex.compare.cells import Cell, Pair
from pytest_parex.compare.examining import examine
from pytest_parex.compare.holm import adjusted
from pytest_parex.compare.means import cox, either, student
from pytest_parex.compare.passing import exact_p
from pytest_parex.compare.permutation import permute
from pytest_parex.compare.rates import effective_trials, newcombe, tango, wilson
from pytest_parex.compare.repeated import pass_all, pass_at

DARWIN = (
    (23.5, 12.0, 21.0, 22.0, 19.125, 21.5, 22.125, 20.375, 18.25, 21.625, 23.25, 21.0, 22.125, 23.0, 12.0),
    (17.375, 20.375, 20.0, 20.0, 18.375, 18.625, 18.625, 15.25, 16.5, 18.0, 16.25, 18.0, 12.75, 15.5, 18.0),
)
"""Heights of cross- and self-fertilised maize plants, in inches; one pair of each per row."""


@pytest.mark.parametrize(
    ("passed", "trials", "low", "high"),
    [(81, 263, 0.2535, 0.3682), (15, 148, 0.0598, 0.1644), (0, 20, 0.0, 0.2005), (1, 29, 0.0018, 0.1963)],
)
def test_wilson_with_continuity_correction_is_as_printed_by_newcombe(passed, trials, low, high):
    """Newcombe 1998, Statistics in Medicine 17:857, table I, method 4."""
    assert wilson(passed / trials, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [((56, 70), (48, 80), 0.0428, 0.3422), ((9, 10), (3, 10), 0.1013, 0.8387)],
)
def test_the_difference_of_two_rates_is_as_printed_by_newcombe(a, b, low, high):
    """Newcombe 1998, Statistics in Medicine 17:873, table II, method 11."""
    assert newcombe(a[0] / a[1], a[1], b[0] / b[1], b[1]) == pytest.approx((low, high), abs=5e-5)


def test_the_difference_of_paired_rates_is_as_printed_for_airway_hyperresponsiveness():
    """Fagerland, Lydersen & Laake 2014, Statistics in Medicine 33:2850: 1 and 7 discordant pairs of 21; Tango."""
    assert tango(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)


def test_mcnemars_exact_test_is_as_printed_for_airway_hyperresponsiveness():
    """The same data: exact conditional p = 0.070."""
    before, after = [(1, 1)] * 1 + [(0, 1)] * 7 + [(1, 1)] * 13, [(0, 1)] * 1 + [(1, 1)] * 7 + [(1, 1)] * 13

    assert exact_p(before, after) == pytest.approx(0.0703, abs=5e-5)


def test_fishers_exact_test_is_as_printed_for_the_lady_who_tasted_tea():
    """Fisher 1935, "The design of experiments": three of four cups right, one-sided 17/70; here two-sided."""
    assert exact_p([(3, 4)], [(1, 4)]) == pytest.approx(2 * 17 / 70)
    assert exact_p([(4, 4)], [(0, 4)]) == pytest.approx(2 / 70)


def test_the_sign_flip_test_is_as_printed_for_darwins_maize():
    """Fisher 1935, section 21: 1,726 of 32,768 arrangements are at least as extreme, p = 0.0527."""
    test = permute([[each] for each in DARWIN[0]], [[each] for each in DARWIN[1]], 2**15)

    assert test.exact
    assert test.p[0] == pytest.approx(1726 / 32768, abs=1e-9)


def test_students_interval_is_as_printed_for_darwins_maize():
    """The same data: mean 2.617 inches, 95 % interval 0.0036 to 5.230."""
    low, high = student([own - other for own, other in zip(*DARWIN, strict=True)])

    assert (low, high) == pytest.approx((0.0036, 5.230), abs=1e-3)


def test_holms_procedure_is_as_in_the_documentation_of_r():
    """`p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")`."""
    assert adjusted([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert adjusted([0.05, 0.01]) == pytest.approx([0.05, 0.02])


def test_coxs_interval_is_as_printed_by_olsson():
    """Olsson 2005, Journal of Statistics Education 13(1): forty logarithms with mean 5.127 and variance 1.010."""
    n, mean, variance = 40, 5.127, 1.010
    spread = math.sqrt(variance * (n - 1) / n)
    values = [math.exp(mean + spread * sign) for sign in (-1, 1) for _ in range(n // 2)]

    low, high = cox(values)

    assert (low, high) == pytest.approx((188.0, 414.7), rel=0.02)
    assert either(values)[0] <= low
    assert high <= either(values)[1]


@pytest.mark.parametrize(
    ("passed", "trials", "k", "at", "all_of"), [(3, 10, 1, 0.3, 0.3), (3, 10, 2, 1 - 21 / 45, 3 / 45), (2, 2, 2, 1, 1)]
)
def test_pass_at_k_and_pass_all_k_count_the_ways_to_choose_k_trials(passed, trials, k, at, all_of):
    ways = list(itertools.combinations([True] * passed + [False] * (trials - passed), k))

    assert pass_at(passed, trials, k) == pytest.approx(at) == sum(map(any, ways)) / len(ways)
    assert pass_all(passed, trials, k) == pytest.approx(all_of) == sum(map(all, ways)) / len(ways)


@pytest.mark.parametrize("sizes", [((2, 2),), ((2, 3), (1, 1)), ((1, 1),) * 4, ((3, 1), (2, 2))])
def test_the_exact_permutation_counts_every_arrangement_once(sizes):
    chance = itertools.count(1)
    a = [[float(next(chance) * 7 % 11) for _ in range(m)] for m, _ in sizes]
    b = [[float(next(chance) * 5 % 13) for _ in range(n)] for _, n in sizes]
    cells = [own + other for own, other in zip(a, b, strict=True)]
    differences = []
    for chosen in itertools.product(*(itertools.combinations(range(m + n), m) for m, n in sizes)):
        parts = []
        for places, cell, (m, n) in zip(chosen, cells, sizes, strict=True):
            own = sum(cell[place] for place in places)
            parts.append(own / m - (sum(cell) - own) / n)
        differences.append(sum(parts) / len(parts))

    test = permute(a, b)

    assert len(differences) == possible(sizes) == arrangements(tuple(sizes)).number
    assert sorted(test.differences[0] * test.size[0]) == pytest.approx(sorted(differences))
    seen = differences[0]
    tails = [sum(each >= seen - 1e-9 for each in differences), sum(each <= seen + 1e-9 for each in differences)]
    assert test.p[0] == pytest.approx(min(1.0, 2 * min(tails) / len(differences)))


def test_the_interval_holds_exactly_the_shifts_that_the_test_does_not_reject():
    a, b = [[3.1, 4.2], [5.9, 6.8], [8.1, 9.7]], [[1.2, 2.9], [4.4, 3.7], [6.1, 7.9]]
    (low,), (high,) = permute(a, b).interval()

    def p(shift):
        return permute([[value - shift for value in cell] for cell in a], b).p[0]

    assert p(low - 1e-6) <= 0.05 < p(low + 1e-6)
    assert p(high + 1e-6) <= 0.05 < p(high - 1e-6)


@pytest.mark.parametrize(
    ("sizes", "least"), [(((1, 1),), 1.0), (((3, 3),), 0.1), (((2, 2),) * 3, 2 / 216), (((1, 1),) * 6, 2 / 64)]
)
def test_the_smallest_p_value_that_a_design_allows(sizes, least):
    assert least_p(sizes) == pytest.approx(least)


def test_trials_on_one_case_that_end_alike_count_as_one():
    assert effective_trials([3, 0, 3, 0, 3, 0], [3] * 6) == 6
    assert effective_trials([5], [9]) == 9
    assert 6 < effective_trials([1, 2, 1, 2, 1, 2], [3] * 6) <= 18
    assert effective_trials([3] * 6, [3] * 6) == 6, "that all passed does not show that cases are alike"


def test_students_interval_stands_in_where_five_cases_are_too_few_to_permute():
    pair = Pair(tuple(Cell(str(place), (own,), (0.0,)) for place, own in enumerate((1.0, 2.0, 3.0, 4.0, 5.0))))

    found = examine(pair, "higher", success=False)

    assert found.p is None
    assert found.interval == pytest.approx((3 - 2.776 * math.sqrt(0.5), 3 + 2.776 * math.sqrt(0.5)), abs=1e-3)
    assert "no p-value can be below 0.062" in found.withheld
