"""Plain data → YAML for people, which our reader takes for the same data."""

from __future__ import annotations

import re
from typing import Any

from yaml import SafeDumper, dump
from yaml.nodes import ScalarNode

from pytest_parex.spec import yaml_text

_WIDTH = 120
_DELICATE = re.compile(
    "[^\\n\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\U00010000-\U0010ffff]"
)
"""Characters that YAML takes for the end of a line, or leaves out."""


def yaml_of(data: Any) -> str:
    """The YAML text of plain data; texts of several lines are written as such."""
    return dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


class _Dumper(SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _text(dumper: SafeDumper, text: str) -> ScalarNode:
    style = None
    if _DELICATE.search(text):
        style = '"'
    elif "\n" in text:
        style = "|"
    elif text == "<<" or yaml_text.tag_of(text) != yaml_text.STR:  # PyYAML knows fewer forms of numbers than we read
        style = "'"
    return dumper.represent_scalar(yaml_text.STR, text, style=style)


_Dumper.add_representer(str, _text)
