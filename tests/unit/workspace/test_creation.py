"""Making workspaces: what each kind holds and hides, and that a failure leaves nothing behind."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from pytest_parex import repository
from pytest_parex.errors import WorkspaceError
from pytest_parex.repository import Git

from .bench import RUN_ID, Attempt, Bench, git

KINDS = ("worktree", "clone", "copy")


def digests(folder: Path) -> dict[str, str]:
    """Every file below a folder, with its content, mode and time."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = b""
        if path.is_symlink():
            content = bytes(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
        found[str(path)] = f"{hashlib.sha256(content).hexdigest()} {status.st_mode} {status.st_mtime_ns}"
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_workspace_holds_exactly_the_files_of_its_base_at_its_own_path(bench: Bench, kind: str) -> None:
    attempt = bench.attempt(workspace={"kind": kind})
    made = attempt.create()

    assert made.path == bench.folder / "repo.parex" / RUN_ID / "v1"
    assert made.kind == kind
    files = {str(path.relative_to(made.path)) for path in made.path.rglob("*") if path.is_file()}
    tracked = set(bench.project.git("ls-files").splitlines())
    assert {file for file in files if not file.startswith(".git/") and file != ".git"} == tracked
    assert attempt.states() == ["creating", "created", "ready"]


@pytest.mark.parametrize("kind", ["worktree", "clone"])
def test_a_repository_in_a_workspace_is_on_the_base_and_knows_of_nothing_else(bench: Bench, kind: str) -> None:
    bench.project.git("branch", "secret-solution")
    bench.project.git("tag", "v1.0")
    bench.project.git("remote", "add", "origin", "https://example.org/repo.git")
    attempt = bench.attempt(workspace={"kind": kind})
    made = attempt.create()

    assert git(attempt, "rev-parse", "HEAD").stdout.strip() == made.start.commit
    assert git(attempt, "status", "--porcelain", "--ignored").stdout == ""
    assert git(attempt, "remote").stdout == ""
    assert git(attempt, "for-each-ref", "refs/heads", "refs/tags", "refs/remotes").stdout == ""
    assert git(attempt, "stash", "list").stdout == ""


def test_a_copy_has_no_repository_not_even_one_around_it(bench: Bench) -> None:
    attempt = bench.attempt(workspace={"kind": "copy"})
    Git(bench.folder)("init", "--quiet")  # one that git would find on its way up
    made = attempt.create()

    assert made.git_dir is None
    assert not (made.path / ".git").exists()
    assert git(attempt, "status").returncode == 128


def test_agents_get_a_clone_and_others_a_worktree_unless_the_spec_says_otherwise(bench: Bench) -> None:
    run = bench.run(variants={"agent": {"runner": {"claude": {}}}, "script": {"runner": {"shell": "true"}}})

    assert bench.attempt(run, "agent").create().kind == "clone"
    assert bench.attempt(run, "script").create().kind == "worktree"


def test_a_kind_that_is_not_supported_yet_says_which_are(bench: Bench) -> None:
    attempt = bench.attempt(workspace={"kind": "container"})

    with pytest.raises(WorkspaceError, match="use worktree, clone, copy or auto"):
        attempt.create()
    assert not (bench.folder / "repo.parex").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_the_users_repository_stays_as_it_is_to_the_byte(bench: Bench, kind: str) -> None:
    (bench.project.path / ".worktreeinclude").write_text(".env\n")
    (bench.project.path / ".env").write_text("A=1\n")
    bench.project.write({"limits.py": "LIMIT = 7\n", ".gitignore": ".env\n"})
    before = digests(bench.project.path)

    attempt = bench.attempt(workspace={"kind": kind})
    attempt.create()
    attempt.settle()
    attempt.capture()
    attempt.remove()

    assert digests(bench.project.path) == before


@pytest.mark.parametrize("what", ["file", "folder", "empty folder", "link"])
def test_what_somebody_else_has_put_at_the_path_is_left_alone(bench: Bench, what: str) -> None:
    attempt = bench.attempt()
    path = bench.folder / "repo.parex" / RUN_ID / "v1"
    path.parent.mkdir(parents=True)
    if what == "file":
        path.write_text("precious")
    elif what == "link":
        path.symlink_to(bench.project.path)
    else:
        path.mkdir()
        if what == "folder":
            (path / "precious").write_text("precious")
    before = digests(path.parent)

    with pytest.raises(WorkspaceError, match="left alone"):
        attempt.create()

    assert digests(path.parent) == before


def test_the_next_attempt_gets_the_same_path_anew(bench: Bench) -> None:
    first = bench.attempt(workspace={"branch": "work/{{ trial }}"})
    (first.create().path / "leftover").write_text("x")
    first.settle()
    first.capture()
    first.writer.finish(first.result())
    second = bench.attempt(first.run)
    made = second.create()

    assert made.path == first.made.path
    assert not (made.path / "leftover").exists()
    assert second.notes() == []
    assert git(second, "symbolic-ref", "HEAD").stdout.strip() == "refs/heads/work/v1"


def test_work_that_nobody_has_captured_is_captured_before_the_next_attempt_takes_its_place(bench: Bench) -> None:
    for kind in KINDS:
        first = bench.attempt(bench.run(run=f"run-{kind}", workspace={"kind": kind}))
        first.create()
        first.settle()
        (first.made.path / "limits.py").write_text("hours of work\n")
        second = bench.attempt(first.run)
        second.create()

        ref = f"refs/parex/run-{kind}/v1/1/work"
        captures = repository.captures(Path(first.made.base.mirror))
        assert Git(git_dir=captures)("show", f"{ref}:limits.py") == "hours of work"
        assert "hours of work" in (first.writer.directory / "changes.patch").read_text()
        assert second.notes() == [f"captured the work that was found of attempt 1: {ref}"]


def test_a_workspace_that_the_variant_has_removed_does_not_keep_the_next_attempt_from_starting(bench: Bench) -> None:
    first = bench.attempt()
    made = first.create()
    first.settle()
    git(first, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--allow-empty", "-m", "kept")
    subprocess.run(["rm", "-rf", made.path], check=True)
    second = bench.attempt(first.run)
    second.create()

    assert (second.made.path / "limits.py").exists()
    assert "vanished" in second.notes()[0]
    captures = repository.captures(Path(made.base.mirror))
    assert Git(git_dir=captures)("log", "-1", "--format=%s", f"refs/parex/{RUN_ID}/v1/1/work") == "kept"


@pytest.mark.parametrize(
    ("variant", "settings", "message"),
    [
        ({"patch": "bad.patch"}, {}, "does not apply"),
        ({"patch": "missing.patch"}, {}, "does not exist"),
        ({"files": {"x": "missing"}}, {}, "neither a file nor a folder"),
        ({"files": {"../x": "README.md"}}, {}, "outside of the workspace"),
        ({}, {"branch": "no..branch"}, "no name that git allows"),
        ({}, {"kind": "copy", "branch": "a"}, "a copy has no repository"),
        ({}, {"kind": "copy", "sparse": ["src/"]}, "`sparse` needs"),
    ],
)
@pytest.mark.parametrize("kind", ["worktree", "clone"])
def test_when_anything_fails_nothing_is_left_behind(
    bench: Bench, kind: str, variant: dict[str, object], settings: dict[str, object], message: str
) -> None:
    bench.project.write({"bad.patch": "--- a/limits.py\n+++ b/limits.py\n@@ -1 +1 @@\n-LIMIT = 99\n+LIMIT = 3\n"})
    ports = {"ports": ["WEB_PORT"]}
    attempt = bench.attempt(variants={"v1": variant}, workspace={"kind": kind, **ports, **settings})

    with pytest.raises(WorkspaceError, match=message):
        attempt.create()

    assert attempt.states()[-1:] in ([], ["removed"])
    assert not (bench.folder / "repo.parex").exists()
    assert repository.registrations(Path(attempt.run.plan.bases[""].mirror)) == {}


def test_an_interrupt_while_a_workspace_is_filled_leaves_nothing_behind(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = bench.attempt()

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pytest_parex.workspace.creation.lay", interrupted)
    with pytest.raises(KeyboardInterrupt):
        attempt.create()

    assert attempt.states()[-1] == "removed"
    assert not (bench.folder / "repo.parex").exists()


def test_a_root_that_cannot_be_made_is_named(bench: Bench) -> None:
    attempt = bench.attempt()
    (bench.folder / "repo.parex").write_text("a file is in the way")

    with pytest.raises(WorkspaceError, match=r"choose another `workspace\.root`"):
        attempt.create()

    assert (bench.folder / "repo.parex").read_text() == "a file is in the way"


def test_a_path_that_cannot_be_on_a_path_is_refused(bench: Bench) -> None:
    run = bench.run()
    plan = run.plan.model_copy(update={"root": str(bench.folder / "with:colon")})

    with pytest.raises(WorkspaceError, match="without colons"):
        bench.attempt(type(run)(plan, run.directory)).create()


@pytest.mark.parametrize("kind", ["worktree", "clone"])
def test_sparse_folders_stay_sparse_in_the_variants_hands(bench: Bench, kind: str) -> None:
    bench.project.write({"other/big.bin": "x"})
    bench.project.commit()
    attempt = bench.attempt(workspace={"kind": kind, "sparse": ["src/", "docs/deep"]})
    made = attempt.create()

    assert all((made.path / name).exists() for name in ("src/a.py", "docs/deep/more.md", "limits.py"))
    assert not (made.path / "other").exists()
    git(attempt, "reset", "--hard")
    assert git(attempt, "status", "--porcelain").stdout == ""
    assert not (made.path / "other").exists()


@pytest.mark.parametrize("kind", ["worktree", "clone"])
def test_the_branch_is_checked_out_on_the_base(bench: Bench, kind: str) -> None:
    attempt = bench.attempt(workspace={"kind": kind, "branch": "{{ experiment }}/{{ trial }}"})
    made = attempt.create()

    assert git(attempt, "symbolic-ref", "HEAD").stdout.strip() == "refs/heads/limiter/v1"
    assert git(attempt, "rev-parse", "HEAD").stdout.strip() == made.start.commit


def test_a_branch_of_a_workspace_that_failed_is_free_again_and_a_siblings_is_not_touched(bench: Bench) -> None:
    run = bench.run(
        variants={"v1": {"files": {"x": "missing"}}, "v2": {}, "v3": {}},
        workspace={"kind": "worktree", "branch": "{{ 'one' if variant == 'v1' else 'two' }}"},
    )
    for _ in (1, 2):
        with pytest.raises(WorkspaceError, match="missing"):
            bench.attempt(run, "v1").create()
    sibling = bench.attempt(run, "v2")
    sibling.create()
    with pytest.raises(WorkspaceError, match="the name must differ"):
        bench.attempt(run, "v3").create()

    refs = Git(git_dir=Path(sibling.made.start.mirror))("for-each-ref", "--format=%(refname)", "refs/heads")
    assert refs == "refs/heads/two"
    assert git(sibling, "status", "--porcelain").stdout == ""


@pytest.mark.parametrize("kind", KINDS)
def test_leased_ports_are_exported_and_given_back(bench: Bench, kind: str) -> None:
    run = bench.run(workspace={"kind": kind, "ports": ["WEB_PORT", "DB_PORT"]}, variants={"v1": {}, "v2": {}})
    first, second = bench.attempt(run, "v1"), bench.attempt(run, "v2")
    ports = [made.env[name] for made in (first.create(), second.create()) for name in ("WEB_PORT", "DB_PORT")]

    assert len(set(ports)) == 4
    first.made.lease.release()
    again = bench.attempt(run, "v1")
    assert again.create().env["WEB_PORT"] == ports[0]
    again.made.lease.release()
    second.made.lease.release()


def test_a_case_file_is_handed_over_without_what_lies_beside_it(bench: Bench) -> None:
    folder = bench.folder / "secret" / "cases"
    folder.mkdir(parents=True)
    (folder / "1.md").write_text("the case")
    (folder / "1.answer").write_text("the answer")
    run = bench.run(cases={"one": {"file": str(folder / "1.md")}})
    trial = run.plan.trials[0].model_copy(update={"case": "one"})
    attempt = Attempt(run, trial, bench.environ)
    env = attempt.create().env

    assert Path(env["PAREX_CASE_FILE"]).read_text() == "the case"
    assert Path(env["PAREX_CASE_FILE"]).name == "1.md"
    assert not any("secret" in value for value in env.values())


def test_odd_names_and_contents_come_through(bench: Bench) -> None:
    odd = {"ünïcödé.txt": "x", "with space/and\nnewline": "y", "-dash": "z", 'quo"te': "q", "glob[*]?": "g"}
    bench.project.write(odd)
    (bench.project.path / "link").symlink_to("-dash")
    (bench.project.path / "dangling").symlink_to("nowhere")
    (bench.project.path / "run.sh").write_text("#!/bin/sh\n")
    (bench.project.path / "run.sh").chmod(0o755)
    (bench.project.path / os.fsdecode(b"latin-\xe9")).write_text("bytes")
    bench.project.commit()
    for kind in KINDS:
        made = bench.attempt(bench.run(run=f"run-{kind}", workspace={"kind": kind})).create()

        assert all((made.path / name).read_text() == text for name, text in odd.items())
        assert (made.path / "link").readlink() == Path("-dash")
        assert (made.path / "dangling").is_symlink()
        assert os.access(made.path / "run.sh", os.X_OK)
        assert (made.path / os.fsdecode(b"latin-\xe9")).read_text() == "bytes"


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_every_checkout_shows_as_changed_are_told_and_not_refused(bench: Bench, kind: str) -> None:
    (bench.project.path / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
    bench.project.git("-c", "core.autocrlf=false", "add", "dos.txt")
    bench.project.git("commit", "--quiet", "--message=as it is")
    (bench.project.path / ".gitattributes").write_text("*.txt text eol=crlf\n")
    bench.project.git("add", ".gitattributes")
    bench.project.git("commit", "--quiet", "--message=never normalised")
    attempt = bench.attempt(dirty="head", workspace={"kind": kind})
    attempt.create()

    assert [note for note in attempt.notes() if "dos.txt" in note and "line endings" in note] == list(
        attempt.made.notices
    )


def test_a_workspace_that_is_not_its_base_after_filling_is_an_error(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = repository.populate

    for kind, spoil in (("clone", "limits.py"), ("worktree", "added.py"), ("copy", "limits.py"), ("copy", "added.py")):

        def disturbed(path: Path, *arguments: object, spoil: str = spoil, **more: object) -> None:
            real(path, *arguments, **more)  # type: ignore[arg-type]
            (path / spoil).write_text("a sibling was here")

        monkeypatch.setattr(repository, "populate", disturbed)
        attempt = bench.attempt(bench.run(run=f"{kind}-{spoil}", workspace={"kind": kind}))
        with pytest.raises(WorkspaceError, match=spoil):
            attempt.create()
        assert not Path(attempt.run.plan.root).exists()


def test_the_variants_own_git_sees_no_settings_of_parex(bench: Bench) -> None:
    env = bench.attempt(workspace={"kind": "worktree"}).create().env

    assert not any(name.startswith("GIT_CONFIG_") for name in env)
