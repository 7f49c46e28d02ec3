"""YAML text → nodes that know where they stand.

Scalars are those of the YAML 1.2 core schema, so that `on`, `no`, `12:30` and `2026-01-01` stay text. Nodes are
composed and never constructed: no tag of a file can make an object.
"""

from __future__ import annotations

import re

from yaml.composer import Composer
from yaml.error import MarkedYAMLError, YAMLError
from yaml.nodes import Node
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

DEEPEST = 64
"""Levels of nesting; nothing that a spec describes comes near."""

NULL = "tag:yaml.org,2002:null"
BOOL = "tag:yaml.org,2002:bool"
INT = "tag:yaml.org,2002:int"
FLOAT = "tag:yaml.org,2002:float"
MERGE = "tag:yaml.org,2002:merge"
STR = "tag:yaml.org,2002:str"
SEQ = "tag:yaml.org,2002:seq"
MAP = "tag:yaml.org,2002:map"

_CORE = (
    (NULL, re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""]),
    (BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")),
    (INT, re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"), list("-+0123456789")),
    (FLOAT, re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"), list("-+.0123456789")),
    (FLOAT, re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"), list("-+.")),
)
_HINTS = {
    "mapping values are not allowed here": "text that contains ': ' needs quotes; keys of a mapping share a column",
    "found character '\\t' that cannot start any token": "YAML is indented with spaces, not with tabs",
    "found character '@' that cannot start any token": "text that begins with '@' needs quotes",
    "found character '`' that cannot start any token": "text that begins with '`' needs quotes",
    "found character '%' that cannot start any token": "text that begins with '%' needs quotes",
    "but found another document": "the file is one document; remove the second '---'",
    "found unexpected end of stream": "a quote or bracket is not closed",
}


class UnreadableError(Exception):
    """The text is not what its format demands; `index` counts characters from its beginning."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.message = message


class _Nodes(Reader, Scanner, Parser, Composer, BaseResolver):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Compose with a limit, since the composer recurses."""
        self.depth += 1
        if self.depth > DEEPEST:
            place = self.peek_event().start_mark.index  # type: ignore[no-untyped-call]
            raise UnreadableError(place, f"nested more than {DEEPEST} levels deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


for _tag, _pattern, _first in (*_CORE, (MERGE, re.compile(r"<<\Z"), ["<"])):
    _Nodes.add_implicit_resolver(_tag, _pattern, _first)


def tag_of(text: str) -> str:
    """The tag of a plain scalar by the core schema."""
    return next((tag for tag, pattern, _ in _CORE if pattern.match(text)), STR)


def compose(text: str) -> Node | None:
    """The root node of a YAML text, None if it is empty; UnreadableError if it is not YAML."""
    nodes: _Nodes | None = None
    try:
        nodes = _Nodes(text)
        return nodes.get_single_node()
    except ReaderError as error:
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise UnreadableError(error.position, f"a character that YAML does not allow: U+{code:04X}") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it cannot be read"
        hint = f" ({_HINTS[problem]})" if problem in _HINTS else ""
        raise UnreadableError(mark.index if mark else 0, f"not valid YAML: {problem}{hint}") from None
    except YAMLError as error:
        raise UnreadableError(0, f"not valid YAML: {error}") from None
    except (ValueError, OverflowError) as error:  # escapes and directives with impossible numbers
        raise UnreadableError(nodes.get_mark().index if nodes else 0, f"not valid YAML: {error}") from None
