"""The name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that is most like the word, without regard to case; None if none is like it."""
    by_folded = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def meant(word: str, known: Iterable[str]) -> str:
    """` Did you mean …?`, or nothing."""
    found = nearest(word, known)
    return f"; did you mean `{found}`?" if found else ""


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names for a message, shortened if there are many."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
