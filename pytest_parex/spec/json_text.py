"""JSON text → nodes that know where they stand, of the same kind as those of YAML.

`json.loads` decides what is valid and what a token means; the walk over the tokens only adds where each of them
stands. YAML's own scanner would refuse tabs, long keys and characters that JSON allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pytest_parex.spec.yaml_text import BOOL, DEEPEST, FLOAT, INT, MAP, NULL, SEQ, STR, UnreadableError

_TOKEN = re.compile(r'[ \t\n\r]*([{}\[\],:]|"(?:[^"\\]|\\.)*"|[^ \t\n\r{}\[\],:"]+)')
_WORDS = {"null": NULL, "true": BOOL, "false": BOOL}

_Token = tuple[int, str]


def compose(text: str) -> Node | None:
    """The root node of a JSON text, None if it is empty; UnreadableError if it is not JSON."""
    if not text.strip():
        return None
    try:
        json.loads(text, parse_int=float, parse_float=float)
    except json.JSONDecodeError as error:
        raise UnreadableError(error.pos, f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}") from None
    except RecursionError:
        raise UnreadableError(0, f"nested more than {DEEPEST} levels deep") from None
    tokens = ((found.start(1), found[1]) for found in _TOKEN.finditer(text))
    return _node(next(tokens), tokens, depth=1)


def _node(token: _Token, tokens: Iterator[_Token], depth: int) -> Node:
    index, text = token
    if depth > DEEPEST:
        raise UnreadableError(index, f"nested more than {DEEPEST} levels deep")
    if text == "{":
        return MappingNode(MAP, list(_entries(tokens, depth)), _mark(index))
    if text == "[":
        return SequenceNode(SEQ, list(_items(tokens, depth)), _mark(index))
    return _scalar(token)


def _entries(tokens: Iterator[_Token], depth: int) -> Iterator[tuple[Node, Node]]:
    for token in tokens:
        if token[1] == "}":
            return
        if token[1] != ",":
            next(tokens)  # the colon
            yield _scalar(token), _node(next(tokens), tokens, depth + 1)


def _items(tokens: Iterator[_Token], depth: int) -> Iterator[Node]:
    for token in tokens:
        if token[1] == "]":
            return
        if token[1] != ",":
            yield _node(token, tokens, depth + 1)


def _scalar(token: _Token) -> ScalarNode:
    index, text = token
    if text.startswith('"'):
        return ScalarNode(STR, json.loads(text), _mark(index), style='"')
    number = INT if text.lstrip("-").isdecimal() else FLOAT
    return ScalarNode(_WORDS.get(text, number), text, _mark(index))


def _mark(index: int) -> Mark:
    return Mark("", index, 0, 0, None, 0)
