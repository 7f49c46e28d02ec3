"""Disks that are full, and places that cannot be written: said in words, and only those pay who cannot go on."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from pytest_parex.endings import Cause
from pytest_parex.store import Run
from pytest_parex.testing import Project

from .sessions import mounting, plain_user, run, small_disk, work

FULL = re.compile("No space left on device|the disk (of .+ )?is full|Out of diskspace")
FILL = "dd if=/dev/zero bs=64k 2>/dev/null"


@pytest.mark.usefixtures("mounts")
def test_a_variant_that_fills_its_disk_is_captured_and_graded_and_the_next_one_says_why_it_is_missing(
    project: Callable[..., Project], tmp_path: Path
) -> None:
    repo = project({"answer.txt": "0\n", "tests.sh": "true\n", "data.bin": "x" * 300_000}, name="my project")
    fill = f"echo 42 > answer.txt; echo first > early.txt; {FILL} of=big; cat tests.sh > late.txt; true"
    repo.spec(
        {
            "variants": {"modest": {}, "filler": {"runner": {"shell": fill}}, "starved": {}},
            "retries": 0,
            "workspace": {"root": str(tmp_path / "disk")},
            "runner": {"shell": "echo 42 > answer.txt"},
            "checks": {"answer": 'test "$(cat answer.txt)" = 42'},
        }
    )

    finished = run(repo, prefix=small_disk("4m", tmp_path / "disk", tmp_path / "kept"))

    results = finished.results
    assert {name: result.cause for name, result in results.items()} == {
        "modest": Cause.PASSED,
        "filler": Cause.PASSED,
        "starved": Cause.WORKSPACE_FAILED,
    }, finished.out
    assert finished.outcomes == {"passed": 2, "error": 1}
    assert work(finished)["filler"] == {"answer.txt", "early.txt", "big", "late.txt"}
    assert "No space left on device" in results["starved"].message
    assert "No space left on device" in finished.out
    assert "Traceback" not in finished.out
    assert {trial.id: trial.outcome for trial in finished.comparison.trials}["starved"] == "missing"


@pytest.mark.usefixtures("mounts")
def test_a_run_directory_that_becomes_full_costs_no_finished_result_and_no_traceback(
    project: Callable[..., Project], tmp_path: Path
) -> None:
    repo = project({"answer.txt": "0\n"})
    disk = tmp_path / "disk"
    repo.spec(
        {
            "variants": {
                "early": {},
                "filler": {"runner": {"shell": f'echo 42 > answer.txt; {FILL} of="$DISK/fill"; true'}},
                "starved": {},
            },
            "env": {"DISK": str(disk)},
            "retries": 0,
            "runner": {"shell": "echo 42 > answer.txt"},
            "checks": {"answer": 'test "$(cat answer.txt)" = 42'},
        }
    )

    finished = run(repo, "--parex-dir", str(disk), prefix=small_disk("8m", disk, tmp_path / "kept"))

    assert finished.exit_code == 1, finished.out
    assert "Traceback" not in finished.out, finished.out
    assert "INTERNALERROR" not in finished.out, finished.out
    assert FULL.search(finished.out)
    stored = Run.open(next((tmp_path / "kept/spec").glob("2*")))
    early, filler = stored.result("early"), stored.result("filler")
    assert early is not None
    assert early.cause is Cause.PASSED
    assert filler is not None, "the room for its result was taken when it began"
    assert filler.cause is Cause.WORKSPACE_FAILED, "what cannot be kept says nothing about the variant"
    counted = re.findall(r"^[* ] (\w+) +(\d/\d) ", finished.out, re.MULTILINE)
    assert sorted(counted) == [("early", "1/1"), ("filler", "0/0"), ("starved", "0/0")], finished.out
    assert "another exception" not in finished.out


@pytest.mark.usefixtures("mounts")
@pytest.mark.parametrize("size", ["16k", "40k", "64k", "104k"])
def test_a_run_that_cannot_be_begun_says_so(project: Callable[..., Project], tmp_path: Path, size: str) -> None:
    repo = project({"answer.txt": "0\n"})
    repo.spec({"variants": {"a": {}}, "runner": "none"})

    prefix = small_disk(size, tmp_path / "disk", tmp_path / "kept")

    finished = run(repo, "--parex-dir", str(tmp_path / "disk"), prefix=prefix)

    assert finished.exit_code in (1, 4), finished.out  # 1 if the plan could just be written
    assert FULL.search(finished.out)
    assert "Traceback" not in finished.out


@pytest.fixture(scope="module")
def mounts(lacking: Callable[[str, str], NoReturn]) -> None:
    """For tests that need a small disk of their own."""
    if mounting() is None:
        lacking("mount", "this platform lets nobody mount a file system")


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder that is closed before the session begins, and opened again for whoever removes it."""
    folder = tmp_path / "locked"
    folder.mkdir()
    yield folder
    folder.chmod(0o755)


def test_beside_a_repository_whose_folder_cannot_be_written_workspaces_go_to_the_users_cache(
    locked: Path, tmp_path: Path
) -> None:
    repo = Project(locked / "repo", {"answer.txt": "0\n", "inner/deep.txt": "deep\n"})
    repo.spec(
        {
            "variants": {
                "plain": {},
                "sealed": {"runner": {"shell": "echo 42 > answer.txt; chmod 0 inner/deep.txt; chmod -R a-w ."}},
                "closed": {"runner": {"shell": "echo 42 > answer.txt; echo new > inner/new.txt; chmod 0 inner"}},
            },
            "workspace": {"keep": "none"},
            "runner": {"shell": "echo 42 > answer.txt"},
            "checks": {"answer": 'test "$(cat answer.txt)" = 42'},
        }
    )
    home = tmp_path / "home"
    home.mkdir()
    prefix = plain_user(tmp_path)
    os.chown(locked, os.geteuid(), os.getegid())
    locked.chmod(0o555)

    finished = run(repo, prefix=prefix, env={"HOME": str(home), "XDG_CACHE_HOME": ""})

    assert finished.outcomes == {"passed": 3}, finished.out
    cache = home / ".cache/pytest-parex/repo.parex"
    said = [line for line in finished.out.splitlines() if line.startswith("parex: ")]
    assert any(f"workspaces {cache}" in line for line in said)
    assert any(f"{locked / 'repo.parex'} cannot be written" in line for line in said)
    assert all(Path(result.workspace or "").is_relative_to(cache) for result in finished.results.values())
    assert work(finished) == {
        "plain": {"answer.txt"},
        "sealed": {"answer.txt"},
        "closed": {"answer.txt", "inner/new.txt"},
    }
    assert not cache.exists(), "workspaces without permissions are removed like any other"
    assert [path.name for path in locked.iterdir()] == ["repo"]
    assert json.loads((finished.run().directory / "comparison.json").read_text())["trials"][0]["outcome"] == "passed"
