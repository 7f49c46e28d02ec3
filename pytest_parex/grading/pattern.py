"""`pattern`: a number in text, found by a regular expression. The last match counts, since final figures come last.

The search runs in a process of its own with a time limit: the text is the variant's, and there are innocent expressions
for which a long line is a matter of years, which nothing inside a process can interrupt.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pytest_parex import processes
from pytest_parex.errors import ParexError
from pytest_parex.grading.found import tail
from pytest_parex.grading.freshness import one_fresh_match
from pytest_parex.grading.reading import Reading, UnreadableError, metric, number, shortened
from pytest_parex.model import MetricReader, Work

LARGEST = 16 * 1024**2
"""Bytes, from the end of the text: the last match is there, if there is one."""
LONGEST_SEARCH_S = 20.0

_SEARCH = """
import re, sys
text = sys.stdin.buffer.read().decode(errors="replace")
found = None
for match in re.finditer(sys.argv[1], text, re.MULTILINE):
    found = match[1] if match[1] is not None else found
if found is None:
    sys.exit(3)
sys.stdout.buffer.write(found[:200].encode(errors="replace"))
"""


def read_file(name: str, reader: MetricReader, work: Work) -> Reading:
    """The number that `pattern` finds last in a text file."""
    assert reader.file is not None
    assert reader.pattern is not None
    file = one_fresh_match(work, reader.file)
    try:
        return Reading({name: metric(last_match(reader.pattern, tail(work.workspace, file, LARGEST)), reader)})
    except UnreadableError as reason:
        raise UnreadableError(f"{shortened(file)}: {reason}") from None


def last_match(pattern: str, text: bytes, limit_s: float = LONGEST_SEARCH_S) -> float:
    """The number in the first group of the last match; the search is given up after `limit_s` seconds."""
    try:
        found = processes.capture(
            [sys.executable, "-I", "-S", "-c", _SEARCH, pattern],
            cwd=Path("/"),
            env={"PATH": os.defpath},
            timeout=limit_s,
            input=text,
        )
    except ParexError:
        raise UnreadableError(f"the search for `{pattern}` took more than {limit_s:g} s") from None
    if found.exit_code:
        raise UnreadableError(f"`{pattern}` matches nothing")
    return number(found.stdout.decode(errors="replace"))
