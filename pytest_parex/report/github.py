"""GitHub-flavoured Markdown from text that may be hostile: escaping, tables, code, and fitting a limit.

Names, paths and messages stand in code spans: nothing is interpreted there, no mention notifies anybody and no
reference is made to an issue. Other text is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_parex.compare.numbers import count
from pytest_parex.report.table import Cell, Table
from pytest_parex.report.text import one_line, visible

_SPECIAL = re.compile(
    r"""[\\`*\[\]|~]                   # code, emphasis, links, cells
      | (?<![^\W_])_|_(?![^\W_])     # emphasis; not inside a word
      | \$(?=.*\$)                   # formulas
      | ^[\#>]|^[+=-](?!\d)         # headings, quotes, lists, rules
    """,
    re.VERBOSE,
)
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_REFERENCE = re.compile(r"([@#])(?=\w)")


def text(value: str) -> str:
    """One line of text that shows exactly its characters."""
    escaped = _SPECIAL.sub(r"\\\g<0>", one_line(value, 2000).replace("&", "&amp;").replace("<", "&lt;"))
    return _REFERENCE.sub(r"\1<!-- -->", _NUMBERED.sub(r"\1\\\2", escaped))


def code(value: str) -> str:
    """A code span; its fence is longer than any row of backticks in the text."""
    shown = one_line(value, 2000)
    if not shown.strip():
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def sentence(value: str) -> str:
    """A sentence of parex's own, in which names stand between backticks."""
    parts = one_line(value, 4000).split("`")
    if len(parts) % 2 == 0:
        return text(value)
    return "".join(code(part) if place % 2 else text_part(part) for place, part in enumerate(parts))


def text_part(value: str) -> str:
    """As `text`, keeping the spaces around it."""
    inner = value.strip()
    return value.replace(inner, text(inner)) if inner else value


def fenced(lines: Sequence[str]) -> str:
    """A block of preformatted lines."""
    body = visible("\n".join(lines))
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", body)), default=0) + 1)
    return f"{fence}text\n{body}\n{fence}"


def table_head(table: Table) -> str:
    """The heading and the alignment row."""
    titles = " | ".join(text(column.title) or " " for column in table.columns)
    rule = " | ".join("---:" if column.numeric else "---" for column in table.columns)
    return f"| {titles} |\n| {rule} |"


def table_rows(table: Table) -> tuple[str, ...]:
    """One line per row; the leader's name is bold."""
    return tuple(
        "| "
        + " | ".join(
            f"**{_cell(cell)}**" if row.best and place == 0 else _cell(cell) for place, cell in enumerate(row.cells)
        )
        + " |"
        for row in table.rows
    )


def _cell(cell: Cell) -> str:
    if cell.kind in ("name", "trial"):
        return code(cell.text).replace("|", "\\|") or " "
    return text(f"{cell.text} {cell.note}".strip()) or " "


@dataclass(frozen=True)
class Section:
    """A part of the report that can lose rows from its end. `folded`: shown behind a line to click on."""

    title: str
    head: str = ""
    rows: tuple[str, ...] = ()
    joint: str = "\n"
    foot: str = ""
    folded: bool = False
    cut: int = 0

    def __str__(self) -> str:
        left_out = f"*{count(self.cut, 'entry', 'entries')} left out to fit.*" if self.cut else ""
        head = self.joint.join((*([self.head] if self.head else []), *self.rows))
        body = "\n\n".join(part for part in (head, left_out, self.foot) if part)
        if self.folded:
            return f"<details><summary>{self.title}</summary>\n\n{body}\n\n</details>"
        return f"## {self.title}\n\n{body}" if self.title else body


def fit(sections: Sequence[Section], limit: int) -> tuple[Section, ...]:
    """The sections, made to fit `limit` characters: the longest gives up rows from its end until all fit.

    A section that has no rows left stays with its title and says what is left out. Heads are never cut.
    """
    fitting = list(sections)
    sizes = [len(str(section)) + 2 for section in fitting]
    while sum(sizes) > limit:
        candidates = [place for place, section in enumerate(fitting) if section.rows]
        if not candidates:
            break
        longest = max(candidates, key=lambda place: sizes[place])
        section = fitting[longest]
        drop = max(1, len(section.rows) // 10)
        fitting[longest] = replace(section, rows=section.rows[:-drop], cut=section.cut + drop)
        sizes[longest] = len(str(fitting[longest])) + 2
    return tuple(fitting)
