from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.grading import read_metrics
from pytest_parex.model import Metric

Read = Callable[..., tuple[dict[str, float], dict[str, str]]]


@pytest.mark.parametrize(
    ("data", "path", "value"),
    [
        ({"totals": {"percent_covered": 81.5}}, "totals.percent_covered", 81.5),
        ({"runs": [{"mean": 1}, {"mean": 2}]}, "runs.1.mean", 2),
        ({"runs": [{"mean": 1}, {"mean": 2}]}, "runs[0].mean", 1),
        ({"runs": [1, 2, 3]}, "runs.-1", 3),
        ([[5]], "[0][0]", 5),
        ({"a.b": {"c": 4}, "a": {"b": {"d": 1}}}, "a.b.c", 4),
        ({"a.b": {"c": 4}, "a": {"b": {"d": 1}}}, "a.b.d", 1),
        ({"0": 7}, "0", 7),
        ({"big": 10**30}, "big", 1e30),
    ],
)
def test_a_path_leads_to_one_number(read: Read, workspace: Path, data: Any, path: str, value: float) -> None:
    assert read(lambda: (workspace / "r.json").write_text(json.dumps(data)), json="r.json", path=path) == (
        {"m": value},
        {},
    )


@pytest.mark.parametrize(
    ("content", "path", "reason"),
    [
        ('{"a": 1}', "b", "there is nothing at `b`"),
        ('{"a": [1]}', "a.1", "there is nothing at `a.1`"),
        ('{"a": [1]}', "a.-2", "there is nothing at `a.-2`"),
        ('{"a": {"b": 1}}', "a", "there is a mapping at `a`"),
        ('{"a": true}', "a", "there is true or false at `a`"),
        ('{"a": null}', "a", "there is null at `a`"),
        ('{"a": "81"}', "a", "there is the text `81` at `a`"),
        ('{"a": NaN}', "a", "nan is not a finite number"),
        ('{"a": 1e999}', "a", "inf is not a finite number"),
        ('{"a": 1' + "0" * 400 + "}", "a", "inf is not a finite number"),
        ('{"a": ' + "1" * 5000 + "}", "a", "is not JSON"),
        ("", "a", "r.json is not JSON"),
        ("{", "a", "r.json is not JSON"),
        ("\x00", "a", "r.json is not JSON"),
        ("[" * 100_000, "a", "is nested too deeply"),
        ('{"a":' * 100_000, None, "is nested too deeply"),
        ("{}", None, "there is no number in it"),
        ('"text"', None, "there is no number in it"),
    ],
)
def test_what_is_no_number_is_missing_with_its_reason(
    read: Read, workspace: Path, content: str, path: str | None, reason: str
) -> None:
    found, missing = read(lambda: (workspace / "r.json").write_text(content), json="r.json", path=path)
    assert found == {}
    assert reason in missing["m"]


def test_without_a_path_every_number_becomes_a_metric(read: Read, workspace: Path) -> None:
    data = {"a": {"b": 1, "c": [2, {"d": 3.5}]}, "ok": True, "none": None, "name": "x", "nan": float("nan")}
    found, missing = read(lambda: (workspace / "r.json").write_text(json.dumps(data)), json="r.json")
    assert found == {"m.a.b": 1, "m.a.c.0": 2, "m.a.c.1.d": 3.5}
    assert missing == {"m.nan": "nan is not a finite number"}


def test_a_file_that_is_one_number_is_the_metric(read: Read, workspace: Path) -> None:
    assert read(lambda: (workspace / "r.json").write_text("3"), json="r.json") == ({"m": 3}, {})


def test_names_that_no_table_could_show_are_left_out(read: Read, workspace: Path) -> None:
    data = {"line\nbreak": 1, "x" * 300: 2, "\x1b[31m": 3, "good": 4}
    found, _ = read(lambda: (workspace / "r.json").write_text(json.dumps(data)), json="r.json")
    assert found == {"m.good": 4}


def test_numbers_beyond_a_thousand_are_left_out_and_said(read: Read, workspace: Path) -> None:
    found, missing = read(lambda: (workspace / "r.json").write_text(json.dumps(list(range(1500)))), json="r.json")
    assert len(found) == 1000
    assert "more than 1000 numbers" in missing["m"]


def test_unit_and_direction_come_from_the_spec(make_work: Callable[..., Any]) -> None:
    work = make_work(metrics={"m": {"json": "r.json", "unit": "ms", "better": "lower"}})
    (work.workspace / "r.json").write_text('{"p50": 1, "p99": 2}')
    assert read_metrics(work) == {
        "m.p50": Metric(value=1, unit="ms", better="lower"),
        "m.p99": Metric(value=2, unit="ms", better="lower"),
    }


def test_a_missing_file_is_said(read: Read) -> None:
    assert read(json="r.json") == ({}, {"m": "no file fits `r.json`"})


def test_a_pattern_may_name_the_one_file_that_fits(read: Read, workspace: Path) -> None:
    def write() -> None:
        (workspace / "out" / "deep").mkdir(parents=True, exist_ok=True)
        (workspace / "out" / "deep" / "r-17.json").write_text("17")

    assert read(write, json="out/**/r-*.json") == ({"m": 17}, {})
    assert read(write, json="out/*/r-1?.json")[0] == {"m": 17}
    assert read(write, json="**/deep/**/*.json")[0] == {"m": 17}
    assert read(write, json="out/*.json")[1] == {"m": "no file fits `out/*.json`"}


def test_of_several_files_that_fit_none_is_guessed(read: Read, workspace: Path) -> None:
    def write() -> None:
        for name in ("a.json", "b.json"):
            (workspace / name).write_text("1")

    found, missing = read(write, json="*.json")
    assert found == {}
    assert missing["m"] == "2 files fit `*.json` (a.json, b.json): name one"


@pytest.mark.parametrize("pattern", ["../secret.json", "/etc/*.json", "a/../../secret.json"])
def test_a_pattern_does_not_lead_out_of_the_workspace(read: Read, workspace: Path, pattern: str) -> None:
    (workspace.parent / "secret.json").write_text("1")
    found, missing = read(json=pattern)
    assert found == {}
    assert "leads out of the workspace" in missing["m"]


def test_a_link_out_of_the_workspace_is_not_followed(read: Read, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()

    def write() -> None:
        (tmp_path / "outside" / "r.json").write_text("1")
        (workspace / "r.json").symlink_to(tmp_path / "outside" / "r.json")
        (workspace / "folder").symlink_to(tmp_path / "outside")

    found, missing = read(write, json="r.json")
    assert found == {}
    assert "is a link that leads out of the workspace" in missing["m"]
    assert read(json="folder/r.json")[0] == {}
    assert "no file fits" in read(json="fold*/r.json")[1]["m"]


def test_a_link_inside_the_workspace_is_followed(read: Read, workspace: Path) -> None:
    def write() -> None:
        (workspace / "real.json").write_text("5")
        (workspace / "r.json").symlink_to("real.json")

    assert read(write, json="r.json")[0] == {"m": 5}


def test_a_pipe_is_not_waited_for(read: Read, workspace: Path) -> None:
    found, missing = read(lambda: os.mkfifo(workspace / "r.json"), json="r.json")
    assert found == {}
    assert missing["m"] == "no file fits `r.json`"


def test_a_file_that_is_too_large_is_not_read(read: Read, workspace: Path) -> None:
    def write() -> None:
        with (workspace / "r.json").open("wb") as file:
            file.truncate(50 * 1024**3)

    found, missing = read(write, json="r.json")
    assert found == {}
    assert missing["m"] == "r.json is larger than 16 MiB, the most that is read"


def test_a_file_name_with_line_breaks_is_shown_in_one_line(read: Read, workspace: Path) -> None:
    found, missing = read(lambda: (workspace / "r\n\x1b[31m.json").write_text("{"), json="r*.json")
    assert found == {}
    assert missing["m"].startswith("r [31m.json is not JSON")


def test_a_report_that_was_there_before_the_work_is_not_the_variants(read: Read, workspace: Path) -> None:
    (workspace / "r.json").write_text("95")
    os.utime(workspace / "r.json", (1, 1))
    found, missing = read(json="r.json")
    assert found == {}
    assert "was there before the variant began" in missing["m"]
    assert read(lambda: (workspace / "r.json").write_text("95"), json="r.json")[0] == {"m": 95}


def test_an_old_file_counts_if_it_differs_from_the_base(make_work: Callable[..., Any], workspace: Path) -> None:
    (workspace / "r.json").write_text("95")
    os.utime(workspace / "r.json", (1, 1))
    assert read_metrics(make_work("r.json", metrics={"m": {"json": "r.json"}}))["m"].value == 95


def test_where_no_runner_works_every_file_is_the_variants(make_work: Callable[..., Any], workspace: Path) -> None:
    (workspace / "r.json").write_text("95")
    os.utime(workspace / "r.json", (1, 1))
    assert read_metrics(make_work(metrics={"m": {"json": "r.json"}}, runner="none"))["m"].value == 95


def test_an_old_report_does_not_hide_the_one_that_was_written(read: Read, workspace: Path) -> None:
    (workspace / "old.json").write_text("1")
    os.utime(workspace / "old.json", (1, 1))
    assert read(lambda: (workspace / "new.json").write_text("2"), json="*.json")[0] == {"m": 2}
