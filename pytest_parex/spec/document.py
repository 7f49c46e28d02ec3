"""A spec file as it is written: plain data, and where every key and value of it stands."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pytest_parex.errors import Fault, SpecError
from pytest_parex.spec import json_text, yaml_text
from pytest_parex.spec.yaml_text import BOOL, DEEPEST, FLOAT, INT, MERGE, NULL, SEQ, STR, UnreadableError

Keys = tuple[str | int, ...]
"""The way to a value: keys of mappings and indexes of lists."""

LARGEST = 10_000_000
"""Bytes of a spec file."""
MOST_REPEATED = 100_000
"""Values that aliases may repeat; beyond that a small file would fill the memory."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_PLAIN_TAGS = {NULL, BOOL, INT, FLOAT, STR, MERGE}


@dataclass
class Document:
    """The data of a spec file, with positions. `faults` holds what is wrong with the writing itself."""

    file: str
    data: Any = None
    keys: dict[Keys, int] = field(default_factory=dict)
    """Where the key of an entry stands: characters from the beginning of the text."""
    values: dict[Keys, int] = field(default_factory=dict)
    written: dict[Keys, str] = field(default_factory=dict)
    """Scalars as they are written: `3.10` where the value is 3.1."""
    overridden: dict[Keys, str] = field(default_factory=dict)
    """What was set on the command line, and the option that did it."""
    starts: list[int] = field(default_factory=lambda: [0])
    faults: list[Fault] = field(default_factory=list)

    def at(self, path: Keys, message: str) -> Fault:
        """A fault of the value at this path; of what holds it if the file does not have it."""
        return self._fault(path, self.values, message)

    def at_key(self, path: Keys, message: str) -> Fault:
        """A fault of the key at the end of this path."""
        return self._fault(path, self.keys, message)

    def line_of(self, path: Keys) -> int:
        """The line of the key at the end of this path, counted from 1; 1 if the file does not have it."""
        return self._position(self.keys[path])[0] if path in self.keys else 1

    def _fault(self, path: Keys, places: Mapping[Keys, int], message: str) -> Fault:
        for length in range(len(path) + 1):
            if path[:length] in self.overridden:
                path, message = path[:length], f"{self.overridden[path[:length]]}: {message}"
                break
        index = places.get(path)
        while index is None and path:
            index = self.values.get(path)
            path = path[:-1]
        line, column = self._position(self.values.get((), 0) if index is None else index)
        return Fault(self.file, line, column, message)

    def _position(self, index: int) -> tuple[int, int]:
        line = bisect_right(self.starts, index)
        return line, index - self.starts[line - 1] + 1


def read_document(path: Path, key: str = "variants") -> Document:
    """Read a spec file, YAML or (by its suffix) JSON; SpecError if it cannot be read as one.

    `key` is one that such a file has, for the message to those who have written none.
    """
    document = Document(str(path))
    try:
        content = _content(path)
        document.starts = [0, *(found.end() for found in _LINE_END.finditer(content.decode("utf-8-sig", "replace")))]
        text = _text(content)
        root = (json_text if path.suffix.lower() == ".json" else yaml_text).compose(text)
        if root is None:
            raise UnreadableError(0, f"the file is empty; it has at least `{key}`")
        document.data = _Unfolding(document).value(root, ())
    except UnreadableError as error:
        line, column = document._position(error.index)
        raise SpecError([Fault(document.file, line, column, error.message)]) from None
    if not isinstance(document.data, dict):
        found = "a list" if isinstance(document.data, list) else "a single value"
        raise SpecError([document.at((), f"found {found}; allowed: a mapping with keys such as `{key}`")])
    return document


def unfold(root: Node | None) -> Document:
    """The data of a text that is no file; UnreadableError if it refers to itself."""
    document = Document("")
    document.data = None if root is None else _Unfolding(document).value(root, ())
    return document


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UnreadableError(0, "is a directory; expected a YAML or JSON file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise UnreadableError(0, "there is no such file") from None
    except (OSError, ValueError) as error:
        raise UnreadableError(0, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > LARGEST:
        raise UnreadableError(0, f"is larger than {LARGEST // 1_000_000} MB; expected a YAML or JSON text")
    return content


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError(0, "is encoded as UTF-16; save it as UTF-8")
    if b"\0" in content:
        raise UnreadableError(0, "is a binary file; expected a YAML or JSON text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = error.object[: error.start].decode("utf-8-sig")
        raise UnreadableError(
            len(good), f"is not encoded as UTF-8: found the byte 0x{error.object[error.start]:02x}"
        ) from None


class _Unfolding:
    """Nodes → plain data. Fills the positions of the document on its way; faults do not stop it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.open: list[Node] = []
        self.seen: set[int] = set()
        self.repeated = 0

    def value(self, node: Node, path: Keys) -> Any:
        """The data of a node, which stands at `path`."""
        self._guard(node)
        self.document.values[path] = node.start_mark.index
        self.open.append(node)
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, path)
            if isinstance(node, SequenceNode):
                if node.tag != SEQ:
                    self._fault(node, f"the tag {node.tag} has no meaning here")
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._scalar(node, path)
        finally:
            self.open.pop()

    def _guard(self, node: Node) -> None:
        if len(self.open) > DEEPEST:
            raise UnreadableError(node.start_mark.index, f"nested more than {DEEPEST} levels deep, through an alias")
        if any(node is other for other in self.open):
            raise UnreadableError(node.start_mark.index, "this contains itself, through an alias")
        if id(node) in self.seen:
            self.repeated += 1
            if self.repeated > MOST_REPEATED:
                raise UnreadableError(
                    node.start_mark.index, f"aliases repeat more than {MOST_REPEATED:,} values; write them out"
                )
        self.seen.add(id(node))

    def _mapping(self, node: MappingNode, path: Keys) -> dict[str, Any]:
        if node.tag != yaml_text.MAP:
            self._fault(node, f"the tag {node.tag} has no meaning here")
        found: dict[str, Any] = {}
        for key, value in self._entries(node):
            name = self._name(key)
            self.document.keys[*path, name] = key.start_mark.index
            found[name] = self.value(value, (*path, name))
        return found

    def _entries(self, node: MappingNode) -> Iterator[tuple[Node, Node]]:
        """The entries of a mapping, those of its merge keys first; an entry of its own replaces a merged one."""
        merged: dict[str, tuple[Node, Node]] = {}
        own: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            if key.tag == MERGE and isinstance(key, ScalarNode):
                for name, entry in self._merged(value):
                    merged.setdefault(name, entry)
                continue
            name = self._name(key)
            if name in own:
                first, _ = self.document._position(own[name][0].start_mark.index)
                self._fault(key, f"`{name}` is given twice; first in line {first}")
            else:
                own[name] = (key, value)
        return iter({**merged, **own}.values())

    def _merged(self, node: Node) -> Iterator[tuple[str, tuple[Node, Node]]]:
        for source in node.value if isinstance(node, SequenceNode) else [node]:
            if not isinstance(source, MappingNode):
                self._fault(source, "`<<` merges a mapping or a list of mappings")
                continue
            self._guard(source)
            self.open.append(source)
            for key, value in self._entries(source):
                yield self._name(key), (key, value)
            self.open.pop()

    def _name(self, key: Node) -> str:
        if isinstance(key, ScalarNode):
            return self._readable(key, key.value)
        self._fault(key, "a key is text, not a list or mapping")
        return "?"

    def _scalar(self, node: Node, path: Keys) -> Any:
        text = self._readable(node, str(node.value))
        self.document.written[path] = text
        if node.tag not in _PLAIN_TAGS:
            self._fault(node, f"the tag {node.tag} has no meaning here")
            return text
        try:
            return _convert(node.tag, text)
        except ValueError as error:
            self._fault(node, str(error))
            return None

    def _readable(self, node: Node, text: str) -> str:
        try:
            if not text.isascii():
                text = text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._fault(node, "half of a surrogate pair is no character")
            return text.encode("utf-8", "replace").decode("utf-8")
        if "\0" in text:
            self._fault(node, "the character NUL cannot be part of a name, a path or a command")
            return text.replace("\0", "")
        return text

    def _fault(self, node: Node, message: str) -> None:
        line, column = self.document._position(node.start_mark.index)
        self.document.faults.append(Fault(self.document.file, line, column, message))


def scalar(text: str) -> Any:
    """What a plain YAML scalar means: a number, true, false, nothing, or text."""
    return _convert(yaml_text.tag_of(text), text)


def _convert(tag: str, text: str) -> Any:
    if tag == NULL:
        return None
    if tag == BOOL:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"found {text!r}; allowed: true, false")
        return text.lower() == "true"
    if tag == INT:
        base = {"0x": 16, "0o": 8}.get(text[:2], 10)
        try:
            return int(text, base)
        except ValueError:
            raise ValueError("this is no whole number, or one with too many digits") from None
    if tag == FLOAT:
        try:
            number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            raise ValueError(f"found {text!r}; allowed: a number") from None
        if not math.isfinite(number):
            raise ValueError(f"found {text}; allowed: a finite number")
        return number
    return text
