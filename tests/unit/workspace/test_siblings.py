"""What one trial does in its workspace does not act in another's."""

from __future__ import annotations

from .bench import Bench, git


def test_a_filter_that_a_sibling_has_put_into_the_mirror_is_not_run(bench: Bench) -> None:
    bench.project.write({".gitattributes": "*.py filter=theirs\n"})
    bench.project.commit()
    run = bench.run(workspace={"kind": "worktree"}, variants={"v1": {}, "v2": {}})
    first, second = bench.attempt(run, "v1"), bench.attempt(run, "v2")
    first.create()
    first.settle()
    for way in ("clean", "smudge"):
        git(first, "config", f"filter.theirs.{way}", f"touch {bench.folder}/ran; cat")
    second.create()
    second.settle()
    second.capture()
    second.remove()

    assert not (bench.folder / "ran").exists()


def test_hooks_and_settings_of_one_clone_do_not_reach_another(bench: Bench) -> None:
    run = bench.run(workspace={"kind": "clone"}, variants={"v1": {}, "v2": {}})
    first, second = bench.attempt(run, "v1"), bench.attempt(run, "v2")
    first.create()
    second.create()
    hooks = first.made.path / ".git" / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\ntouch hooked\n")
    (hooks / "pre-commit").chmod(0o755)
    git(first, "config", "user.name", "First")
    for attempt in (first, second):
        git(attempt, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--allow-empty", "-m", "x")

    assert (first.made.path / "hooked").exists()
    assert not (second.made.path / "hooked").exists()
    assert git(second, "config", "user.name").stdout != "First\n"
