"""A run's comparison.html in a real browser, opened from the disk, without a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_parex.testing import Project

SPEC = """
    description: Which one counts to three?
    variants:
      right: {env: {UP_TO: "3"}}
      wrong: {env: {UP_TO: "2"}}
    runner: {shell: 'seq "$UP_TO" > numbers; echo "<b>printed</b> by $PAREX_VARIANT"'}
    checks:
      three: test "$(wc -l < numbers)" = 3
    metrics:
      lines: {command: wc -l < numbers, unit: lines, better: higher}
"""


def test_the_page_opens_from_the_disk_and_asks_nobody_for_anything(
    project: Callable[..., Project], browser: Any
) -> None:
    repo = project()
    repo.spec(SPEC)
    page = repo.run().run().directory / "comparison.html"

    browser.open(page)

    assert browser.requests == [page.as_uri()]
    assert browser.errors == []
    shown = browser.text
    assert "Which one counts to three?" in shown
    assert "right leads: it is the only variant with a passed trial (1 of 1 passed)." in shown
    assert "3 lines" in shown
    assert "<b>printed</b> by right" not in shown

    browser.evaluate("document.querySelectorAll('summary').forEach(summary => summary.click())")

    shown = browser.text
    assert "<b>printed</b> by right" in shown
    assert "+++ b/numbers" in shown
    assert browser.requests == [page.as_uri()]
    assert browser.errors == []


def test_requests_and_errors_of_a_page_would_be_noticed(tmp_path: Path, browser: Any) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://example.org/picture.png"><script>console.error("alas"); undefined.x</script>')

    browser.open(page)

    assert "http://example.org/picture.png" in browser.requests
    assert [error for error in browser.errors if "alas" in error]
    assert [error for error in browser.errors if "Uncaught" in error]
