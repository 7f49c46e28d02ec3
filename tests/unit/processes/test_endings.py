"""However a command ends, nothing of it is left when `run` returns, and what it did is told rightly."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from pytest_parex.errors import ParexError
from pytest_parex.processes import PROCESS_GROUP


def test_a_text_is_run_by_the_shell_and_its_exit_code_is_given(run, containment, tmp_path):
    finished = run("echo out; echo err >&2; exit 3", held_by=containment)

    assert finished.exit_code == 3
    assert not finished.timed_out
    assert finished.containment == containment.name
    assert (tmp_path / "log").read_text() == "out\nerr\n"


def test_a_sequence_is_run_as_it_is_without_a_shell(run, containment, tmp_path):
    run(["printf", "%s\n", "a  b", "$HOME", "*"], held_by=containment)

    assert (tmp_path / "log").read_text() == "a  b\n$HOME\n*\n"


def test_a_command_that_dies_of_a_signal_has_128_plus_its_number_as_exit_code(run, containment):
    assert run("kill -SEGV $$", held_by=containment).exit_code == 128 + signal.SIGSEGV


def test_a_program_that_does_not_exist_gives_127_and_the_log_says_so(run, containment, tmp_path):
    assert run(["no-such-program", "x"], held_by=containment).exit_code == 127
    assert "no-such-program" in (tmp_path / "log").read_text()


def test_a_file_that_is_no_program_gives_126_and_the_log_says_so(run, containment, tmp_path):
    assert run(["/etc/passwd"], held_by=containment).exit_code == 126
    assert "/etc/passwd" in (tmp_path / "log").read_text()


def test_a_command_that_signals_its_own_process_group_ends_by_its_own_exit_code(run, containment):
    finished = run("trap 'echo cleaned up' TERM; kill -TERM 0; exit 4", held_by=containment)

    assert finished.exit_code == 4


def test_a_command_has_no_input_and_no_open_files_of_its_caller(run, containment, tmp_path):
    ask = "import os, sys; print(repr(sys.stdin.read()), os.path.exists('/proc/self/fd/3'))"
    run([sys.executable, "-c", ask], held_by=containment)

    assert (tmp_path / "log").read_text() == "'' False\n"


def test_a_command_has_a_session_of_its_own_and_so_no_terminal(caller, containment, sleeper, eventually):
    calling = caller(f"{sleeper.path} 1000; true", containment)

    assert eventually(sleeper.running)
    # Asked from outside: inside a PID namespace every session that was begun outside has the number 0.
    assert os.getsid(sleeper.running()[0].pid) != os.getsid(calling.pid)


def test_the_environment_is_the_given_one_and_no_more(run, containment, tmp_path):
    run(["/usr/bin/env"], env={"A": "1", "LC_ALL": "C", "UMLAUT": "ä"}, held_by=containment)

    lines = (tmp_path / "log").read_text().splitlines()
    added_by_shells = ("PWD=", "OLDPWD=", "SHLVL=", "_=")
    assert {line for line in lines if not line.startswith(added_by_shells)} == {"A=1", "LC_ALL=C", "UMLAUT=ä"}


def test_what_a_command_leaves_behind_is_dead_when_it_has_ended(run, strong, sleeper):
    until_started = f"while [ $(ls {sleeper.path.parent}/*.started 2>/dev/null | wc -l) -lt 1 ]; do sleep 0.01; done"
    finished = run(
        f"{sleeper.offspring()} (touch {sleeper.path.parent}/x.started &); {until_started}; exit 5", held_by=strong
    )

    assert finished.exit_code == 5
    assert sleeper.alive() == []


def test_a_process_group_catches_what_stays_in_its_session(run, sleeper):
    finished = run(f"{sleeper.path} 1000 & (({sleeper.path} 1000 &) &); exit 5", held_by=PROCESS_GROUP)

    assert finished.exit_code == 5
    assert sleeper.alive() == []


def test_a_process_that_forks_and_ends_in_a_loop_is_caught(run, strong, tmp_path):
    hop = """
import fcntl, os, time
lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
end = time.monotonic() + 60
while time.monotonic() < end:
    if os.fork():
        os._exit(0)
    os.setsid()
    open("hopping", "w").close()
"""
    command = f"{shlex.join([sys.executable, '-c', hop])}; until [ -e hopping ]; do sleep 0.01; done; exit 5"
    finished = run(command, held_by=strong)

    assert finished.exit_code == 5
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_at_the_time_limit_the_whole_tree_is_ended(run, strong, sleeper):
    finished = run(f"{sleeper.offspring()} {sleeper.path} 1000", timeout=0.5, held_by=strong)

    assert finished.timed_out
    assert finished.exit_code > 128
    assert sleeper.alive() == []


def test_at_the_time_limit_a_process_group_ends_all_that_still_descends_from_it(run, sleeper):
    finished = run(f"setsid {sleeper.path} 1000 & {sleeper.path} 1000", timeout=0.5, grace=5, held_by=PROCESS_GROUP)

    assert finished.timed_out
    assert sleeper.alive() == []


def test_a_command_may_use_its_first_signal_to_save_its_work(run, containment, tmp_path):
    command = "trap 'echo saved; exit 0' INT; while :; do sleep 0.01; done"
    finished = run(command, timeout=1.2, grace=30, held_by=containment)

    assert finished.timed_out
    assert finished.exit_code == 0
    assert (tmp_path / "log").read_text() == "saved\n"


def test_a_command_that_goes_on_is_interrupted_then_terminated_then_killed(run, containment, tmp_path, sleeper):
    command = f"trap 'echo INT' INT; trap 'echo TERM' TERM; {sleeper.path} 1000 & while :; do sleep 0.01; done"
    finished = run(command, timeout=1.2, grace=0.5, held_by=containment)

    assert finished.timed_out
    assert finished.exit_code == 128 + signal.SIGKILL
    said = (tmp_path / "log").read_text().splitlines()
    assert [line for line in said if line in ("INT", "TERM")] == ["INT", "TERM"]
    assert sleeper.alive() == []


def test_a_stopped_command_is_killed(run, containment, sleeper):
    finished = run(f"{sleeper.path} 1000 & kill -STOP $! $$", timeout=0.5, held_by=containment)

    assert finished.timed_out
    assert sleeper.alive() == []


def test_the_processor_time_and_memory_of_grandchildren_are_counted(run, containment):
    burn = "import time; data = b'x' * 300_000_000\nwhile time.process_time() < 0.3: pass"
    finished = run(f"({shlex.join([sys.executable, '-c', burn])}); true", held_by=containment)

    assert finished.cpu_s >= 0.3
    assert 300_000_000 <= finished.peak_memory < 600_000_000


def test_a_folder_that_does_not_exist_is_said(run, tmp_path, containment):
    with pytest.raises(ParexError, match=r"gone.* is not a folder"):
        run("true", cwd=tmp_path / "gone", held_by=containment)


def test_an_environment_that_is_too_large_is_said_with_its_largest_variable(run, containment):
    with pytest.raises(ParexError, match=r"`BIG`.*larger than the system allows; put long texts into files"):
        run("true", env={"SMALL": "x", "BIG": "x" * 20_000_000}, held_by=containment)


def test_a_command_with_a_nul_character_is_refused(run, containment):
    with pytest.raises(ParexError, match="cannot be started: embedded null byte"):
        run("echo \0", held_by=containment)


def test_the_caller_is_told_about_every_second_and_its_exception_ends_the_tree(run, sleeper):
    told = []

    def waiting(elapsed_s: float, idle_s: float) -> None:
        told.append((elapsed_s, idle_s, len(sleeper.running())))
        raise LookupError("from the caller")

    with pytest.raises(LookupError, match="from the caller"):
        run(f"{sleeper.offspring()} {sleeper.path} 1000", waiting=waiting)

    ((elapsed_s, idle_s, running),) = told
    assert 0 < idle_s <= elapsed_s
    assert running == 5
    assert sleeper.alive() == []


def test_no_file_descriptor_and_no_child_is_left(run, containment):
    run("true", held_by=containment)
    before = sorted(Path("/proc/self/fd").iterdir())
    for command in ("true", "exit 1", "sleep 1000 & true"):
        run(command, held_by=containment)
    with pytest.raises(ParexError):
        run("true", cwd=Path("/no/such/folder"), held_by=containment)

    assert sorted(Path("/proc/self/fd").iterdir()) == before
    with pytest.raises(ChildProcessError):
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
