from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pytest_parex.model import Base, Experiment, Plan
from pytest_parex.repository import Git, create_branch, fingerprint, remove_registration


def plan_of(lab, *bases: Base) -> Plan:
    return Plan(
        experiment=Experiment(experiment="x", variants={"a": "do it"}),
        run="20261120-184210-3fa2",
        created="2026-11-20T18:42:10+00:00",
        spec=str(lab.folder / "spec.yaml"),
        directory=str(lab.folder / "runs" / "x" / "20261120-184210-3fa2"),
        root=str(lab.folder / "workspaces"),
        bases={str(number) if number else "": base for number, base in enumerate(bases)},
        trials=(),
    )


def short(git: Git, ref: str) -> str:
    return git("rev-parse", ref)[:7]


def test_nothing_is_found_where_nothing_happened(lab):
    repo = lab.repository()
    (repo / "dirty").write_text("x")
    plan = plan_of(lab, lab.pin(repo))
    before = fingerprint(plan)
    os.utime(repo / "a.py")
    (repo / "noise.log").write_text("ignored")
    (repo / "__pycache__").mkdir()
    (repo / "__pycache__" / "a.cpython-311.pyc").write_text("x")

    assert fingerprint(plan).changes_since(before) == ()


def test_an_audit_writes_nothing(lab):
    repo = lab.repository()
    os.utime(repo / "a.py")
    plan = plan_of(lab, lab.pin(repo))
    before = lab.state(repo)

    fingerprint(plan)

    assert lab.state(repo) == before


def move_branch(git: Git, repo: Path) -> str:
    old = short(git, "main")
    git("commit", "--quiet", "--allow-empty", "--message=x")
    return f"the branch `main` of the source moved from {old} to {short(git, 'main')} while the trial ran"


def make_branch(git: Git, repo: Path) -> str:
    git("branch", "feature/x")
    return "the branch `feature/x` of the source was made while the trial ran"


def delete_tag(git: Git, repo: Path) -> str:
    git("tag", "--delete", "v1")
    return "the tag `v1` of the source was deleted while the trial ran"


def pack_and_move(git: Git, repo: Path) -> str:
    git("pack-refs", "--all")
    return move_branch(git, repo)


def switch(git: Git, repo: Path) -> str:
    git("checkout", "--quiet", "other")
    return "HEAD of the source moved from main to other while the trial ran"


def stash(git: Git, repo: Path) -> str:
    (repo / "a.py").write_text("stash me")
    git("stash")
    return "the stash of the source changed while the trial ran"


def configure(git: Git, repo: Path) -> str:
    git("config", "user.name", "Mallory")
    return "the configuration of the source changed while the trial ran"


def hook(git: Git, repo: Path) -> str:
    (repo / ".git" / "hooks").mkdir(exist_ok=True)
    (repo / ".git" / "hooks" / "pre-commit").write_text("x")
    return "the hooks of the source changed while the trial ran"


def stage(git: Git, repo: Path) -> str:
    git("rm", "--quiet", "--cached", "a.py")
    return "the file `a.py` of the source changed while the trial ran"


def edit(git: Git, repo: Path) -> str:
    (repo / "a.py").write_text("edited")
    return "the file `a.py` of the source changed while the trial ran"


def edit_again(git: Git, repo: Path) -> str:
    (repo / "dirty").write_text("y")
    return "the file `dirty` of the source changed while the trial ran"


def delete(git: Git, repo: Path) -> str:
    (repo / "a.py").unlink()
    return "the file `a.py` of the source changed while the trial ran"


def add(git: Git, repo: Path) -> str:
    (repo / "new file").write_text("x")
    return "the file `new file` of the source changed while the trial ran"


EVENTS = [
    move_branch,
    make_branch,
    delete_tag,
    pack_and_move,
    switch,
    stash,
    configure,
    hook,
    stage,
    edit,
    edit_again,
    delete,
    add,
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_what_happens_to_the_source_is_told_in_a_sentence(lab, event):
    repo = lab.repository()
    git = Git(repo)
    git("branch", "other")
    git("tag", "v1")
    (repo / "dirty").write_text("x")
    plan = plan_of(lab, lab.pin(repo))
    before = fingerprint(plan)

    sentence = event(git, repo)

    assert sentence in fingerprint(plan).changes_since(before)


def test_a_linked_worktree_is_audited_with_what_it_shares(lab):
    repo = lab.repository()
    linked = lab.folder / "linked"
    Git(repo)("worktree", "add", "--quiet", "-b", "side", linked)
    plan = plan_of(lab, lab.pin(linked))
    before = fingerprint(plan)

    Git(repo)("tag", "v2")
    Git(linked)("checkout", "--quiet", "--detach")

    changes = fingerprint(plan).changes_since(before)
    assert changes[0].startswith("HEAD of the source moved from side to ")
    assert changes[1] == "the tag `v2` of the source was made while the trial ran"


def test_a_plain_directory_is_audited_too(lab):
    folder = lab.folder / "plain"
    folder.mkdir()
    (folder / "f").write_text("x")
    plan = plan_of(lab, lab.pin(folder))
    before = fingerprint(plan)

    (folder / "f").write_text("yy")

    assert fingerprint(plan).changes_since(before) == ("the file `f` of the source changed while the trial ran",)


def test_many_changed_files_are_told_briefly(lab):
    repo = lab.repository()
    plan = plan_of(lab, lab.pin(repo))
    before = fingerprint(plan)
    for number in range(12):
        (repo / f"{number:02}").write_text("x")

    changes = fingerprint(plan).changes_since(before)

    assert len(changes) == 6
    assert changes[-1] == "7 more files of the source changed while the trial ran"


def test_stored_runs_inside_the_source_are_no_finding(lab):
    repo = lab.repository()
    inner = type(lab)(repo)
    plan = plan_of(inner, inner.pin(repo))
    before = fingerprint(plan)

    (repo / "runs" / "x").mkdir()
    (repo / "runs" / "x" / "result.json").write_text("{}")

    assert fingerprint(plan).changes_since(before) == ()


def test_what_a_trial_does_in_its_own_worktree_is_no_finding(lab):
    base = lab.pin(lab.repository())
    plan = plan_of(lab, base)
    before = fingerprint(plan)

    opened = lab.open(base, "own")
    create_branch(base, opened.git_dir, "exp/own")
    lab.commit(opened.path, {"a.py": "2"})
    opened.git("checkout", "--quiet", "-b", "feature")
    lab.commit(opened.path, {"a.py": "3"})
    opened.git("commit", "--quiet", "--amend", "--message=again")
    lab.capture(opened)
    during = fingerprint(plan)
    remove_registration(base, "own")

    assert during.changes_since(before) == ()
    assert fingerprint(plan).changes_since(during) == ()


@pytest.fixture
def siblings(lab):
    base = lab.pin(lab.repository())
    one, other = lab.open(base, "one"), lab.open(base, "other")
    create_branch(base, other.git_dir, "exp/other")
    lab.commit(other.path, {"a.py": "2"})
    return one, other, plan_of(lab, base)


def test_that_a_siblings_branch_was_moved_is_found(siblings):
    one, _, plan = siblings
    before = fingerprint(plan)

    one.git("update-ref", "refs/heads/exp/other", "HEAD")

    assert fingerprint(plan).changes_since(before) == (
        "the branch `exp/other` of the workspace `other` was moved from elsewhere while the trial ran",
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("tag", "v1"), "the tag `v1` of the mirror was made"),
        (("branch", "loose"), "the branch `loose` of the mirror was made"),
        (("update-ref", "refs/parex/evil", "HEAD"), "the ref `refs/parex/evil` of the mirror was made"),
        (("config", "user.name", "Mallory"), "the shared settings of the mirror changed"),
        (
            ("update-ref", "-d", "refs/parex/bases/{base}"),
            "the ref `refs/parex/bases/{base}` of the mirror was deleted",
        ),
    ],
)
def test_what_a_worktree_does_to_what_all_share_is_found(siblings, command, words):
    one, _, plan = siblings
    base = plan.bases[""].commit
    before = fingerprint(plan)

    one.git(*(argument.format(base=base) for argument in command))

    assert fingerprint(plan).changes_since(before) == (f"{words.format(base=base)} while the trial ran",)


def test_a_stash_which_all_worktrees_share_is_found(siblings):
    one, _, plan = siblings
    before = fingerprint(plan)
    one.write({"a.py": "stash me"})

    one.git("stash")

    assert fingerprint(plan).changes_since(before) == (
        "the ref `refs/stash` of the mirror was made while the trial ran",
    )


def test_a_registration_that_was_taken_away_is_found(siblings):
    _, other, plan = siblings
    before = fingerprint(plan)

    shutil.rmtree(other.git_dir)

    assert "the worktree `other` was taken off the register of the mirror while the trial ran" in fingerprint(
        plan
    ).changes_since(before)


def test_settings_that_were_put_back_for_another_worktree_are_still_found(lab, siblings):
    one, _, plan = siblings
    before = fingerprint(plan)
    one.git("config", "core.hooksPath", "/evil")

    lab.open(plan.bases[""], "third")

    assert fingerprint(plan).changes_since(before) == ("the shared settings of the mirror changed while the trial ran",)


def test_several_sources_are_told_apart(lab):
    one, other = lab.repository(name="one"), lab.repository(name="other")
    plan = plan_of(lab, lab.pin(one), lab.pin(other))
    before = fingerprint(plan)

    (other / "a.py").write_text("edited")

    assert fingerprint(plan).changes_since(before) == (
        f"the file `a.py` of the source {other} changed while the trial ran",
    )


def test_a_source_that_vanished_is_a_finding_and_no_fault(lab):
    repo = lab.repository()
    plan = plan_of(lab, lab.pin(repo))
    before = fingerprint(plan)

    shutil.rmtree(repo)

    assert fingerprint(plan).changes_since(before)
