"""pytest --parex started by git itself, from a hook, with git's variables pointing at the user's repository."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from pytest_parex import processes
from pytest_parex.repository import Git
from pytest_parex.testing import Project

from .sessions import ALONE, LEAN, PATIENCE_S, state

HOOK = """\
#!/bin/sh
set -e
export GIT_WORK_TREE="$(pwd)"
env | grep '^GIT_' | sort > "{traces}/environment"
{command} > "{traces}/output" 2>&1
"""
WORK = """\
set -e
env | grep '^GIT_\\(DIR\\|INDEX_FILE\\|WORK_TREE\\|PREFIX\\)' && exit 1
test "$(git rev-parse --show-toplevel)" = "$PAREX_WORKSPACE"
git config user.name v
git config user.email v@example.org
echo 42 > answer.txt
git add --all
git commit -qm 'by a variant'
git branch made-by-variant
"""
ENVIRONMENT = {
    **ALONE,
    "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z",
    "GIT_CONFIG_NOSYSTEM": "1",
}


def test_a_commit_in_a_linked_worktree_whose_hook_runs_an_experiment_is_just_that_commit(
    project: Callable[..., Project], folder: Path
) -> None:
    main = project({"answer.txt": "0\n", "both.txt": "base\n", "gone.txt": "gone\n", "work.sh": WORK}, "das Größte")
    main.spec(
        {
            "variants": {"a": {}, "b": {"runner": "none"}},
            "retries": 0,
            "runner": {"shell": "sh work.sh"},
            "workspace": {"keep": "none"},
            "checks": {"staged": "test -e staged.txt && test -e untracked.txt && grep -q unstaged both.txt"},
        }
    )
    main.commit("a spec")
    linked = main.path.with_name("linked größer")
    main.git("worktree", "add", "--quiet", "-b", "side", str(linked))
    command = main.command(*LEAN)
    quoted = " ".join(f"'{part}'" for part in command)
    hook = main.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK.format(traces=folder, command=quoted))
    hook.chmod(0o755)
    git = Git(linked)
    (linked / "staged.txt").write_text("staged\n")
    (linked / "both.txt").write_text("staged\n")
    git("rm", "--quiet", "gone.txt")
    git("add", "staged.txt", "both.txt")
    (linked / "both.txt").write_text("unstaged\n")
    (linked / "untracked.txt").write_text("untracked\n")
    before, files = _contents(main.path), state(linked, leave_out=[".parex"])

    done = _commit(main, linked)

    output = (folder / "output").read_text()
    assert done == 0, output
    environment = (folder / "environment").read_text()
    assert all(f"\n{name}=" in f"\n{environment}" for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"))
    assert "2 passed" in output
    assert git("diff-tree", "-r", "--name-status", "--no-commit-id", "HEAD").split("\n") == [
        "M\tboth.txt",
        "D\tgone.txt",
        "A\tstaged.txt",
    ]
    assert git("show", "HEAD:both.txt") == "staged"
    assert git("status", "--porcelain") == " M both.txt\n?? untracked.txt"
    assert git("rev-list", "--count", "main..side") == "1"
    assert state(linked, leave_out=[".parex"]) == files
    after = _contents(main.path)
    assert {path for path in {*before, *after} if before.get(path) != after.get(path)} == _expected(git)


def _commit(main: Project, linked: Path) -> int:
    command = ["git", "-C", str(linked), "commit", "--quiet", "--message=with a hook"]
    return processes.capture(command, cwd=linked, env=main.environment(ENVIRONMENT), timeout=PATIENCE_S).exit_code


def _contents(folder: Path) -> dict[str, object]:
    """Path → content of every file below."""
    return {path: content for path, (mode, _, content) in state(folder).items() if not stat.S_ISDIR(mode)}


def _expected(git: Git) -> set[str]:
    """What a commit writes: its objects, its branch with the log, and the worktree's own index, log and message."""
    made = [line.split()[0] for line in git("rev-list", "--objects", "main..side").splitlines()]
    staged = [git("hash-object", "staged.txt")]
    objects = {f".git/objects/{name[:2]}/{name[2:]}" for name in {*made} - {*staged}}
    worktree = ".git/worktrees/linked-größer"
    return {
        *objects,
        ".git/refs/heads/side",
        ".git/logs/refs/heads/side",
        f"{worktree}/index",
        f"{worktree}/logs/HEAD",
        f"{worktree}/COMMIT_EDITMSG",
    }
