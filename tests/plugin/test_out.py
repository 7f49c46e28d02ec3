"""--parex-out writes the comparison to further files; the suffix says how."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.testing import Project


def test_every_suffix_has_its_format(project: Callable[..., Project], tmp_path: Path) -> None:
    repo = project()
    repo.spec("variants: {a: {}, b: {}}\nrunner: none\n")
    outs = ["reports/out.md", str(tmp_path / "out.html"), "out.json", "out.csv"]

    run = repo.run("-n2", *(part for out in outs for part in ("--parex-out", out)))

    assert run.exit_code == 0, run.out
    assert (repo.path / "reports/out.md").read_text().startswith("#")
    assert (tmp_path / "out.html").read_text().lower().startswith("<!doctype html>")
    assert json.loads((repo.path / "out.json").read_text()) == json.loads(run.comparison.model_dump_json())
    with (repo.path / "out.csv").open(newline="") as file:
        assert [row["variant"] for row in csv.DictReader(file)] == ["a", "b"]


@pytest.mark.parametrize("mode", ["-n0", "-n2"])
def test_a_suffix_that_nobody_writes_is_refused_before_anything_runs(
    project: Callable[..., Project], mode: str
) -> None:
    repo = project()
    repo.spec("variants: {a: {}}\nrunner: none\n")

    run = repo.run(mode, "--parex-out", "out.pdf")

    assert run.exit_code == 4, run.out
    assert "out.pdf" in run.out
    assert ".html" in run.out
    assert not run.runs.exists()


def test_one_file_cannot_hold_several_comparisons(project: Callable[..., Project]) -> None:
    repo = project()
    repo.spec("variants: {a: {}}\nrunner: none\n")
    repo.spec("variants: {a: {}}\nrunner: none\n", "other.yaml")

    run = repo.run("--parex", "other.yaml", "--parex-out", "out.md")

    assert run.exit_code == 4
    assert "--parex-out" in run.out
    assert not run.runs.exists()


def test_a_file_that_cannot_be_written_costs_no_result(project: Callable[..., Project]) -> None:
    repo = project({"a-file": ""})
    repo.spec("variants: {a: {}}\nrunner: none\n")

    run = repo.run("--parex-out", "a-file/out.md")

    assert run.comparison.leader == "a"
    assert "Traceback" not in run.out
    assert "a-file/out.md" in run.out
