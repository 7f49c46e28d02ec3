"""Trusted short tools, and becoming another program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_parex
from pytest_parex.errors import ParexError
from pytest_parex.processes import Captured, capture, replace_with

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def test_what_a_tool_answers_is_given_in_bytes(tmp_path):
    answer = capture(["sh", "-c", "pwd; printf '\\377' >&2; exit 3"], cwd=tmp_path, env=ENV, timeout=30)

    assert answer == Captured(3, f"{tmp_path}\n".encode(), b"\xff")


def test_a_tool_is_given_its_input_or_none(tmp_path):
    assert capture(["cat"], cwd=tmp_path, env=ENV, timeout=30, input=b"\0x" * 100_000).stdout == b"\0x" * 100_000
    assert capture(["cat"], cwd=tmp_path, env=ENV, timeout=30).stdout == b""


def test_a_tool_that_does_not_read_its_input_is_no_fault(tmp_path):
    assert capture(["true"], cwd=tmp_path, env=ENV, timeout=30, input=b"x" * 1_000_000).exit_code == 0


def test_a_tool_that_dies_of_a_signal_has_128_plus_its_number_as_exit_code(tmp_path):
    assert capture(["sh", "-c", "kill -TERM $$"], cwd=tmp_path, env=ENV, timeout=30).exit_code == 128 + signal.SIGTERM


def test_a_tool_that_takes_too_long_is_killed_with_its_group_and_its_last_words_are_said(tmp_path, sleeper):
    command = f"echo 'waiting for the lock' >&2; {sleeper.path} 1000 & {sleeper.path} 1000"

    with pytest.raises(ParexError, match=r"`sh` had not ended after 0.3 s and was killed.*waiting for the lock"):
        capture(["sh", "-c", command], cwd=tmp_path, env=ENV, timeout=0.3)

    assert sleeper.alive() == []


def test_a_tool_that_has_ended_is_no_fault_although_something_holds_its_output_open(tmp_path, sleeper):
    answer = capture(["sh", "-c", f"echo done; {sleeper.path} 1000 & exit 3"], cwd=tmp_path, env=ENV, timeout=0.3)

    assert answer == Captured(3, b"done\n", b"")


def test_an_interrupt_kills_the_tool(tmp_path, sleeper):
    calling = (
        "import sys, pathlib\nfrom pytest_parex.processes import capture\n"
        "try: capture([sys.argv[1], '1000'], cwd=pathlib.Path('/'), env={}, timeout=60)\n"
        "except KeyboardInterrupt: print('interrupted')"
    )
    env = {**ENV, "PYTHONPATH": str(Path(pytest_parex.__file__).parents[1])}
    command = [sys.executable, "-W", "error", "-c", calling, str(sleeper.path)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as caller:
        while not sleeper.running():
            assert caller.poll() is None
        caller.send_signal(signal.SIGINT)
        said, _ = caller.communicate(timeout=30)

    assert said == b"interrupted\n"
    assert sleeper.alive() == []


def test_a_tool_that_is_not_installed_is_said(tmp_path):
    with pytest.raises(ParexError, match="`no-such-tool` is not installed, or not on PATH"):
        capture(["no-such-tool"], cwd=tmp_path, env=ENV, timeout=30)


def test_a_program_that_replaces_us_keeps_our_process_and_gives_its_own_exit_code():
    become = (
        "import os; from pytest_parex.processes import replace_with; print('before', os.getpid())\n"
        "replace_with(['sh', '-c', 'echo after $$; exit 3'])"
    )
    env = {**ENV, "PYTHONPATH": str(Path(pytest_parex.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", become], env=env, stdout=subprocess.PIPE, text=True, check=False)

    before, after = (line.split() for line in done.stdout.splitlines())
    assert done.returncode == 3
    assert (before[0], after[0]) == ("before", "after")
    assert before[1] == after[1]


def test_a_program_that_cannot_replace_us_leaves_us_as_we_are():
    pid = os.getpid()

    with pytest.raises(ParexError, match="`no-such-program` is not installed, or not on PATH"):
        replace_with(["no-such-program"])

    assert os.getpid() == pid
