from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from pytest_parex import report
from pytest_parex.errors import ParexError
from pytest_parex.model import Comparison


@pytest.fixture
def told(story):
    told = story()
    told.ended("a", files={"run.log": "hello\n"})
    told.ended("b", metrics={"time": 1.0})
    return told


def write(told, file: Path, **more):
    report.write(told.plan, told.comparison, told.results, file, **more)
    return file.read_text(encoding="utf-8")


def test_the_suffix_says_which_report_is_written(told, tmp_path):
    assert Comparison.model_validate_json(write(told, tmp_path / "x.json")) == told.comparison
    assert write(told, tmp_path / "x.md").startswith("# limiter")
    assert write(told, tmp_path / "x.html").startswith("<!doctype html>")
    assert len(list(csv.reader(write(told, tmp_path / "x.csv").splitlines()))) == 3


def test_the_keys_that_scripts_rely_on_are_there(told, tmp_path):
    found = json.loads(write(told, tmp_path / "x.json"))

    assert {"experiment", "run", "verdict", "winner", "leader", "reasons", "variants", "differences", "trials"} <= set(
        found
    )
    assert set(found["variants"][0]["success_rate"]) == {"value", "low", "high"}
    assert {"name", "trials", "counted", "missing", "success_rate", "metrics"} <= set(found["variants"][0])
    assert {"mean", "low", "high", "unit", "better"} <= set(found["variants"][0]["metrics"]["time"])
    assert {
        "id",
        "variant",
        "case",
        "matrix",
        "repeat",
        "attempt",
        "outcome",
        "cause",
        "contaminated",
        "metrics",
        "checks",
    } <= set(found["trials"][0])


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.HTML"])
def test_another_suffix_is_refused_and_the_allowed_ones_are_named(told, tmp_path, name):
    with pytest.raises(ParexError, match=r"ends in \.json, \.md, \.html, \.csv"):
        write(told, tmp_path / name)

    assert not (tmp_path / name).exists()


def test_the_folder_is_made_and_nothing_else_stays(told, tmp_path):
    write(told, tmp_path / "new" / "folder" / "x.md")

    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["x.md"]


def test_a_file_that_cannot_be_written_is_a_fault_for_people(told, tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ParexError, match="file"):
        write(told, tmp_path / "file" / "x.md")


@pytest.mark.parametrize("suffix", report.SUFFIXES)
def test_the_same_run_gives_the_same_bytes(told, tmp_path, suffix):
    first = write(told, tmp_path / f"one{suffix}")
    told.results.reverse()

    assert write(told, tmp_path / f"two{suffix}") == first


def test_links_lead_to_the_run_directory_from_wherever_the_page_is(told, tmp_path):
    assert 'href="trials/a/attempt-1/run.log"' in write(told, told.directory / "comparison.html")
    assert 'href="../run/trials/a/attempt-1/run.log"' in write(told, tmp_path / "out" / "x.html")


def test_a_run_that_was_moved_is_read_where_it_is_now(told, tmp_path):
    moved = told.directory.rename(tmp_path / "moved")

    assert "hello" in write(told, moved / "x.html", directory=moved)
    assert "hello" not in write(told, tmp_path / "x.html")
