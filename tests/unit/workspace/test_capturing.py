"""What counts as the variant's work: what it did, its patch and its ref; not what parex and setup laid there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_parex import repository
from pytest_parex.repository import Git

from .bench import Attempt, Bench

KINDS = ("worktree", "clone", "copy")
PATCH = """\
--- a/limits.py
+++ b/limits.py
@@ -1 +1 @@
-LIMIT = 1
+LIMIT = 2
"""


def changed(attempt: Attempt) -> dict[str, str]:
    """Path → status of what is captured."""
    return {change.path: change.status for change in attempt.capture().files}


def patch_of(attempt: Attempt) -> str:
    return (attempt.writer.directory / "changes.patch").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_overlays_and_what_setup_leaves_behind_are_no_work(bench: Bench, kind: str) -> None:
    bench.project.write({"v2/go.md": "go", "v2/limits.py": "LIMIT = 100\n"})
    setup = ["echo made > generated.lock", "rm docs/plan.md", "mkdir -p cache/deep && touch cache/deep/x"]
    attempt = bench.attempt(
        dirty="head", variants={"v1": {"files": {".": "v2/"}}}, setup=setup, workspace={"kind": kind}
    )
    attempt.create()
    attempt.settle()

    assert changed(attempt) == {}
    assert patch_of(attempt) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_the_variant_does_to_them_counts(bench: Bench, kind: str) -> None:
    bench.project.write({"v2/go.md": "go\n", "v2/stay.md": "stay\n", "v2/limits.py": "LIMIT = 100\n"})
    attempt = bench.attempt(
        dirty="head",
        variants={"v1": {"files": {".": "v2/"}}},
        setup=["echo made > generated.lock"],
        workspace={"kind": kind},
    )
    path = attempt.create().path
    attempt.settle()
    (path / "go.md").write_text("gone further\n")
    (path / "generated.lock").unlink()
    (path / "limits.py").write_text("LIMIT = 101\n")
    (path / "src/a.py").write_text("A = 2\n")
    (path / "new.py").write_text("new\n")

    assert changed(attempt) == {
        "generated.lock": "deleted",
        "go.md": "modified",
        "limits.py": "modified",
        "new.py": "added",
        "src/a.py": "modified",
    }
    assert "-LIMIT = 100\n+LIMIT = 101\n" in patch_of(attempt)


@pytest.mark.parametrize("kind", KINDS)
def test_a_patch_is_work_and_stays_so_when_something_is_laid_beside_it(bench: Bench, kind: str) -> None:
    bench.project.write({"fix.patch": PATCH, "extra.md": "extra"})
    plain = bench.attempt(
        bench.run(run="plain", dirty="head", variants={"v1": {"patch": "fix.patch"}}, workspace={"kind": kind})
    )
    plain.create()
    plain.settle()
    laid = bench.attempt(
        bench.run(
            run="laid",
            dirty="head",
            variants={"v1": {"patch": "fix.patch", "files": {"extra.md": "extra.md"}}},
            workspace={"kind": kind},
        )
    )
    laid.create()
    laid.settle()

    assert changed(plain) == {"limits.py": "modified"}
    assert changed(laid) == {"limits.py": "modified"}
    assert "+LIMIT = 2" in patch_of(laid)


def test_an_overlay_over_a_patched_file_leaves_the_patch_as_the_work(bench: Bench) -> None:
    bench.project.write({"fix.patch": PATCH, "over.py": "LIMIT = 50\n"})
    attempt = bench.attempt(dirty="head", variants={"v1": {"patch": "fix.patch", "files": {"limits.py": "over.py"}}})
    path = attempt.create().path
    attempt.settle()

    assert (path / "limits.py").read_text() == "LIMIT = 50\n"
    assert changed(attempt) == {}


def test_a_ref_is_work_and_stays_so_when_something_is_laid_beside_it(bench: Bench) -> None:
    bench.project.git("checkout", "--quiet", "-b", "feature")
    bench.project.write({"feature.py": "FEATURE = True\n"})
    bench.project.commit()
    bench.project.git("checkout", "--quiet", "main")
    bench.project.write({"extra.md": "extra"})
    attempt = bench.attempt(dirty="head", variants={"v1": {"ref": "feature", "files": {"extra.md": "extra.md"}}})
    attempt.create()
    attempt.settle()

    assert changed(attempt) == {"feature.py": "added"}


def test_files_that_become_folders_and_back_are_told_apart(bench: Bench) -> None:
    bench.project.write({"thing": "a file\n", "place/inside": "x\n"})
    bench.project.commit()
    setup = ["rm thing && mkdir thing && echo 1 > thing/one", "rm -r place && echo 2 > place"]
    attempt = bench.attempt(setup=setup)
    path = attempt.create().path
    attempt.settle()
    (path / "thing" / "two").write_text("2")

    assert changed(attempt) == {"thing/two": "added"}


@pytest.mark.parametrize("kind", ["worktree", "clone"])
def test_commits_of_the_variant_and_of_setup_are_told_apart_too(bench: Bench, kind: str) -> None:
    commit = "git add -A && git -c user.name=A -c user.email=a@b commit -qm"
    attempt = bench.attempt(setup=[f"echo s > by_setup && {commit} setup"], workspace={"kind": kind})
    attempt.create()
    attempt.settle()
    attempt.place.workspace.joinpath("by_variant").write_text("v")

    assert changed(attempt) == {"by_variant": "added"}


def test_an_untouched_workspace_has_no_changes(bench: Bench) -> None:
    for kind in KINDS:
        attempt = bench.attempt(bench.run(run=f"run-{kind}", workspace={"kind": kind}))
        attempt.create()
        attempt.settle()

        assert changed(attempt) == {}
        assert attempt.made.base == attempt.run.plan.bases[""]


def test_carried_files_are_no_work(bench: Bench) -> None:
    bench.project.write({".gitignore": ".env\n"})
    bench.project.commit()
    bench.project.write({".env": "A=1\n"})
    attempt = bench.attempt(workspace={"carry": [".env"]})
    path = attempt.create().path
    attempt.settle()

    assert (path / ".env").read_text() == "A=1\n"
    assert changed(attempt) == {}


def test_captured_work_is_the_whole_state_of_the_workspace(bench: Bench) -> None:
    """Regrading needs the overlay too: the commit holds it, only the comparison leaves it out."""
    bench.project.write({"v2/go.md": "go\n"})
    attempt = bench.attempt(dirty="head", variants={"v1": {"files": {".claude/": "v2/"}}})
    (attempt.create().path / "ignored-so-far").write_text("x")
    attempt.settle()
    (attempt.made.path / "new.py").write_text("new\n")
    changes = attempt.capture()

    git = Git(git_dir=Path(changes.mirror))
    assert git("show", f"{changes.ref}:.claude/go.md") == "go"
    assert git("show", f"{changes.ref}:new.py") == "new"
    assert git("diff", "--name-only", changes.base, changes.commit) == "new.py"


def test_trials_with_odd_names_have_refs_of_their_own(bench: Bench) -> None:
    names = ["a..b", "a-b", "x.lock", "end."]
    run = bench.run(variants={name: {} for name in names})
    refs = set()
    for name in names:
        attempt = bench.attempt(run, name)
        attempt.create()
        attempt.settle()
        refs.add(attempt.capture().ref)

    assert len(refs) == 4
    assert repository.captures(Path(run.plan.bases[""].mirror)).is_dir()
