"""`sandbox: true`: shell commands of an agent write only in the workspace and reach no network."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from pytest_parex.testing import Project

from .stories import LEAN, bash, claude, rehearsable

OUTSIDE = Path("/var/tmp/parex-test-sandbox.txt")
NETWORK = "python3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 9), 5)'"


@pytest.fixture(autouse=True)
def _sandbox(lacking: Callable[[str, str], NoReturn]) -> None:
    for program in ("bwrap", "socat"):
        if not shutil.which(program):
            lacking("sandbox", f"there is no {program}")
    tried = subprocess.run(["bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"this platform forbids what a sandbox needs: {tried.stderr.decode().strip()}")


def test_commands_in_the_sandbox_write_only_in_the_workspace_and_reach_no_network(tmp_path: Path) -> None:
    turns = [{"calls": [bash(f"echo x > inside; echo x > {OUTSIDE}; {NETWORK}")]}, "Done."]
    spec = {"variants": {"a": "go"}, "runner": claude(sandbox=True), "retries": 0}
    project = rehearsable(Project(tmp_path / "repo"), spec, {"sessions": [{"turns": turns}]})

    done = project.run("--parex-rehearse", *LEAN)

    result = done.results["a"]
    assert result.passed, done.out
    assert result.changes is not None
    assert [change.path for change in result.changes.files] == ["inside"]
    assert not OUTSIDE.exists()
    said = (done.run().attempt_directory("a", 1) / "transcript.md").read_text()
    assert "Read-only file system" in said
    assert "Network is unreachable" in said
