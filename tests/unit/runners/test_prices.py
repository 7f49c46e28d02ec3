"""What tokens cost where the program could not say it."""

from __future__ import annotations

import pytest

from pytest_parex.runners.claude.prices import DEFAULT, PRICES, Tokens, price, priced_as


@pytest.mark.parametrize(
    ("model", "entry"),
    [
        ("claude-sonnet-5", "claude-sonnet-5"),
        ("claude-sonnet-5-20260101", "claude-sonnet-5"),
        ("claude-sonnet-5-5", "claude-sonnet-5-5"),
        ("claude-sonnet-5-5-20260901", "claude-sonnet-5-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-opus-4-8", "claude-opus-4"),
        ("claude-sonnet-50", DEFAULT),
        ("something-else", DEFAULT),
    ],
)
def test_a_model_is_priced_by_the_longest_entry_that_its_name_begins_with(model: str, entry: str) -> None:
    assert priced_as(model) == entry


def test_every_kind_of_token_has_its_price() -> None:
    assert price("claude-sonnet-5", Tokens(1_000_000, 100_000, 10_000, 1_000, 100)) == pytest.approx(
        2.0 + 1.0 + 0.002 + 0.0025 + 0.0004
    )


@pytest.mark.parametrize("entry", PRICES)
def test_reading_a_cache_is_cheaper_than_input_and_writing_it_dearer(entry: str) -> None:
    given, output, read, write, write_1h = PRICES[entry]

    assert read < given < write < write_1h < output


def test_tokens_add_up_and_are_never_less_than_none() -> None:
    assert Tokens(1, 2, 3, 4, 5) + Tokens(1, 1, 1, 1, 1) == Tokens(2, 3, 4, 5, 6)
    assert Tokens(1, 5).beyond(Tokens(2, 3)) == Tokens(0, 2)
