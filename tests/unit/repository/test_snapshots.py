from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository import Git


def files(base) -> dict[str, str]:
    """Path → mode and content of the pinned commit."""
    git = Git(git_dir=Path(base.mirror))
    entries = (entry.split("\t", 1) for entry in git.fields("ls-tree", "-r", "-z", base.commit))
    return {path: f"{facts.split()[0]} {git('cat-file', 'blob', facts.split()[2])}" for facts, path in entries}


def test_a_snapshot_has_every_kind_of_change(lab):
    odd = os.fsdecode(b"latin-\xe9.txt")
    repo = lab.repository(
        {
            "kept": "k",
            "gone": "g",
            "old": "rename me\n" * 9,
            "tool": "#!/bin/sh\n",
            "to-link": "t",
            ".gitignore": "*.log",
        }
    )
    git = Git(repo)
    (repo / "gone").unlink()
    git("mv", "old", "new")
    (repo / "tool").chmod(0o755)
    (repo / "to-link").unlink()
    (repo / "to-link").symlink_to("kept")
    (repo / "two\nlines").write_text("n")
    (repo / odd).write_text("é")
    (repo / "intended").write_text("i")
    git("add", "--intent-to-add", "intended")
    (repo / "staged").write_text("first")
    git("add", "staged")
    (repo / "staged").write_text("second")
    (repo / "noise.log").write_text("")
    before = lab.state(repo)

    base, notices = lab.pin_with_notices(repo)

    assert files(base) == {
        ".gitignore": "100644 *.log",
        "kept": "100644 k",
        "new": "100644 " + "rename me\n" * 8 + "rename me",
        "tool": "100755 #!/bin/sh",
        "to-link": "120000 kept",
        "two\nlines": "100644 n",
        odd: "100644 é",
        "intended": "100644 i",
        "staged": "100644 second",
    }
    assert notices == (base.chosen,)
    assert base.chosen == f"snapshot of 8 uncommitted changes on {git('rev-parse', '--short=7', 'HEAD')} (main)"
    assert lab.state(repo) == before


def test_equal_content_gives_an_equal_commit(lab):
    repo = lab.repository()
    (repo / "new").write_text("x")
    first = lab.pin(repo)
    (repo / "new").write_text("y")
    second = lab.pin(repo)
    (repo / "new").write_text("x")

    assert lab.pin(repo) == first
    assert second.commit != first.commit


def test_a_snapshot_descends_from_head_and_is_only_visible_in_its_own_mirror(lab):
    repo = lab.repository()
    head = Git(repo)("rev-parse", "HEAD")
    (repo / "secret").write_text("first try")
    first = lab.pin(repo)
    (repo / "secret").unlink()
    (repo / "other").write_text("x")
    second = lab.pin(repo)

    assert Git(git_dir=Path(first.mirror))("rev-parse", f"{first.commit}^") == head
    assert Git(git_dir=Path(second.mirror)).run("cat-file", "-e", first.commit).exit_code
    assert Git(git_dir=Path(second.mirror))("fsck", "--full") == ""


def test_what_was_staged_but_is_not_checked_out_is_complete(lab):
    repo = lab.repository({"docs/a": "a", "src/b": "b"})
    git = Git(repo)
    (repo / "src" / "b").write_text("staged and hidden\n")
    git("add", "src/b")
    git("update-index", "--skip-worktree", "src/b")
    (repo / "src" / "b").write_text("elsewhere\n")
    (repo / "docs" / "a").write_text("2")

    base = lab.pin(repo)

    assert files(base)["src/b"] in ("100644 staged and hidden", "100644 elsewhere")
    assert Git(git_dir=Path(base.mirror))("fsck", "--full") == ""


def test_uncommitted_changes_can_be_left_out_and_that_is_said(lab):
    repo = lab.repository()
    (repo / "a.py").write_text("dirty")
    (repo / "new.py").write_text("new")

    base, notices = lab.pin_with_notices(repo, dirty="head")

    assert base.commit == Git(repo)("rev-parse", "HEAD")
    assert notices == (f"2 uncommitted changes of {repo} left out (dirty: head): a.py, new.py",)


def test_uncommitted_changes_can_be_a_fault(lab):
    repo = lab.repository()
    (repo / "a.py").write_text("dirty")

    with pytest.raises(WorkspaceError, match=r"uncommitted changes \(a.py\).*commit them, or set"):
        lab.pin(repo, dirty="error")


def test_a_named_commit_has_no_uncommitted_changes(lab):
    repo = lab.repository()
    (repo / "a.py").write_text("dirty")

    base, notices = lab.pin_with_notices(repo, "main", dirty="error")

    assert (base.chosen, notices) == ("branch main", ())


def test_only_ignored_files_make_nothing_dirty(lab):
    repo = lab.repository()
    (repo / "noise.log").write_text("x")

    assert lab.pin(repo, dirty="error").chosen == "HEAD of main"


def conflict(repo: Path, git: Git) -> None:
    git("checkout", "--quiet", "-b", "side")
    (repo / "a.py").write_text("side\n")
    git("commit", "--quiet", "--all", "--message=side")
    git("checkout", "--quiet", "main")
    (repo / "a.py").write_text("main\n")
    git("commit", "--quiet", "--all", "--message=main")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("merge", "side"), "a merge under way"),
        (("rebase", "side"), "a rebase under way"),
        (("cherry-pick", "side"), "a cherry-pick under way"),
    ],
)
def test_a_half_done_merge_is_refused_and_head_is_still_to_be_had(lab, command, words):
    repo = lab.repository()
    conflict(repo, Git(repo))
    assert Git(repo).run(*command).exit_code
    before = lab.state(repo)

    with pytest.raises(WorkspaceError, match=f"{words}: finish it, or set `dirty: head`"):
        lab.pin(repo)
    assert lab.pin(repo, dirty="head").commit == Git(repo)("rev-parse", "HEAD")
    assert lab.state(repo) == before


def test_conflicts_without_a_merge_are_refused(lab):
    repo = lab.repository()
    conflict(repo, Git(repo))
    (repo / "a.py").write_text("stashed\n")
    Git(repo)("stash")
    Git(repo)("checkout", "--quiet", "side")
    Git(repo).run("stash", "apply")

    with pytest.raises(WorkspaceError, match=r"conflicts \(a.py\)"):
        lab.pin(repo)


def test_a_submodule_with_changes_of_its_own_is_refused(lab):
    inner = lab.repository({"lib.c": "1"}, name="inner")
    repo = lab.repository(name="outer")
    Git(repo)("submodule", "--quiet", "add", str(inner), "lib")
    lab.commit(repo)
    (repo / "lib" / "lib.c").write_text("2")
    before = lab.state(repo)

    with pytest.raises(WorkspaceError, match=r"the submodule lib .* has uncommitted changes of its own"):
        lab.pin(repo)
    assert lab.state(repo) == before


def test_a_submodule_on_another_commit_is_part_of_the_snapshot(lab):
    inner = lab.repository({"lib.c": "1"}, name="inner")
    repo = lab.repository(name="outer")
    Git(repo)("submodule", "--quiet", "add", str(inner), "lib")
    lab.commit(repo)
    moved = lab.commit(repo / "lib", {"lib.c": "2"})

    base = lab.pin(repo)

    assert Git(git_dir=Path(base.mirror))("rev-parse", f"{base.commit}:lib") == moved


def test_a_nested_repository_is_left_out_and_that_is_said(lab):
    repo = lab.repository()
    lab.repository({"x": "x"}, name="repo/vendor/thing")
    (repo / "vendor" / "empty").mkdir()
    Git(repo / "vendor" / "empty")("init", "--quiet")
    (repo / "vendor" / "empty" / "file").write_text("x")
    (repo / "vendor" / "own.py").write_text("own")

    base, notices = lab.pin_with_notices(repo)

    assert set(files(base)) == {"a.py", "src/b.py", ".gitignore", "vendor/own.py"}
    assert notices[1:] == (
        "vendor/empty is a repository of its own and not part of the snapshot",
        "vendor/thing is a repository of its own and not part of the snapshot",
    )


def test_what_variants_must_not_see_is_kept_out_of_the_snapshot(lab):
    repo = lab.repository()
    (repo / "hidden_tests").mkdir()
    (repo / "hidden_tests" / "test_x.py").write_text("answers")
    (repo / "new.py").write_text("new")

    base, notices = lab.pin_with_notices(repo, leave_out=(repo / "hidden_tests",))

    assert set(files(base)) == {"a.py", "src/b.py", ".gitignore", "new.py"}
    assert "1 uncommitted change on" in notices[0]


def test_what_variants_must_not_see_does_not_make_the_source_dirty(lab):
    repo = lab.repository()
    (repo / "answers.txt").write_text("42")

    assert lab.pin(repo, dirty="error", leave_out=(repo / "answers.txt",)).chosen == "HEAD of main"


def test_what_variants_must_not_see_may_not_be_in_the_history(lab):
    repo = lab.repository({"hidden_tests/test_x.py": "answers"})
    lab.commit(repo)
    Git(repo)("rm", "--quiet", "-r", "hidden_tests")
    lab.commit(repo)
    (repo / "hidden_tests").mkdir()

    with pytest.raises(WorkspaceError, match=r"hidden_tests is in the history of .* \(commit [0-9a-f]{7}\)"):
        lab.pin(repo, leave_out=(repo / "hidden_tests",))


def test_what_is_staged_but_must_not_be_seen_is_kept_out_too(lab):
    repo = lab.repository()
    (repo / "answers.txt").write_text("42")
    (repo / "new.py").write_text("new")
    Git(repo)("add", "answers.txt", "new.py")

    with pytest.raises(WorkspaceError, match=r"answers.txt is staged"):
        lab.pin(repo, leave_out=(repo / "answers.txt",))


def test_the_whole_source_cannot_be_hidden(lab):
    repo = lab.repository()

    with pytest.raises(WorkspaceError, match="holds the whole source"):
        lab.pin(repo, leave_out=(lab.folder,))


def test_stored_runs_inside_the_source_are_no_part_of_it(lab):
    repo = lab.repository()
    inner = type(lab)(repo)
    base = inner.pin(repo)
    (repo / "runs" / "note").write_text("x")

    assert inner.pin(repo) == base


def test_a_file_that_cannot_be_read_is_named(lab, without_privileges):
    repo = lab.repository()
    (repo / "private").write_text("x")
    (repo / "private").chmod(0)

    answer = without_privileges(
        f"from pytest_parex.repository import locate, pin\nfrom pathlib import Path\n"
        f"repo = Path({str(repo)!r})\n"
        f"pin(locate(str(repo), repo / 's.yaml'), 'HEAD', dirty='snapshot', sources=repo.parent / 'runs' / 'sources')"
    )

    assert "WorkspaceError" in answer
    assert "cannot be read (private)" in answer
    assert (repo / "private").stat().st_mode & 0o777 == 0


def test_a_plain_directory_is_imported_without_what_git_would_ignore(lab):
    folder = lab.folder / "plain"
    (folder / "sub").mkdir(parents=True)
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "x.log").write_text("")
    (folder / "sub" / "f").write_text("f")
    (folder / "answers").write_text("42")
    lab.repository({"y": "y"}, name="plain/nested")
    before = lab.state(folder)

    base = lab.pin(folder, leave_out=(folder / "answers",))

    assert files(base) == {".gitignore": "100644 *.log", "sub/f": "100644 f", "nested/y": "100644 y"}
    assert base.chosen == f"import of the directory {folder}"
    assert lab.pin(folder, leave_out=(folder / "answers",)) == base
    assert lab.state(folder) == before


def test_a_plain_directory_inside_a_repository_is_taken_without_what_that_repository_ignores(lab):
    repo = lab.repository({".gitignore": "__pycache__/\n/ignored/\n*.log\n", "examples/one/a.py": "a"})
    example, ignored = repo / "examples" / "one", repo / "ignored"
    for folder in (example, ignored):
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "__pycache__" / "a.pyc").touch()
        (folder / "new.py").write_text("n")
        (folder / "x.log").touch()

    assert files(lab.pin(example)) == {"a.py": "100644 a", "new.py": "100644 n"}
    assert "new.py" in files(lab.pin(ignored))


def test_equal_directories_are_equal_bases(lab):
    for name in ("one", "two"):
        (lab.folder / name).mkdir()
        (lab.folder / name / "f").write_text("same")

    assert lab.pin(lab.folder / "one").commit == lab.pin(lab.folder / "two").commit


def test_a_plain_directory_has_no_refs(lab):
    (lab.folder / "plain").mkdir()

    with pytest.raises(WorkspaceError, match="plain directory, which has no 'main'"):
        lab.pin(lab.folder / "plain", "main")


def test_an_empty_directory_is_an_empty_base(lab):
    (lab.folder / "plain").mkdir()
    opened = lab.open(lab.pin(lab.folder / "plain"))
    opened.write({"new": "x"})

    assert lab.statuses(lab.capture(opened)) == {"new": "added"}
