"""One card per trial for the page: everything known about its last attempt, within the page's allowance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from markupsafe import escape

from pytest_parex.compare import numbers
from pytest_parex.endings import Cause
from pytest_parex.model import CheckResult, FileChange, Result, TrialSummary
from pytest_parex.report.excerpts import Excerpt, find, head, tail
from pytest_parex.report.material import Material
from pytest_parex.report.text import one_line

_PAGE = 2_200_000
"""Bytes of logs and diffs in the whole page, as they stand in the file."""
_TRIAL = 60_000
_LINKED = (
    "result.json",
    "events.jsonl",
    "run.log",
    "setup.log",
    "traceback.txt",
    "transcript.md",
    "transcript.jsonl",
    "changes.patch",
    "RESULTS.md",
    "PROGRESS.md",
)
_COST = {"&": 5, "<": 4, ">": 4, '"': 5, "'": 5}


@dataclass(frozen=True)
class Allowance:
    """How much of a trial a page of so many trials can show."""

    excerpts: int
    """Bytes."""
    entries: int
    """Files, metrics, checks and artifacts, each."""

    @classmethod
    def of(cls, trials: int) -> Allowance:
        """The allowance of each of so many trials."""
        return cls(min(_TRIAL, _PAGE // max(trials, 1)), max(6, min(100, 6_000 // max(trials, 1))))


@dataclass(frozen=True)
class Shown:
    """An excerpt in the page, with what it is from."""

    title: str
    excerpt: Excerpt
    kind: Literal["log", "diff"]
    whole: str
    """Where the whole file is, as a link."""

    @property
    def pieces(self) -> tuple[tuple[str, str], ...]:
        """For a diff: runs of lines of one kind: `ins`, `del`, `b` (of a file), `i` (of a hunk) or nothing."""
        return diff_pieces(self.excerpt.text) if self.kind == "diff" else (("", self.excerpt.text),)


@dataclass(frozen=True)
class Card:
    """One trial as the page shows it."""

    anchor: str
    trial: TrialSummary
    result: Result | None
    message: str
    duration: str
    phases: tuple[tuple[str, str, float], ...] = ()
    """Name, duration, share of the whole."""
    checks: tuple[CheckResult, ...] = ()
    metrics: tuple[tuple[str, str], ...] = ()
    files: tuple[FileChange, ...] = ()
    left_out: tuple[str, ...] = ()
    """What there is more of, in words."""
    excerpts: tuple[Shown, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def cards(material: Material, anchors: Mapping[str, str], links: str) -> list[tuple[str, list[Card]]]:
    """Variant by variant, best first, the cards of its trials. `links` leads to the run directory."""
    allowance = Allowance.of(len(material.comparison.trials))
    return [
        (
            row.name,
            [_card(material, trial, anchors[trial.id], links, allowance) for trial in material.trials_of[row.name]],
        )
        for row in material.variants
        if material.trials_of[row.name]
    ]


def _card(material: Material, trial: TrialSummary, anchor: str, links: str, allowance: Allowance) -> Card:
    result = material.last.get(trial.id)
    message = cut(Excerpt(one_line(trial.message, 600)), 900, from_end=False).text
    if result is None:
        return Card(anchor, trial, None, message, "")
    whole = sum(result.phases.values())
    seconds = trial.metrics.get("duration_s", whole or None)
    names = sorted(trial.metrics, key=lambda name: (name not in material.comparison.rank, name))
    most = allowance.entries
    files = result.changes.files if result.changes else ()
    return Card(
        anchor,
        trial,
        result,
        message,
        "" if seconds is None else numbers.duration(seconds),
        tuple((name, numbers.duration(each), each / whole if whole else 0.0) for name, each in result.phases.items()),
        tuple(sorted(result.checks, key=lambda check: check.passed)[:most]),
        tuple(
            (name, numbers.metric(name, trial.metrics[name], material.measures[name].unit))
            for name in names[:most]
            if name in material.measures
        ),
        files[:most],
        tuple(
            _more(len(every) - most, noun)
            for every, noun in ((result.checks, "check"), (names, "metric"), (files, "changed file"))
            if len(every) > most
        ),
        tuple(_excerpts(material, trial, result, links, allowance.excerpts)),
        tuple(_links(material, trial, result, links, most)),
    )


def _more(number: int, noun: str) -> str:
    return numbers.count(number, f"more {noun}")


def _excerpts(material: Material, trial: TrialSummary, result: Result, links: str, limit: int) -> Iterator[Shown]:
    """Logs of failed checks, the diff, what the variant left to read, and what it printed."""
    directory = material.attempt_directory(trial)
    wanted: list[tuple[str, str, Literal["log", "diff"]]] = [
        (f"Check {check.name}", check.log, "log") for check in result.checks if not check.passed and check.log
    ][:3]
    if result.cause is Cause.SETUP_FAILED:
        wanted.append(("Setup", "setup.log", "log"))
    if result.cause in (Cause.CRASHED, Cause.GRADING_FAILED):
        wanted.append(("Traceback", "traceback.txt", "log"))
    if result.changes is not None and result.changes.files:
        wanted.append(("Diff", result.changes.patch, "diff"))
    wanted += [("RESULTS.md", "RESULTS.md", "log"), ("Output", "run.log", "log")]
    present = [each for each in wanted if find(directory, each[1]) is not None]
    for title, name, kind in present:
        share = limit // len(present)
        piece = (head if kind == "diff" else tail)(directory, name, share)
        if piece is not None and piece.text.strip():
            fitting = cut(piece, share, from_end=kind == "log")
            yield Shown(title, fitting, kind, _link(links, material.attempt_path(trial), name))


def _links(material: Material, trial: TrialSummary, result: Result, links: str, most: int) -> Iterator[tuple[str, str]]:
    directory, path = material.attempt_directory(trial), material.attempt_path(trial)
    logs = [check.log for check in result.checks if check.log][:most]
    for name in dict.fromkeys((*_LINKED, *logs, *result.artifacts[:most])):
        if find(directory, name) is not None:
            yield name, _link(links, path, name)


def _link(*parts: str) -> str:
    return quote("/".join(part for part in parts if part), safe="/", errors="replace")


def cut(excerpt: Excerpt, limit: int, *, from_end: bool) -> Excerpt:
    """The excerpt, cut so that it takes at most `limit` bytes once it is escaped; `from_end` keeps its end."""
    if len(str(escape(excerpt.text)).encode("utf-8", "replace")) <= limit:
        return excerpt
    room, keep = limit, 0
    for character in reversed(excerpt.text) if from_end else excerpt.text:
        room -= _COST.get(character) or len(character.encode("utf-8", "replace"))
        if room < 0:
            break
        keep += 1
    kept = excerpt.text[len(excerpt.text) - keep :] if from_end else excerpt.text[:keep]
    lost = len(excerpt.text[: len(excerpt.text) - keep] if from_end else excerpt.text[keep:])
    return Excerpt(kept, excerpt.left_out + lost)


def diff_pieces(diff: str) -> tuple[tuple[str, str], ...]:
    """Runs of lines of one kind; within a hunk a line that begins with `---` is a removed line, not a heading."""
    pieces: list[tuple[str, str]] = []
    in_hunk = False
    for line in diff.splitlines(keepends=True):
        if line.startswith("diff --git "):
            in_hunk = False
        if line.startswith("@@"):
            in_hunk = True
            kind = "i"
        elif in_hunk:
            kind = {"+": "ins", "-": "del"}.get(line[:1], "")
        else:
            kind = "b"
        if pieces and pieces[-1][0] == kind:
            pieces[-1] = (kind, pieces[-1][1] + line)
        else:
            pieces.append((kind, line))
    return tuple(pieces)
