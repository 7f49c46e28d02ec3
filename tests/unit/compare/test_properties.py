"""What must hold for any numbers: swapping, shifting and scaling change what they should, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as any_

from pytest_parex.compare.cells import Cell, Pair
from pytest_parex.compare.examining import Finding, examine
from pytest_parex.compare.holm import adjusted
from pytest_parex.compare.passing import exact_p
from pytest_parex.compare.rates import newcombe, tango, wilson

numbers = any_.integers(-40, 40).map(lambda whole: whole / 4)


@any_.composite
def pairs(draw, values=numbers, most_cells=4, most_repeats=3):
    cells = []
    for place in range(draw(any_.integers(1, most_cells))):
        own, other = (tuple(sorted(draw(any_.lists(values, min_size=1, max_size=most_repeats)))) for _ in range(2))
        cells.append(Cell(f"case-{place}", own, other))
    return Pair(tuple(cells))


def turned(pair: Pair) -> Pair:
    return Pair(tuple(Cell(cell.case, cell.b, cell.a, cell.b_worst, cell.a_worst) for cell in pair.cells))


def changed(pair: Pair, change) -> Pair:
    return Pair(
        tuple(
            replace(cell, a=tuple(sorted(map(change, cell.a))), b=tuple(sorted(map(change, cell.b))))
            for cell in pair.cells
        )
    )


def known(found: Finding, *, sign: float = 1.0, scale: float = 1.0) -> list:
    ends = sorted(sign * scale * end for end in found.interval) if found.interval else None
    value = None if found.value is None else sign * scale * found.value
    return [value, found.p, found.wider, ends, found.method, found.withheld, found.question, found.pairs]


def same(own: list, other: list) -> None:
    for one, two in zip(own, other, strict=True):
        if isinstance(one, float | list) and two is not None:
            assert one == pytest.approx(two, rel=1e-6, abs=1e-6)
        else:
            assert one == two


@given(pairs(), any_.booleans())
@settings(max_examples=60, deadline=None)
def test_swapping_the_variants_changes_signs_and_nothing_else(pair, single):
    if single:
        pair = Pair(tuple(replace(cell, a=cell.a[:1], b=cell.b[:1]) for cell in pair.cells))

    found, other = examine(pair, "higher", success=False), examine(turned(pair), "higher", success=False)

    same(known(found), known(other, sign=-1.0))
    assert found.superiority == pytest.approx(1 - other.superiority)


@given(pairs())
@settings(max_examples=60, deadline=None)
def test_the_direction_of_a_metric_changes_who_is_better_and_no_number(pair):
    found, other = examine(pair, "higher", success=False), examine(pair, "lower", success=False)

    same(known(found), known(other))
    assert found.superiority == pytest.approx(1 - other.superiority)


@given(pairs(), any_.sampled_from([0.125, 3.0, 1000.0, 1e12]))
@settings(max_examples=60, deadline=None)
def test_another_unit_scales_the_difference_and_keeps_the_p_value(pair, scale):
    same(
        known(examine(pair, "higher", success=False), scale=scale),
        known(examine(changed(pair, lambda value: value * scale), "higher", success=False)),
    )


@given(pairs(), any_.sampled_from([-7.0, 0.5, 64.0]))
@settings(max_examples=60, deadline=None)
def test_a_common_shift_keeps_difference_and_p_value(pair, shift):
    """The interval may differ: it takes positive numbers for such that a variant could have multiplied."""
    found, other = (
        examine(each, "higher", success=False) for each in (pair, changed(pair, lambda value: value + shift))
    )

    assert found.value == pytest.approx(other.value, abs=1e-9)
    assert found.p == pytest.approx(other.p) if found.p is not None else other.p is None


@given(pairs(most_cells=3))
@settings(max_examples=40, deadline=None)
def test_the_interval_holds_the_difference_and_excludes_zero_only_when_the_test_does(pair):
    found = examine(pair, "higher", success=False)
    assume(found.interval is not None and found.p is not None)

    low, high = found.interval
    assert low - 1e-9 <= found.value <= high + 1e-9
    if found.p > 0.05:
        assert low <= 1e-9
        assert high >= -1e-9


@given(pairs(values=any_.sampled_from([0.0, 1.0]), most_cells=7, most_repeats=4))
@settings(max_examples=60, deadline=None)
def test_success_is_symmetric_in_passing_and_failing(pair):
    found = examine(pair, "higher", success=True)
    other = examine(changed(pair, lambda value: 1.0 - value), "higher", success=True)

    same(known(found), known(other, sign=-1.0))
    assert found.p is None or 0 < found.p <= 1


@given(any_.lists(any_.tuples(any_.integers(0, 3), any_.integers(0, 3)), min_size=1, max_size=5), any_.randoms())
def test_the_exact_test_of_success_does_not_care_for_the_order_of_cells(passed, chance):
    a, b = [(own, 3) for own, _ in passed], [(other, 3) for _, other in passed]
    places = chance.sample(range(len(a)), len(a))

    assert exact_p([a[place] for place in places], [b[place] for place in places]) == pytest.approx(exact_p(a, b))
    assert exact_p(b, a) == pytest.approx(exact_p(a, b))


@given(any_.integers(1, 60), any_.data())
def test_intervals_of_rates_stay_in_range_and_mirror(trials, data):
    passed, other = data.draw(any_.integers(0, trials)), data.draw(any_.integers(0, trials))
    low, high = wilson(passed / trials, trials)

    assert 0 <= low <= passed / trials <= high <= 1
    assert wilson(1 - passed / trials, trials) == pytest.approx((1 - high, 1 - low), abs=1e-9)
    ends = newcombe(passed / trials, trials, other / trials, trials)
    assert -1 <= ends[0] <= (passed - other) / trials <= ends[1] <= 1


@given(any_.integers(0, 12), any_.integers(0, 12), any_.integers(1, 20))
def test_the_interval_of_paired_rates_holds_the_difference_and_mirrors(only_a, only_b, agreeing):
    pairs_ = only_a + only_b + agreeing
    low, high = tango(only_a, only_b, pairs_)

    assert -1 <= low <= (only_a - only_b) / pairs_ + 1e-9
    assert (only_a - only_b) / pairs_ - 1e-9 <= high <= 1
    assert tango(only_b, only_a, pairs_) == pytest.approx((-high, -low), abs=1e-6)


@given(any_.lists(any_.floats(0, 1), min_size=1, max_size=12))
def test_correction_never_makes_a_p_value_smaller_nor_changes_their_order(p_values):
    found = adjusted(p_values)

    assert all(own <= corrected <= 1 for own, corrected in zip(p_values, found, strict=True))
    ranked = sorted(zip(p_values, found, strict=True))
    assert [corrected for _, corrected in ranked] == sorted(found)
