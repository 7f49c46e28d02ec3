"""What people and scripts read: terminal table, Markdown, page, CSV and JSON, all made from stored data only.

`table`, `overview` and `details` say what is in the tables, once for every format; `text` and `excerpts` make hostile
logs and names safe to look at; `terminal`, `markdown` with `github`, `page` with `cards` and `templates/`, and `flat`
each know one format; `writing` picks one by a file's suffix.
"""

from pytest_parex.report.terminal import terminal_contamination, terminal_reasons, terminal_table, terminal_verdict
from pytest_parex.report.text import visible
from pytest_parex.report.words import headline
from pytest_parex.report.writing import SUFFIXES, csv, json, markdown, page, write

__all__ = [
    "SUFFIXES",
    "csv",
    "headline",
    "json",
    "markdown",
    "page",
    "terminal_contamination",
    "terminal_reasons",
    "terminal_table",
    "terminal_verdict",
    "visible",
    "write",
]
