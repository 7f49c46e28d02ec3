from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_parex
from pytest_parex.errors import GitError, WorkspaceError
from pytest_parex.repository import Git, captures, clone, populate, registrations, remove_registration

PIN = """
import sys
from pathlib import Path
from pytest_parex.repository import locate, pin
folder, source = Path(sys.argv[1]), sys.argv[2]
base, _ = pin(locate(source, folder / "spec.yaml"), "HEAD", dirty="snapshot", sources=folder / "runs" / "sources")
print(base.commit, base.mirror)
"""


def objects(mirror: str | Path) -> set[str]:
    """Every object that the mirror really holds, reachable or not."""
    return set(Git(git_dir=Path(mirror))("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").splitlines())


def commits(mirror: str | Path) -> set[str]:
    listed = Git(git_dir=Path(mirror))("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
    return {line.split()[0] for line in listed.splitlines() if line.endswith(" commit")}


def test_head_is_pinned_with_its_history_and_the_words_for_it(lab):
    repo = lab.repository()
    first = Git(repo)("rev-parse", "HEAD")
    second = lab.commit(repo, {"a.py": "two\n"})

    base, notices = lab.pin_with_notices(repo)

    assert base.commit == second
    assert base.chosen == "HEAD of main"
    assert base.checkout == str(repo)
    assert notices == ()
    assert commits(base.mirror) == {first, second}


def test_the_mirror_holds_nothing_newer_and_no_other_branch(lab):
    repo = lab.repository()
    old = Git(repo)("rev-parse", "HEAD")
    Git(repo)("checkout", "--quiet", "-b", "answers")
    answer = lab.commit(repo, {"answer.py": "42\n"})
    Git(repo)("checkout", "--quiet", "main")
    newer = lab.commit(repo, {"a.py": "newer\n"})

    later = lab.pin(repo)
    earlier = lab.pin(repo, "HEAD~1")

    assert earlier.commit == old
    assert commits(earlier.mirror) == {old}
    assert commits(later.mirror) == {old, newer}
    assert answer not in commits(later.mirror)
    assert Git(git_dir=Path(later.mirror))("remote") == ""


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("main", "branch main"),
        ("v1", "tag v1"),
        ("annotated", "tag annotated"),
        ("refs/heads/main", "branch main"),
        ("HEAD~1", r"commit [0-9a-f]{7} \(given as HEAD~1\)"),
        ("up/main", "remote branch up/main"),
    ],
)
def test_every_way_of_naming_a_commit_is_told_apart(lab, ref, words):
    repo = lab.repository()
    git = Git(repo)
    lab.commit(repo)
    git("tag", "v1")
    git("tag", "--annotate", "--message=x", "annotated")
    git("update-ref", "refs/remotes/up/main", "HEAD")

    base = lab.pin(repo, ref)

    assert base.commit == git("rev-parse", f"{ref}^{{commit}}")
    assert re.fullmatch(words, base.chosen)


def test_a_commit_can_be_named_by_its_first_digits(lab):
    repo = lab.repository()
    commit = Git(repo)("rev-parse", "HEAD")

    assert lab.pin(repo, commit[:8]).chosen == f"commit {commit[:7]}"
    assert lab.pin(repo, commit).commit == commit


def test_a_detached_head_is_called_that(lab):
    repo = lab.repository()
    Git(repo)("checkout", "--quiet", "--detach")

    assert lab.pin(repo).chosen == "detached HEAD"


def test_a_repository_without_commits_is_told_to_commit(lab):
    repo = lab.folder / "empty"
    repo.mkdir()
    Git(repo)("init", "--quiet")

    with pytest.raises(WorkspaceError, match="has no commit yet: commit something first"):
        lab.pin(repo)


def test_an_unknown_ref_is_refused_with_the_nearest_one(lab):
    repo = lab.repository()
    Git(repo)("branch", "feature-12")

    with pytest.raises(WorkspaceError, match=r"no branch, tag or commit 'featur-12' \(did you mean 'feature-12'\?\)"):
        lab.pin(repo, "featur-12")


def test_an_ambiguous_name_is_refused_with_what_it_could_mean(lab):
    repo = lab.repository()
    Git(repo)("branch", "both")
    lab.commit(repo)
    Git(repo)("tag", "both")

    with pytest.raises(WorkspaceError, match=r"'both' is ambiguous .*refs/heads/both or refs/tags/both"):
        lab.pin(repo, "both")


def test_what_is_no_commit_cannot_be_a_base(lab):
    repo = lab.repository()
    Git(repo)("tag", "blob", "HEAD:a.py")

    with pytest.raises(WorkspaceError, match="is not a commit"):
        lab.pin(repo, "blob")


def test_a_ref_that_looks_like_an_option_is_only_unknown(lab):
    with pytest.raises(WorkspaceError, match="no branch, tag or commit '--all'"):
        lab.pin(lab.repository(), "--all")


def test_an_unborn_head_beside_other_branches_is_explained(lab):
    repo = lab.repository()
    Git(repo)("symbolic-ref", "HEAD", "refs/heads/nothing")

    with pytest.raises(WorkspaceError, match=r"HEAD of .* leads to no commit"):
        lab.pin(repo)


def test_the_same_base_is_pinned_in_the_same_mirror_without_fetching_again(lab):
    repo = lab.repository()
    base = lab.pin(repo)
    before = lab.state(Path(base.mirror) / "objects")

    assert lab.pin(repo) == base
    assert lab.state(Path(base.mirror) / "objects") == before


def test_a_new_commit_builds_on_the_packs_of_its_ancestor(lab):
    repo = lab.repository()
    old = lab.pin(repo)
    lab.commit(repo, {"a.py": "two\n"})
    new = lab.pin(repo)

    packs = {file.name for file in Path(old.mirror, "objects", "pack").iterdir()}
    assert packs < {file.name for file in Path(new.mirror, "objects", "pack").iterdir()}
    assert Git(git_dir=Path(new.mirror))("fsck", "--full", "--strict") == ""
    assert Git(git_dir=Path(new.mirror))("for-each-ref", "--format=%(refname)") == f"refs/parex/bases/{new.commit}"


def test_a_mirror_with_worktrees_of_an_earlier_run_is_left_to_that_run(lab):
    repo = lab.repository()
    first = lab.pin(repo)
    opened = lab.open(first)
    opened.git("checkout", "--quiet", "-b", "feature")
    lab.commit(opened.path, {"solution.py": "42"})

    second = lab.pin(repo)

    assert second.mirror != first.mirror
    assert second.commit == first.commit
    assert commits(second.mirror) == {second.commit}
    assert Git(git_dir=Path(second.mirror))("branch", "--list") == ""
    pack = next(Path(second.mirror, "objects", "pack").glob("*.pack"))
    assert pack.samefile(Path(first.mirror, "objects", "pack", pack.name))


def test_what_variants_left_behind_is_gone_when_a_mirror_is_used_again(lab):
    repo = lab.repository()
    base = lab.pin(repo)
    opened = lab.open(base)
    opened.git("checkout", "--quiet", "-b", "feature")
    lab.commit(opened.path, {"solution.py": "42"})
    opened.git("tag", "done")
    opened.write({"a.py": "stashed"})
    opened.git("stash")
    opened.git("pack-refs", "--all")
    opened.git("config", "core.fsmonitor", "evil")
    opened.git("gc", "--quiet")
    remove_registration(base, "w")

    again = lab.pin(repo)

    assert again == base
    assert commits(again.mirror) == {base.commit}
    git = Git(git_dir=Path(again.mirror))
    assert git("for-each-ref", "--format=%(refname)") == f"refs/parex/bases/{base.commit}"
    assert "evil" not in (Path(again.mirror) / "config").read_text()
    assert git("fsck", "--full") == ""


@pytest.mark.parametrize("damage", ["pack", "ref", "manifest", "captures", "HEAD"])
def test_a_damaged_mirror_is_recognised_and_repaired(lab, damage):
    repo = lab.repository()
    base = lab.pin(repo)
    mirror = Path(base.mirror)
    if damage == "pack":
        for pack in mirror.glob("objects/pack/*.pack"):
            pack.unlink()
    elif damage == "ref":
        next(mirror.glob("refs/parex/bases/*")).write_text("")
    elif damage == "manifest":
        (mirror / "parex" / "manifest.json").write_text('{"comm')
    elif damage == "captures":
        captures(mirror).rename(mirror / "parex" / "lost")
    else:
        (mirror / "HEAD").unlink()

    again = lab.pin(repo)

    assert again == base
    assert Git(git_dir=mirror)("fsck", "--full") == ""
    opened = lab.open(again)
    opened.write({"new.py": "x"})
    assert lab.statuses(lab.capture(opened)) == {"new.py": "added"}


def test_a_mirror_that_was_being_made_when_its_process_was_killed_is_made_again(lab):
    repo = lab.repository()
    lab.pin(repo)
    stem = next(lab.sources.glob("repo-*.lock")).stem
    left = lab.sources / f"{stem}.making-0123" / "mirror.git"
    left.mkdir(parents=True)
    lab.commit(repo)

    base = lab.pin(repo)

    assert Git(git_dir=Path(base.mirror))("cat-file", "-t", base.commit) == "commit"
    assert not left.exists()


@pytest.mark.parametrize("step", range(4, 32, 4))
def test_a_base_can_be_pinned_after_a_kill_at_any_step(lab, step):
    repo = lab.repository()
    (repo / "new.txt").write_text("uncommitted")
    before = lab.state(repo)
    folder = lab.folder / "bin"
    folder.mkdir()
    count = lab.folder / "count"
    (folder / "git").write_text(
        f'#!/bin/sh\necho x >> {count}\n[ "$(wc -l < {count})" -ge {step} ] && kill -9 $PPID\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    (folder / "git").chmod(0o755)
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(pytest_parex.__file__).parents[1]),
        "PATH": f"{folder}:{os.environ['PATH']}",
    }

    killed = subprocess.run([sys.executable, "-c", PIN, str(lab.folder), str(repo)], env=environment, check=False)
    base = lab.pin(repo)

    assert killed.returncode == (-9 if len(count.read_text().split()) >= step else 0)
    assert Git(git_dir=Path(base.mirror))("fsck", "--full") == ""
    assert commits(base.mirror) == {base.commit, Git(repo)("rev-parse", "HEAD")}
    assert not list(lab.sources.glob("*.making-*"))
    assert lab.state(repo) == before


def test_processes_that_pin_at_once_agree_on_one_mirror(lab):
    repo = lab.repository({f"{number}.txt": str(number) * 5000 for number in range(50)})
    (repo / "new.txt").write_text("uncommitted")
    environment = {**os.environ, "PYTHONPATH": str(Path(pytest_parex.__file__).parents[1])}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PIN, str(lab.folder), str(repo)], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    answers = {process.communicate(timeout=60)[0] for process in started}

    assert len(answers) == 1
    assert all(process.returncode == 0 for process in started)
    assert not list(lab.sources.glob("*.making-*"))


def test_a_url_is_fetched_by_branch_tag_and_full_commit(lab):
    repo = lab.repository()
    first = Git(repo)("rev-parse", "HEAD")
    Git(repo)("tag", "--annotate", "--message=x", "v1")
    second = lab.commit(repo)
    url = f"file://{repo}"

    assert lab.pin(url).commit == second
    assert lab.pin(url).chosen == f"HEAD (main) of {url}"
    assert lab.pin(url, "main").commit == second
    assert lab.pin(url, "v1").commit == first
    assert lab.pin(url, first).commit == first
    assert commits(lab.pin(url, first).mirror) == {first}
    assert lab.pin(url).checkout is None


def test_a_url_without_the_ref_and_a_url_that_leads_nowhere_are_told_apart(lab):
    url = f"file://{lab.repository()}"

    with pytest.raises(WorkspaceError, match="has no 'featre': name a branch or a tag"):
        lab.pin(url, "featre")
    with pytest.raises(WorkspaceError, match="or a full commit id"):
        lab.pin(url, "abc123")
    with pytest.raises(GitError, match="nowhere"):
        lab.pin("file:///nowhere/at/all.git")


def test_a_fault_of_a_url_does_not_show_its_credentials(lab):
    with pytest.raises(GitError) as caught:
        lab.pin("http://ada:secret@127.0.0.1:9/a.git")

    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_settings_that_decide_what_files_look_like_come_along_and_nothing_else(lab):
    repo = lab.repository()
    for name, value in (
        ("core.autocrlf", "input"),
        ("filter.up.clean", "tr a-z A-Z"),
        ("filter.up.smudge", 'tr A-Z "a-z"'),
        ("remote.origin.url", "https://example.org/secret"),
        ("core.hooksPath", "/somewhere"),
        ("user.name", "Grace \\ Hopper"),
    ):
        Git(repo)("config", name, value)

    base = lab.pin(repo)

    listed = Git(git_dir=Path(base.mirror)).fields("config", "--list", "--null", "--local")
    settings = dict(entry.split("\n", 1) for entry in listed)
    assert settings["core.autocrlf"] == "input"
    assert settings["filter.up.smudge"] == 'tr A-Z "a-z"'
    assert settings["user.name"] == "Grace \\ Hopper"
    assert not any(name.startswith("remote.") or name == "core.hookspath" for name in settings)


def test_a_repository_with_sha256_objects_is_a_source_like_any_other(lab):
    repo = lab.folder / "new"
    repo.mkdir()
    Git(repo)("init", "--quiet", "--object-format=sha256")
    commit = lab.commit(repo, {"a.py": "a"})

    base = lab.pin(repo)
    opened = lab.open(base, kind="clone")
    opened.write({"b.py": "b"})

    assert len(commit) == 64
    assert base.commit == commit
    assert lab.statuses(lab.capture(opened)) == {"b.py": "added"}


def test_registrations_are_listed_with_their_workspaces(lab):
    base = lab.pin(lab.repository())
    opened = lab.open(base, "one")

    assert registrations(Path(base.mirror)) == {"one": opened.path}
    assert clone(base, lab.folder / "c")[1] == ()
    populate(lab.folder / "c", base, lab.folder / "c" / ".git")
    assert registrations(Path(base.mirror)) == {"one": opened.path}
