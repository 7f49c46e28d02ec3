"""Text from logs, diffs, messages and names, made safe to look at. All of it may be hostile.

Terminal escapes are taken out. Everything else that would be invisible, or would change how the text around it is
shown, is made visible instead of dropped: a reader must see that it is there. Whatever a report prints passes here;
escaping for HTML, Markdown or CSV comes after it, in the module that writes that format.
"""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"""\x1b\[[0-?]*[ -/]*[@-~]              # CSI: colours, cursor movement
      | \x9b[0-?]*[ -/]*[@-~]                # the same with an 8-bit introducer
      | \x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)   # OSC, DCS …: titles, hyperlinks; only if they end on the same line
      | \x1b[ -/]*[0-~]                      # two-character escapes
    """,
    re.VERBOSE,
)
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters except tab and newline
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, bidirectional
    "\ud800-\udfff"  # halves of characters
    "\U000e0000-\U000e0fff]"  # tags: readable by programs, invisible to people
)


class _Names(dict[int, str]):
    """What is written for a hidden character; filled as characters are met, since `str.translate` asks for each."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = _name(code) if _HIDDEN.match(character) else character
        return self[code]


_NAMES = _Names()


def visible(text: str) -> str:
    """The text without terminal escapes, with control, bidirectional and zero-width characters shown by name.

    Newlines and tabs stay; a carriage return becomes a new line, so that nothing is overwritten unseen.
    """
    plain = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return plain.translate(_NAMES) if _HIDDEN.search(plain) else plain


def one_line(text: str, limit: int = 300) -> str:
    """The visible text on one line, its line ends shown as `⏎`, cut at `limit` characters."""
    joined = " ⏎ ".join(line.strip() for line in visible(text[: limit * 8]).split("\n") if line.strip())
    return shortened(joined.replace("\t", " "), limit)


def shortened(text: str, limit: int) -> str:
    """The text, cut to `limit` characters with an ellipsis in the middle, where names differ least."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"


def _name(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"⟨U+{code:04X}⟩"
