from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_parex.grading import collect_artifacts
from pytest_parex.store.journal import read


def notes(work: Any) -> list[str]:
    return [event.data["text"] for event in read(work.directory / "events.jsonl", "v1", 1) if event.name == "note"]


def test_what_the_spec_names_is_copied(make_work: Callable[..., Any]) -> None:
    work = make_work(artifacts=["results/**", "plan.txt", "docs", "none/*"])
    for name in ("results/a/b.txt", "results/.hidden", "plan.txt", "docs/x.md", "other.txt", "results/.git/config"):
        (work.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (work.workspace / name).write_text(name)
    kept = collect_artifacts(work)
    assert set(kept) == {
        "artifacts/results/a/b.txt",
        "artifacts/results/.hidden",
        "artifacts/plan.txt",
        "artifacts/docs/x.md",
    }
    assert (work.directory / "artifacts/results/a/b.txt").read_text() == "results/a/b.txt"
    assert notes(work) == []


def test_what_the_variant_says_about_its_work_is_always_kept(make_work: Callable[..., Any]) -> None:
    work = make_work(artifacts=["*.md"])
    (work.workspace / "RESULTS.md").write_text("results")
    (work.workspace / "PROGRESS.md").write_text("progress")
    assert collect_artifacts(work) == ("RESULTS.md", "PROGRESS.md")
    assert (work.directory / "RESULTS.md").read_text() == "results"


def test_a_results_file_of_the_base_is_not_the_variants(make_work: Callable[..., Any], workspace: Path) -> None:
    (workspace / "RESULTS.md").write_text("of another day")
    os.utime(workspace / "RESULTS.md", (1, 1))
    assert collect_artifacts(make_work()) == ()
    assert collect_artifacts(make_work("RESULTS.md")) == ("RESULTS.md",)


def test_links_are_not_followed_out_of_the_workspace(make_work: Callable[..., Any], tmp_path: Path) -> None:
    work = make_work(artifacts=["**"])
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    (work.workspace / "secret").symlink_to(tmp_path / "outside" / "secret")
    (work.workspace / "folder").symlink_to(tmp_path / "outside")
    (work.workspace / "real").write_text("real")
    (work.workspace / "inside").symlink_to("real")
    (work.workspace / "loop").symlink_to("loop")
    os.mkfifo(work.workspace / "pipe")
    assert set(collect_artifacts(work)) == {"artifacts/inside", "artifacts/real"}
    assert "secret (secret is a link that leads out of the workspace)" in notes(work)[0]


def test_what_is_too_much_is_left_out_and_said(make_work: Callable[..., Any]) -> None:
    work = make_work(artifacts=["**"])
    with (work.workspace / "huge").open("wb") as file:
        file.truncate(10 * 1024**4)
    for number in range(1010):
        (work.workspace / f"f{number}").touch()
    assert len(collect_artifacts(work)) == 1000
    assert "and 6 more" in notes(work)[0]
    assert not (work.directory / "artifacts" / "huge").exists()


def test_names_that_nobody_could_type_are_left_out(make_work: Callable[..., Any]) -> None:
    work = make_work(artifacts=["**"])
    (work.workspace / "line\nbreak").write_text("x")
    Path(os.fsdecode(os.fsencode(work.workspace) + b"/not-utf8-\xff")).write_text("x")
    (work.workspace / "good").write_text("x")
    assert collect_artifacts(work) == ("artifacts/good",)
    assert "not printable text" in notes(work)[0]


def test_a_pattern_out_of_the_workspace_is_said(make_work: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    work = make_work(artifacts=["../x", "/etc/passwd"])
    assert collect_artifacts(work) == ()
    assert "leads out of the workspace" in notes(work)[0]
