"""What travels with pytest's reports from a worker to the controller: which trial an item was about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from pytest_parex.plugin.collection import trial_of
from pytest_parex.plugin.session import Key, Session


class Reports:
    """Marks reports with the trial, and with how many items of the session ask for that trial."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._asking: Counter[Key] = Counter()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count the items per trial; the last of them lets the workspace go."""
        self._asking = Counter(key for item in session.items if (key := trial_of(item)))
        self._session.asked = self._asking.keys()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Attach the facts, as built-in types only: anything else would not survive the way to the controller."""
        report = yield
        if key := trial_of(item):
            report.parex = {"experiment": key[0], "trial": key[1], "asking": self._asking[key]}
        return report
