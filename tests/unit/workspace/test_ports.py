"""Leased ports: given to one trial at a time, over all processes, and freed by death."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_parex.errors import WorkspaceError
from pytest_parex.workspace import ports
from pytest_parex.workspace.ports import lease

# Only the module itself is loaded: importing the whole package eight times would take longer than the test.
LEASES_AND_WAITS = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("ports", sys.argv[2])
ports = sys.modules["ports"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ports)
held = ports.lease([f"P{n}" for n in range(10)], {"XDG_STATE_HOME": sys.argv[1]}, "the same place")
print(*held.ports.values(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def start(state: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LEASES_AND_WAITS, state, ports.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def printed(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout is not None
    return [int(port) for port in process.stdout.readline().split()]


@pytest.fixture
def holders(environ: dict[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    processes = [start(environ["XDG_STATE_HOME"]) for _ in range(8)]
    yield processes
    for process in processes:
        process.communicate("")


def test_eight_processes_that_ask_at_once_never_share_a_port(holders: list[subprocess.Popen[str]]) -> None:
    leased = [port for holder in holders for port in printed(holder)]

    assert len(leased) == 80
    assert len(set(leased)) == 80


def test_the_ports_of_a_killed_process_are_free_again(environ: dict[str, str]) -> None:
    holder = start(environ["XDG_STATE_HOME"])
    before = printed(holder)
    os.kill(holder.pid, signal.SIGKILL)
    # Not yet waited for, so a zombie: that is dead enough.
    deadline = time.monotonic() + 20
    after: list[int] = []
    while after != before and time.monotonic() < deadline:
        held = lease([f"P{n}" for n in range(10)], environ, "the same place")
        after = list(held.ports.values())
        held.release()
    holder.communicate()

    assert after == before


def test_released_ports_are_given_again_and_a_second_release_does_nothing(environ: dict[str, str]) -> None:
    first = lease(["WEB_PORT", "DB_PORT"], environ, "a")
    first.release()
    second = lease(["WEB_PORT"], environ, "a")
    first.release()
    third = lease(["WEB_PORT"], environ, "a")

    assert second.ports["WEB_PORT"] == first.ports["WEB_PORT"]
    assert third.ports["WEB_PORT"] != second.ports["WEB_PORT"]
    second.release()
    third.release()


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")]
)
def test_a_port_that_another_program_has_is_passed_over(
    environ: dict[str, str], family: socket.AddressFamily, address: str
) -> None:
    free = lease(["P"], environ, address)
    free.release()
    with socket.socket(family) as other:
        try:
            other.bind((address, free.ports["P"]))
        except OSError as error:
            pytest.skip(f"{address} does not exist here: {error}")
        held = lease(["P"], environ, address)
        held.release()

    assert held.ports["P"] != free.ports["P"]


def test_ports_lie_outside_of_the_ranges_that_others_use(environ: dict[str, str]) -> None:
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    held = [lease(["A", "B"], environ, f"trial {number}") for number in range(50)]
    leased = {port for one in held for port in one.ports.values()}
    for one in held:
        one.release()

    assert len(leased) == 100
    assert not any(low <= port <= high or 6000 <= port <= 6063 or port < 1024 for port in leased)


def test_when_no_port_is_left_the_message_says_what_to_change(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    everything = tmp_path / "range"
    everything.write_text("1024\t65535\n")
    monkeypatch.setattr(ports, "EPHEMERAL", everything)

    with pytest.raises(WorkspaceError, match="lower max_parallel"):
        lease(["P"], environ, "a")


def test_without_names_nothing_is_leased_and_nothing_is_written(environ: dict[str, str], tmp_path: Path) -> None:
    assert lease([], environ, "a").ports == {}
    assert not (tmp_path / "state").exists()


def test_a_home_that_cannot_be_written_does_not_keep_ports_from_being_leased(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    held = lease(["P"], {"XDG_STATE_HOME": str(tmp_path / "file")}, "a")
    held.release()

    assert held.ports["P"] >= ports.LOWEST
