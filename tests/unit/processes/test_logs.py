"""What a command prints is kept, within limits, and never holds the command up."""

from __future__ import annotations

import array
import os
import re
import socket
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_parex.processes import last_lines
from pytest_parex.processes.recording import LOG_LIMIT, CappedLog
from pytest_parex.processes.redaction import Redaction


def test_output_is_appended_to_what_the_log_has(run, tmp_path):
    run("echo first")
    run("echo second")

    assert (tmp_path / "log").read_text() == "first\nsecond\n"


def test_binary_output_is_kept_byte_by_byte(run, tmp_path):
    finished = run("printf '\\000\\377\\r\\n\\033[2J no newline at the end'")

    assert (tmp_path / "log").read_bytes() == b"\0\xff\r\n\033[2J no newline at the end"
    assert finished.output_bytes == 30


def test_of_too_much_output_the_beginning_and_the_end_are_kept_and_the_cut_is_said(run, tmp_path):
    tracemalloc.start()
    try:
        finished = run("echo the beginning; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo the end")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    log = (tmp_path / "log").read_bytes()
    cut = re.search(rb"\n\xe2\x80\xa6 (\d+) bytes cut \xe2\x80\xa6\n", log)
    assert finished.exit_code == 0
    assert finished.output_bytes == 100_000_000 + len("the beginning\n\nthe end\n")
    assert log.startswith(b"the beginning\nxxx")
    assert log.endswith(b"xxx\nthe end\n")
    assert len(log) - len(cut[0]) == LOG_LIMIT
    assert int(cut[1]) == finished.output_bytes - LOG_LIMIT
    assert peak < 5 * LOG_LIMIT


def test_a_command_that_prints_for_ever_is_stopped_at_its_time_limit(run, tmp_path):
    finished = run("yes", timeout=0.5)

    assert finished.timed_out
    assert finished.output_bytes > (tmp_path / "log").stat().st_size > 0
    assert (tmp_path / "log").stat().st_size < LOG_LIMIT + 100


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 150, 1000])
def test_a_log_within_its_limit_is_whole_and_a_longer_one_says_how_much_is_missing(tmp_path, size):
    printed = bytes(range(256)) * 4
    log = CappedLog(tmp_path / "log", 100)
    for at in range(0, size, 7):
        log.write(printed[at : min(at + 7, size)])
    log.close()

    kept = (tmp_path / "log").read_bytes()
    if size <= 100:
        assert kept == printed[:size]
    else:
        note = f"\n… {size - 100} bytes cut …\n".encode()
        assert kept == printed[:50] + note + printed[size - 50 : size]


def test_a_full_disk_does_not_stop_a_command_and_is_said(run):
    finished = run("head -c 20000000 /dev/zero; exit 3", log=Path("/dev/full"))

    assert finished.exit_code == 3
    assert finished.output_bytes == 20_000_000
    assert finished.log_error == "the log is incomplete: No space left on device"


def test_a_log_that_cannot_be_opened_does_not_stop_a_command_and_is_said(run, tmp_path):
    finished = run("echo lost; exit 3", log=tmp_path / "gone" / "log")

    assert finished.exit_code == 3
    assert finished.log_error == "the log is incomplete: No such file or directory"


def test_a_whole_log_has_no_error(run):
    assert run("echo x").log_error == ""


def test_secrets_do_not_reach_the_log(run, tmp_path):
    run(
        "echo token=$TOKEN.; printf hunter; sleep 0.01; echo 2hunter2",
        env={"TOKEN": "s3cr€t", "PATH": os.defpath},
        secrets=["s3cr€t", "hunter2", ""],
    )

    assert (tmp_path / "log").read_text() == "token=***.\n******\n"


@settings(deadline=None)
@given(st.data())
def test_a_secret_is_hidden_wherever_the_output_is_split(data):
    secrets = data.draw(st.lists(st.text("ab", min_size=4, max_size=7), max_size=4))
    printed = data.draw(st.text("ab\n", max_size=80)).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(printed)), max_size=8)))
    redaction = Redaction(secrets)

    pieces = [redaction.feed(printed[start:end]) for start, end in zip([0, *cuts], [*cuts, len(printed)], strict=True)]
    shown = b"".join([*pieces, redaction.rest()])

    whole = Redaction(secrets)
    assert shown == whole.feed(printed) + whole.rest()
    assert not any(secret.encode() in shown for secret in secrets)


def test_output_that_cannot_become_a_secret_is_shown_at_once():
    redaction = Redaction(["secret-value"])

    assert redaction.feed(b"a line that ends in sec") == b"a line that ends in "
    assert redaction.feed(b"tion\n") == b"section\n"


def test_a_stranger_who_holds_the_output_open_is_not_waited_for(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hand_over = (
        "import array, socket; line = socket.socket(socket.AF_UNIX); line.connect('line'); print('mine', flush=True)\n"
        "line.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [1]))])"
    )
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind("line")
        stranger.listen()
        finished = run([sys.executable, "-c", hand_over], timeout=60)
        with stranger.accept()[0] as line:
            _, [(_, _, given_fd)], _, _ = line.recvmsg(1, socket.CMSG_SPACE(4))
    output = array.array("i", given_fd)[0]
    try:
        assert finished.exit_code == 0
        assert not finished.timed_out
        assert (tmp_path / "log").read_text() == "mine\n"
        with pytest.raises(BrokenPipeError):
            os.write(output, b"nobody reads this any more")
    finally:
        os.close(output)


def test_the_last_lines_of_a_log_are_those_that_say_something(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"x" * 10_000 + b"\none\n\n \ntwo \xff\nthree\n\n")

    assert last_lines(log, 2) == "two \ufffd\nthree"
    assert last_lines(tmp_path / "no such log", 2) == ""
