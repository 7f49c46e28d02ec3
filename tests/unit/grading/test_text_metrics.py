from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.grading.pattern import last_match
from pytest_parex.grading.reading import UnreadableError

Read = Callable[..., tuple[dict[str, float], dict[str, str]]]


def test_the_last_match_in_a_file_counts(read: Read, workspace: Path) -> None:
    text = "p99=10\nwarming up\np99=12.5 p99=11\n"
    assert read(lambda: (workspace / "log").write_text(text), file="log", pattern="p99=([0-9.]+)") == ({"m": 11}, {})


@pytest.mark.parametrize(
    ("text", "value"),
    [("n: 1,234,567.5", 1234567.5), ("n: 1e3", 1000), ("n: -2", -2), ("n: +.5", 0.5), ("a\nn: 3\nb", 3)],
)
def test_numbers_are_read_as_tools_print_them(text: str, value: float) -> None:
    assert last_match(r"^n: (\S+)$|", text.encode()) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "matches nothing"),
        ("n: none", "`none` is not a number"),
        ("n: 1,2,3", "`1,2,3` is not a number"),
        ("n: inf", "inf is not a finite number"),
        ("n: nan", "nan is not a finite number"),
    ],
)
def test_what_is_no_number_is_missing(text: str, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        last_match(r"^n: (\S+)", text.encode())


def test_a_group_that_took_no_part_in_the_last_match_is_passed_over() -> None:
    assert last_match(r"n=(\d+)|end", b"n=5\nend\n") == 5


def test_a_search_without_end_is_given_up() -> None:
    with pytest.raises(UnreadableError, match=r"took more than 0\.5 s"):
        last_match(r"(a+)+$", b"a" * 5000 + b"b", limit_s=0.5)


def test_bytes_that_are_no_text_do_not_matter() -> None:
    assert last_match(r"n=(\d+)", b"\xff\xfe\x00 n=5 \xff") == 5


def test_of_a_large_file_the_end_is_read(read: Read, workspace: Path) -> None:
    def write() -> None:
        with (workspace / "log").open("wb") as file:
            file.write(b"n=1\n")
            file.truncate(30 * 1024**3)
            file.seek(0, 2)
            file.write(b"\nn=2\n")

    assert read(write, file="log", pattern=r"n=(\d+)")[0] == {"m": 2}


def test_a_missing_match_names_the_file(read: Read, workspace: Path) -> None:
    found, missing = read(lambda: (workspace / "log").write_text("x"), file="log", pattern=r"n=(\d+)")
    assert found == {}
    assert missing["m"] == r"log: `n=(\d+)` matches nothing"


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("echo 42", {"m": 42}),
        ("echo a warning >&2; echo 1,000", {"m": 1000}),
        ("echo hello | grep -c x", {"m": 0}),
        ("""echo '{"a": 1, "b": {"c": 2}}'""", {"m.a": 1, "m.b.c": 2}),
        ("""echo note; echo '{"a": 1}'""", {"m.a": 1}),
        ("""printf '{\\n "a": 1\\n}\\n'""", {"m.a": 1}),
        ("cat number", {"m": 7}),
    ],
)
def test_a_command_prints_the_number(read: Read, workspace: Path, command: str, found: dict[str, float]) -> None:
    (workspace / "number").write_text("7\n")
    assert read(command=command) == (found, {})


def test_a_pattern_finds_the_number_in_the_output_of_a_linter_that_fails(read: Read) -> None:
    command = "echo 'Found 3 errors in 2 files'; exit 1"
    assert read(command=command, pattern=r"Found (\d+) error") == ({"m": 3}, {})


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("true", "there is nothing"),
        ("echo about 5", "the last line, `about 5`, is neither a number nor a JSON object"),
        ("echo 5; echo boom >&2; exit 3", "`boom`, is neither a number.*failed with exit code 3: boom"),
        ("no-such-command-anywhere", "failed with exit code 127, a command was not found: .*no-such-command-anywhere"),
        ("echo 5; kill -SEGV $$", r"was ended by SIGSEGV \(exit code 139\)"),
        ("echo '{\"a\": true}'", "there is no number in it"),
        ("""python3 -c 'print("[" * 100000)'""", "is neither a number nor a JSON object"),
    ],
)
def test_a_command_that_measures_nothing_is_missing(read: Read, command: str, reason: str) -> None:
    import re

    found, missing = read(command=command)
    assert found == {}
    assert re.search(reason, missing["m"]), missing


def test_a_command_is_stopped_at_its_time_limit(read: Read) -> None:
    found, missing = read(command="echo 5; sleep 600", timeout=0.3)
    assert found == {}
    assert "its command was stopped at its time limit of 0.3 s: 5" in missing["m"]


def test_a_command_in_a_workspace_that_is_gone_is_missing(read: Read, workspace: Path) -> None:
    found, missing = read(workspace.rmdir, command="echo 1")
    assert found == {}
    assert "the workspace is gone" in missing["m"]
