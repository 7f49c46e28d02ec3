"""Every fault of a script is said with its place, what was found and what is allowed; all at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.errors import SpecError
from pytest_parex.rehearsal import Script, read_script
from pytest_parex.testing import ScriptedModel

from .client import ask

FAULTS: list[tuple[str, str, list[str]]] = [
    ("", "1:1", ["empty", "`sessions`"]),
    ("- a\n", "1:1", ["found a list", "a mapping with keys such as `sessions`"]),
    ("sessions: [a: b: c]\n", "1:16", ["not valid YAML"]),
    ("sesions: []\n", "1:1", ["unknown key `sesions`", "known here: sessions, scripts", "did you mean `sessions`?"]),
    ("sessions: all\n", "1:11", ["found 'all'", "a list of sessions"]),
    ("sessions: [all]\n", "1:12", ["`sessions[0]`", "found 'all'", "a mapping with `turns`"]),
    ("sessions:\n  - turn: [a]\n", "2:5", ["`sessions[0]`", "unknown key `turn`", "`turns`?"]),
    ("sessions:\n  - turns: a\n", "2:12", ["found 'a'", "a list of turns"]),
    ("sessions:\n  - turns: [5]\n", "2:13", ["`sessions[0].turns[0]`", "found 5", "a text, or a mapping"]),
    ("sessions:\n  - when: oop\n", "2:11", ["found 'oop'", "facts with their values"]),
    ("sessions:\n  - when: {a: {b: c}}\n", "2:15", ["`sessions[0].when.a`", "a value, or a list of values"]),
    ("sessions:\n  - when: {a: [[b]]}\n", "2:15", ["a value, or a list of values"]),
    ("sessions:\n  - after: 5\n", "2:12", ["`sessions[0].after`", "a text, or a mapping"]),
    ("scripts: [a]\n", "1:10", ["names with their turns"]),
    ("scripts: {a: b}\n", "1:14", ["`scripts.a`", "found 'b'", "a list of turns"]),
    ("scripts: {a: [{txt: b}]}\n", "1:16", ["`scripts.a[0]`", "unknown key `txt`", "`text`?"]),
    ("scripts: {a: [{text: 5}]}\n", "1:22", ["`scripts.a[0].text`", "text; put it in quotes"]),
    ("scripts: {a: [{think: ''}]}\n", "1:23", ["text that is not empty"]),
    ("scripts: {a: [{calls: Bash}]}\n", "1:23", ["found 'Bash'", "a list of calls"]),
    ("scripts: {a: [{calls: [Bash]}]}\n", "1:24", ["found 'Bash'", "one key, the tool"]),
    ("scripts: {a: [{calls: [{Bash: {}, Read: {}}]}]}\n", "1:24", ["one key, the tool"]),
    ("scripts: {a: [{calls: [{Bash: ls}]}]}\n", "1:24", ["the input of Bash is a mapping"]),
    ("scripts: {a: [{text: b, content: []}]}\n", "1:15", ["`content` stands instead of"]),
    ("scripts: {a: [{content: [{text: b}]}]}\n", "1:15", ["`content[0]` has no `type`"]),
    ("scripts: {a: [{content: text}]}\n", "1:25", ["a list of the API's content blocks"]),
    ("scripts: {a: [{stop_reason: end}]}\n", "1:29", ["found 'end'", "end_turn, tool_use, max_tokens"]),
    ("scripts: {a: [{usage: {input: 5}}]}\n", "1:24", ["`scripts.a[0].usage`", "unknown key `input`", "input_tokens"]),
    ("scripts: {a: [{usage: {input_tokens: -5}}]}\n", "1:38", ["found -5", "0 or more"]),
    ("scripts: {a: [{usage: {input_tokens: 1.5}}]}\n", "1:38", ["found 1.5", "a whole number"]),
    ("scripts: {a: [{usage: 100}]}\n", "1:23", ["found 100", "a mapping"]),
    ("scripts: {a: [{delay_s: -1}]}\n", "1:25", ["0 or more"]),
    ("scripts: {a: [{delay_s: 1s}]}\n", "1:25", ["a number"]),
    ("scripts: {a: [{headers: {b: [c]}}]}\n", "1:29", ["`scripts.a[0].headers.b`", "text, a number, true or false"]),
    ("scripts: {a: [{fail: 500}]}\n", "1:22", ["found 500", "a kind of failure, or a mapping with `kind`"]),
    ("scripts: {a: [{fail: cutt}]}\n", "1:22", ["found 'cutt'", "http, refuse, cut, hang", "did you mean `cut`?"]),
    ("scripts: {a: [{fail: {status: 500}}]}\n", "1:22", ["`kind` is missing"]),
    ("scripts: {a: [{fail: {kind: http, status: 200}}]}\n", "1:43", ["400 or more"]),
    ("scripts: {a: [{fail: {kind: http, times: 0}}]}\n", "1:42", ["1 or more"]),
    ("scripts: {a: [{fail: {kind: cut, status: 500}}]}\n", "1:22", ["`status`", "`cut`", "`times`, `after_events`"]),
    (
        "scripts: {a: [{fail: {kind: refuse, seconds: 5}}]}\n",
        "1:22",
        ["`seconds`", "`refuse`", "for it: `times`"],
    ),
    ("scripts: {a: [{text: x, text: y}]}\n", "1:25", ["`text` is given twice"]),
]


@pytest.mark.parametrize(("text", "place", "words"), FAULTS, ids=[text.strip() or "empty" for text, _, _ in FAULTS])
def test_faults_are_said_where_they_are(text: str, place: str, words: list[str], tmp_path: Path) -> None:
    file = tmp_path / "rehearsal.yaml"
    file.write_text(text)

    with pytest.raises(SpecError) as error:
        read_script(file)

    [fault] = error.value.faults
    assert f"{fault.line}:{fault.column}" == place
    assert [word for word in words if word not in fault.message] == []


def test_all_faults_of_a_file_are_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "rehearsal.yaml"
    file.write_text("sessions:\n  - turns: [5, {txt: a}]\n  - wen: {}\n    turns: [{fail: x}]\nscript: {}\n")

    with pytest.raises(SpecError) as error:
        read_script(file)

    places = [(fault.line, fault.column) for fault in error.value.faults]
    assert places == [(2, 13), (2, 17), (3, 5), (4, 20), (5, 1)]
    assert str(error.value).startswith(f"{file}:2:13: ")


def test_json_is_read_by_its_suffix_and_says_places_too(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"sessions": [{"turns": ["a"]}]}')
    (tmp_path / "b.json").write_text('{"sessions":\n [{"turn": ["a"]}]}')

    assert read_script(tmp_path / "a.json").sessions[0].turns[0].text == "a"
    with pytest.raises(SpecError, match=r"b\.json:2:4: "):
        read_script(tmp_path / "b.json")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"none\.yaml:1:1: there is no such file"):
        ScriptedModel(tmp_path / "none.yaml")


def test_faults_of_plain_data_are_said_by_their_keys() -> None:
    with pytest.raises(SpecError, match=r"`sessions\[0\]\.turns\[0\]`: unknown key `txt`"):
        ScriptedModel({"sessions": [{"turns": [{"txt": "a"}]}]})


def test_a_script_may_be_an_object_data_or_the_path_of_a_file(tmp_path: Path) -> None:
    data: dict[str, Any] = {"sessions": [{"when": {"variant": "a"}, "turns": ["x", {"calls": [{"Bash": {}}]}]}]}
    file = tmp_path / "rehearsal.json"
    file.write_text(json.dumps(data))

    for script in (data, file, str(file), Script.model_validate(data), read_script(file)):
        with ScriptedModel(script) as model:
            assert ask(model, facts={"variant": "a"}).text == "x"
