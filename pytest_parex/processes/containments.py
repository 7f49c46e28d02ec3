"""The ways of holding a command, strongest first, and which of them this machine allows.

docs/processes.md says what each of them can and cannot catch.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import sys
from pathlib import Path

import psutil

from pytest_parex.errors import ParexError
from pytest_parex.processes.tree import Containment, Tree, kill_each, living

# The shell waits for the command, and as the first process of a namespace it reaps orphans. It outlives a `kill 0` of
# the command's. `exec` in a subshell means a program, never one of the shell's own commands.
HOLD = """trap : HUP INT TERM
echo ready >&0 && read -r go && [ "$go" = go ] && { (exec "$@") </dev/null 2>&1; exit $?; }
exit 125"""
SHELL = ("/bin/sh", "-c", HOLD, "parex")

# True only in a pid namespace: the shell's parent is process 1, and /proc shows this namespace and no other.
IN_NAMESPACE = '[ "$PPID" = 1 ] && read -r pid rest </proc/self/stat && [ "$pid" = $$ ]'
PROBE_S = 10.0


def _namespace(*options: str) -> Containment:
    """The kernel kills every process of a namespace when its first one dies, and lets that one end last."""
    prefix = (
        *(shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL", "--"),
        *(shutil.which("unshare") or "unshare", *options, "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"),
        *SHELL,
    )
    return Containment("pid namespace", prefix, kill=_kill_first_process, survivors=_namespace_survivors)


def _kill_first_process(tree: Tree) -> None:
    kill_each([tree.holder] if tree.holder else [])


def _namespace_survivors(tree: Tree) -> list[psutil.Process]:
    first = living([tree.holder] if tree.holder else [])
    return [*first, *tree.members()] if first else []


def _tell_supervisor(tree: Tree) -> None:
    os.kill(tree.root, signal.SIGTERM)


def _kill_group(tree: Tree) -> None:
    kill_each([*tree.members(), *tree.session()])


def _group_survivors(tree: Tree) -> list[psutil.Process]:
    return [*tree.session(), *tree.seen()]


PID_NAMESPACE = _namespace()
USER_PID_NAMESPACE = _namespace("--user", "--map-current-user")
"""The same without being root: in a user namespace, where the user is nobody special either."""
SUBREAPER = Containment(
    "subreaper",
    (sys.executable, "-I", "-S", str(Path(__file__).with_name("supervisor.py"))),
    kill=_tell_supervisor,
    survivors=Tree.session,
)
PROCESS_GROUP = Containment("process group", SHELL, kill=_kill_group, survivors=_group_survivors)


@functools.cache
def strongest() -> Containment:
    """The strongest containment that works here; found out by using it, once per process."""
    for candidate, condition in (
        (PID_NAMESPACE, IN_NAMESPACE),
        (USER_PID_NAMESPACE, IN_NAMESPACE),
        (SUBREAPER, "exit 0"),
    ):
        if holds(candidate, condition):
            return candidate
    return PROCESS_GROUP


def containment() -> str:
    """How commands are held on this machine: `pid namespace`, `subreaper` or `process group`."""
    return strongest().name


def holds(candidate: Containment, condition: str = "exit 0") -> bool:
    """Whether a shell command can be run, and succeeds, in this containment."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        tree = Tree(candidate, ("/bin/sh", "-c", condition), cwd=Path("/"), env={}, output=nowhere)
        tree.wait(PROBE_S)
        return tree.end().exit_code == 0
    except ParexError:
        return False
    finally:
        os.close(nowhere)
