"""Tests that need a part of the machine say so where it is missing, and cannot be missed where it is required."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest


@pytest.mark.parametrize("required", ["", "index,docker"])
def test_a_missing_part_skips_the_test(
    lacking: Callable[[str, str], NoReturn], monkeypatch: pytest.MonkeyPatch, required: str
) -> None:
    monkeypatch.setenv("PAREX_TESTS_REQUIRE", required)

    with pytest.raises(pytest.skip.Exception, match="browser: there is none"):
        lacking("browser", "there is none")


@pytest.mark.parametrize("required", ["browser", "index,browser"])
def test_a_missing_part_that_is_required_fails_the_test(
    lacking: Callable[[str, str], NoReturn], monkeypatch: pytest.MonkeyPatch, required: str
) -> None:
    monkeypatch.setenv("PAREX_TESTS_REQUIRE", required)

    with pytest.raises(pytest.fail.Exception, match="browser: there is none"):
        lacking("browser", "there is none")
