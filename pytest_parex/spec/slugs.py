"""Names that may stand in ids, paths and refs."""

from __future__ import annotations

import re
import unicodedata

from pytest_parex.model import SLUG

LONGEST = 100
"""Characters of a name: it becomes a part of file names."""
ALLOWED = f"letters, digits, '-', '_' and '.', beginning with a letter or digit, at most {LONGEST} characters"

_SLUG = re.compile(rf"{SLUG[:-1]}\Z", re.ASCII)


def slug(text: str) -> str:
    """The text with everything replaced that a name may not have; empty if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9_.-]+", "-", plain)).strip("-._")


def why_no_name(text: str) -> str | None:
    """What keeps the text from being a name; None if it is one."""
    if not _SLUG.match(text) or len(text) > LONGEST:
        return f"allowed: {ALLOWED}"
    if "--" in text:
        return "'--' is reserved: it joins the parts of a trial's id"
    return None
