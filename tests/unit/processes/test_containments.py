"""The strongest containment that works is used, which is found out by using it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_parex import processes

AS_NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--")
WITHOUT_NAMESPACES = (
    *("unshare", "--user", "--map-root-user", "--", "sh", "-c"),
    'echo 0 >/proc/sys/user/max_pid_namespaces && exec "$@"',
    "sh",
)


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that every user may read and write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def _anyone_can_run(prefix: tuple[str, ...]) -> bool:
    command = [*prefix, sys.executable, "-c", f"import pytest_parex.processes; open({__file__!r})"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_pid_namespace_is_used_where_it_works(run):
    works = processes.holds(processes.PID_NAMESPACE) or processes.holds(processes.USER_PID_NAMESPACE)

    assert (processes.containment() == "pid namespace") == works
    assert run("true").containment == processes.containment()


def test_a_user_who_is_not_root_gets_a_pid_namespace_too(caller, readable, make_sleeper, eventually):
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    if not _anyone_can_run(AS_NOBODY):
        pytest.skip("other users may not read this Python")
    if not processes.holds(processes.USER_PID_NAMESPACE):
        pytest.skip("no user namespaces on this machine")
    sleeper = make_sleeper(readable)
    folders = {"cwd": str(readable), "log": str(readable / "log")}

    command = f"id -u; {sleeper.offspring()} exit 3"
    said, _ = caller(command, None, prefix=AS_NOBODY, **folders).communicate(timeout=30)

    assert said == b"pid namespace: exit code 3\n"
    assert (readable / "log").read_text() == "65534\n"
    assert sleeper.alive() == []

    calling = caller(f"{sleeper.offspring()} {sleeper.path} 1000", None, prefix=AS_NOBODY, **folders)
    assert eventually(lambda: len(sleeper.running()) == 5)
    calling.kill()
    assert eventually(lambda: sleeper.alive() == [])


def test_without_namespaces_a_subreaper_is_used(caller, sleeper):
    if not _anyone_can_run(WITHOUT_NAMESPACES):
        pytest.skip("no user namespaces on this machine")

    said, _ = caller(f"{sleeper.offspring()} exit 3", None, prefix=WITHOUT_NAMESPACES).communicate(timeout=30)

    assert said == b"subreaper: exit code 3\n"
    assert sleeper.alive() == []


def test_a_containment_that_cannot_be_set_up_is_no_failure_of_the_command(caller, tmp_path):
    if not _anyone_can_run(WITHOUT_NAMESPACES) or not processes.holds(processes.PID_NAMESPACE):
        pytest.skip("no namespaces on this machine")

    calling = caller("touch begun", processes.PID_NAMESPACE, prefix=WITHOUT_NAMESPACES)
    said, _ = calling.communicate(timeout=30)

    assert said.startswith(b"refused: a pid namespace for `/bin/sh` could not be set up (unshare: ")
    assert not (tmp_path / "begun").exists()


def test_in_a_pid_namespace_a_command_sees_only_itself(run, namespace, tmp_path):
    run("ls /proc | grep -c '^[0-9]'; kill -KILL 1; echo still here", held_by=namespace)

    count, still_here = (tmp_path / "log").read_text().splitlines()
    assert int(count) < 10
    assert still_here == "still here"
