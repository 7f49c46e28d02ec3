"""Nothing survives, whoever is killed or interrupted, and however early."""

from __future__ import annotations

import os
import signal
import threading

import psutil
import pytest

from pytest_parex import processes
from pytest_parex.processes.tree import Tree


def test_when_the_caller_is_killed_the_whole_tree_dies(caller, strong, sleeper, eventually):
    calling = caller(f"{sleeper.offspring()} {sleeper.path} 1000", strong)
    assert eventually(lambda: len(sleeper.running()) == 5)

    calling.kill()
    calling.wait()

    assert eventually(lambda: sleeper.alive() == [])


def test_a_command_does_not_begin_when_its_caller_was_killed_first(caller, containment, sleeper, tmp_path, eventually):
    caller(f"touch begun; {sleeper.path} 1000", containment, die_before_it_begins=True).wait()

    assert eventually(lambda: sleeper.alive() == [])
    assert not (tmp_path / "begun").exists()


def test_a_command_that_was_not_yet_let_go_never_begins(containment, sleeper, tmp_path):
    with (tmp_path / "log").open("wb") as log:
        argv = ("/bin/sh", "-c", f"touch begun; {sleeper.path} 1000")
        tree = Tree(containment, argv, cwd=tmp_path, env={}, output=log.fileno())
        tree.end()

    assert not tree.begun
    assert sleeper.alive() == []
    assert not (tmp_path / "begun").exists()


@pytest.mark.parametrize("victim", ["outermost", "innermost"])
def test_when_something_that_holds_the_tree_is_killed_the_rest_dies(run, strong, sleeper, victim, eventually):
    results: list[processes.Finished] = []

    def call() -> None:
        results.append(run(f"{sleeper.offspring()} {sleeper.path} 1000", held_by=strong))

    calling = threading.Thread(target=call)
    calling.start()
    try:
        assert eventually(lambda: len(sleeper.running()) == 5)
        (outermost,) = [child for child in psutil.Process().children() if child in sleeper.alive()]
        (innermost,) = outermost.children()
        {"outermost": outermost, "innermost": innermost}[victim].kill()
    finally:
        calling.join(30)

    assert results[0].exit_code > 0
    assert not results[0].timed_out
    assert sleeper.alive() == []


def test_an_interrupt_ends_the_tree_and_goes_on_as_keyboardinterrupt(caller, strong, sleeper, eventually):
    calling = caller(f"{sleeper.offspring()} {sleeper.path} 1000", strong)
    assert eventually(lambda: len(sleeper.running()) == 5)

    calling.send_signal(signal.SIGINT)
    said, _ = calling.communicate(timeout=30)

    assert said == b"interrupted\n"
    assert sleeper.alive() == []


def test_a_second_interrupt_does_not_wait_for_the_command_to_end(caller, sleeper, tmp_path, eventually):
    command = f"trap 'touch asked' INT; trap '' TERM; {sleeper.path} 1000 & while :; do sleep 0.01; done"
    calling = caller(command, None, grace=600)
    assert eventually(sleeper.running)

    calling.send_signal(signal.SIGINT)
    assert eventually((tmp_path / "asked").exists)
    calling.send_signal(signal.SIGINT)
    said, _ = calling.communicate(timeout=30)

    assert said == b"interrupted\n"
    assert sleeper.alive() == []


def test_many_callers_at_once_do_not_disturb_each_other(run, containment, tmp_path):
    codes: dict[int, int] = {}

    def call(number: int) -> None:
        log = tmp_path / f"log-{number}"
        codes[number] = run(f"echo {number}; (sleep 1000 &); exit {number}", held_by=containment, log=log).exit_code

    threads = [threading.Thread(target=call, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert codes == {number: number for number in range(8)}
    assert all((tmp_path / f"log-{number}").read_text() == f"{number}\n" for number in range(8))


def test_a_process_that_was_left_by_a_killed_command_is_reaped_too(run, strong):
    """Zombies are nobody's children afterwards: neither ours nor, by way of us, the system's."""
    run("(sleep 1000 &); kill -KILL $$", held_by=strong)

    assert [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE] == []
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_the_caller_is_a_program_that_can_be_started(caller, containment):
    """Or the tests above would prove nothing."""
    said, _ = caller("exit 3", containment).communicate(timeout=30)

    assert said.decode() == f"{containment.name}: exit code 3\n"
