from __future__ import annotations

import os

import pytest

from pytest_parex.report.excerpts import find, head, tail


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "outside.log").write_text("not yours")
    made = tmp_path / "attempt-1"
    made.mkdir()
    return made


@pytest.mark.parametrize(
    "name", ["../outside.log", "a/../../outside.log", "link.log", "", ".", "folder", "fifo", "no\0pe", "none"]
)
def test_only_regular_files_inside_the_directory_are_opened(directory, name):
    (directory / "link.log").symlink_to("../outside.log")
    (directory / "folder").mkdir()
    os.mkfifo(directory / "fifo")

    assert find(directory, name) is None
    assert tail(directory, name, 100) is None
    assert head(directory, name, 100) is None


def test_an_absolute_name_is_not_opened(directory):
    assert find(directory, str(directory.parent / "outside.log")) is None


def test_a_link_loop_is_no_file(directory):
    (directory / "loop").symlink_to("loop")

    assert find(directory, "loop") is None


def test_a_file_that_fits_is_shown_whole(directory):
    (directory / "run.log").write_text("one\ntwo\n")

    assert tail(directory, "run.log", 100).text == head(directory, "run.log", 100).text == "one\ntwo\n"
    assert tail(directory, "run.log", 100).left_out == 0


def test_a_longer_file_is_cut_at_line_ends_and_says_how_much_is_left_out(directory):
    (directory / "run.log").write_text("first\nsecond\nthird\n")

    end = tail(directory, "run.log", 9)
    begin = head(directory, "run.log", 9)

    assert (end.text, end.left_out) == ("third\n", 13)
    assert (begin.text, begin.left_out) == ("first\n", 13)


def test_a_huge_file_is_not_read_whole(directory):
    with (directory / "run.log").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 40)
        file.write(b"\nthe end\n")

    assert tail(directory, "run.log", 50).text.endswith("the end\n")


def test_bytes_that_are_no_text_are_replaced(directory):
    (directory / "run.log").write_bytes(b"ok \xff\xfe \x1b[1mbold\x1b[0m\n")

    assert tail(directory, "run.log", 100).text == "ok \ufffd\ufffd bold\n"
