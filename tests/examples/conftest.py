"""Fixtures for tests of the examples, which run as their readers run them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pytest_parex.testing import Project

EXAMPLES = Path(__file__).parents[2] / "examples"
Contents = Mapping[str, tuple[int, int, bytes]]


@pytest.fixture
def example(project: Callable[..., Project]) -> Callable[[str], Project]:
    """A repository that holds a copy of this example: `example("quickstart")`."""

    def copy(name: str) -> Project:
        repo = project(name="clone")
        made = shutil.ignore_patterns("__pycache__", ".*_cache", "*.parex", ".parex", "*-[0-9]*")
        shutil.copytree(EXAMPLES / name, repo.path / "examples" / name, ignore=made)
        repo.commit()
        return repo

    return copy


@pytest.fixture
def contents() -> Callable[[Path], Contents]:
    """What a folder holds: path → mode, time of the last change, bytes."""

    def read(folder: Path) -> Contents:
        found = {}
        for path in sorted(folder.rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, content)
        return found

    return read


@pytest.fixture
def shown() -> Callable[[Path], str]:
    """The text that a page shows, without its markup; every run of white space is one space."""

    def text(page: Path) -> str:
        reader = _Text()
        reader.feed(page.read_text(encoding="utf-8"))
        return " ".join(" ".join(reader.found).split())

    return text


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.found.append(data)
