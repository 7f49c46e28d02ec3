"""The first thing that a reader of the README runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_parex.model import Comparison
from pytest_parex.testing import Project

README = Path(__file__).parents[2] / "README.md"


def test_the_readmes_first_command_compares_three_implementations(
    example: Callable[[str], Project],
    contents: Callable[[Path], Mapping[str, object]],
    shown: Callable[[Path], str],
) -> None:
    repo = example("quickstart")
    before = contents(repo.path / "examples")

    command = re.findall(r"bin/pytest (--parex .*)$", README.read_text(), re.MULTILINE)
    run = repo.run(*shlex.split(command[0]), spec=None, timeout=300)

    assert run.exit_code == 0, run.out
    assert run.outcomes == {"passed": 9}, run.out
    assert contents(repo.path / "examples") == before
    folder = run.run("quickstart").directory
    comparison = Comparison.model_validate_json((folder / "comparison.json").read_text())
    assert [variant.name for variant in comparison.variants] == ["dict", "sorting", "loop"]
    assert (comparison.verdict, comparison.leader, comparison.winner) == ("leader only", "dict", None)

    markdown, page = (folder / "comparison.md").read_text(), shown(folder / "comparison.html")
    for variant in comparison.variants:
        timing = timing_of(variant.name, markdown)
        assert float(timing.removesuffix(" ms")) > 0
        assert re.search(rf"\b{variant.name} (leads )?3/3 \(100 %, 31 % to 100 %\) [✓ ]+{timing} ", page), page
        assert re.search(rf"\b{variant.name} +3/3 +31-100 % +{timing}", run.out), run.out


def timing_of(variant: str, markdown: str) -> str:
    """The variant's `time` in the first table: `| **`dict`** | 3/3 (100 %, 31 % to 100 %) | ✓✓✓ | 0.55 ms | …`."""
    cells = next(line for line in markdown.splitlines() if re.match(rf"\| \**`{variant}`\** \|", line)).split(" | ")
    return cells[3]
