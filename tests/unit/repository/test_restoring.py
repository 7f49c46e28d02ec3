from __future__ import annotations

import os
import shutil

import pytest

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository import Git, restore

FILES = {
    "src/a.py": "a\n",
    "tests/test_a.py": "assert a\n",
    "tests/data/x.json": "{}\n",
    "tests/run.sh": "#!/bin/sh\n",
    "conftest.py": "top\n",
    ".gitignore": "__pycache__/\nnode_modules/\n.env\n",
}


@pytest.fixture
def opened(lab):
    repo = lab.repository(FILES)
    (repo / "tests" / "run.sh").chmod(0o755)
    lab.commit(repo)
    return lab.open(lab.pin(repo))


def test_changed_deleted_and_added_files_are_restored_and_told(opened):
    opened.write({"tests/test_a.py": "assert True\n", "tests/new/test_b.py": "x", "src/a.py": "mine\n"})
    (opened.path / "tests" / "data" / "x.json").unlink()
    (opened.path / "tests" / "run.sh").chmod(0o644)
    (opened.path / "conftest.py").write_text("changed")

    touched = restore(opened.path, opened.base, ["tests/**", "conftest.py"])

    assert touched == (
        "conftest.py",
        "tests/data/x.json",
        "tests/new/test_b.py",
        "tests/run.sh",
        "tests/test_a.py",
    )
    assert opened.git("status", "--porcelain") == " M src/a.py"
    assert not (opened.path / "tests" / "new").exists()
    assert os.access(opened.path / "tests" / "run.sh", os.X_OK)


def test_nothing_is_told_and_nothing_changes_where_nothing_was_touched(lab, opened):
    os.utime(opened.path / "tests" / "test_a.py")
    before = lab.state(opened.path)

    assert restore(opened.path, opened.base, ["tests/**"]) == ()
    assert restore(opened.path, opened.base, []) == ()
    assert lab.state(opened.path) == before


def test_changes_that_were_committed_are_restored_too(lab, opened):
    lab.commit(opened.path, {"tests/test_a.py": "assert True\n", "tests/more.py": "x"})

    assert restore(opened.path, opened.base, ["tests/**"]) == ("tests/more.py", "tests/test_a.py")
    assert (opened.path / "tests" / "test_a.py").read_text() == "assert a\n"


def test_changes_that_the_variants_git_was_told_to_overlook_are_restored(opened):
    opened.git("update-index", "--assume-unchanged", "tests/test_a.py")
    opened.write({"tests/test_a.py": "assert True\n"})

    assert restore(opened.path, opened.base, ["tests/**"]) == ("tests/test_a.py",)


def test_files_that_the_base_ignores_stay_but_compiled_python_does_not(opened):
    opened.write(
        {
            "tests/node_modules/thing/index.js": "x",
            "tests/.env": "KEY=1",
            "tests/__pycache__/test_a.cpython-311.pyc": "evil",
            "src/__pycache__/a.cpython-311.pyc": "fine",
        }
    )

    assert restore(opened.path, opened.base, ["tests/**"]) == ()

    assert (opened.path / "tests" / "node_modules" / "thing" / "index.js").exists()
    assert (opened.path / "tests" / ".env").exists()
    assert not (opened.path / "tests" / "__pycache__").exists()
    assert (opened.path / "src" / "__pycache__" / "a.cpython-311.pyc").exists()


def test_what_only_the_variant_has_made_ignored_is_deleted(opened):
    opened.write({".gitignore": "*\n", "tests/conftest.py": "evil", "tests/.gitignore": "*\n"})

    assert restore(opened.path, opened.base, ["tests/**"]) == ("tests/.gitignore", "tests/conftest.py")
    assert (opened.path / ".gitignore").read_text() == "*\n"


def test_a_link_in_the_place_of_a_protected_folder_is_replaced_and_not_followed(lab, opened):
    outside = lab.folder / "outside"
    (outside / "data").mkdir(parents=True)
    (outside / "test_a.py").write_text("outside")
    shutil.rmtree(opened.path / "tests")
    (opened.path / "tests").symlink_to(outside)

    touched = restore(opened.path, opened.base, ["tests/**"])

    assert set(touched) >= {"tests/data/x.json", "tests/run.sh", "tests/test_a.py"}
    assert not (opened.path / "tests").is_symlink()
    assert (opened.path / "tests" / "test_a.py").read_text() == "assert a\n"
    assert (outside / "test_a.py").read_text() == "outside"
    assert sorted(path.name for path in outside.rglob("*")) == ["data", "test_a.py"]


def test_files_and_folders_that_changed_places_are_restored(opened):
    (opened.path / "tests" / "test_a.py").unlink()
    opened.write({"tests/test_a.py/inner": "x"})
    shutil.rmtree(opened.path / "tests" / "data")
    (opened.path / "tests" / "data").write_text("a file")
    os.mkfifo(opened.path / "tests" / "pipe")

    restore(opened.path, opened.base, ["tests/**"])

    assert opened.git("status", "--porcelain") == ""
    assert not (opened.path / "tests" / "pipe").exists()


def test_a_nested_repository_in_a_protected_folder_is_deleted_with_its_git(opened):
    nested = opened.path / "tests" / "nested"
    nested.mkdir()
    Git(nested)("init", "--quiet")
    (nested / "conftest.py").write_text("evil")

    assert restore(opened.path, opened.base, ["tests/**"]) == ("tests/nested/conftest.py",)
    assert not nested.exists()


def test_the_workspaces_own_git_is_never_protected(opened):
    assert restore(opened.path, opened.base, ["**"]) == ()
    assert (opened.path / ".git").exists()


def test_protected_files_are_those_of_the_base_and_not_of_the_start(lab):
    repo = lab.repository(FILES)
    Git(repo)("checkout", "--quiet", "-b", "feature")
    lab.commit(repo, {"tests/test_a.py": "theirs\n", "src/a.py": "theirs\n"})
    Git(repo)("checkout", "--quiet", "main")
    opened = lab.open(lab.pin(repo, "feature"), base=lab.pin(repo))

    assert restore(opened.path, opened.base, ["tests/**"]) == ("tests/test_a.py",)
    assert (opened.path / "tests" / "test_a.py").read_text() == "assert a\n"
    assert (opened.path / "src" / "a.py").read_text() == "theirs\n"


def test_protected_files_outside_of_the_sparse_folders_stay_outside(lab):
    from pytest_parex.repository import populate, register_worktree

    base = lab.pin(lab.repository(FILES))
    path = lab.folder / "workspaces" / "w"
    git_dir = register_worktree(base, path, name="w", reason="parex test")
    populate(path, base, git_dir, sparse=["src"])

    assert restore(path, base, ["tests/**"]) == ()
    assert not (path / "tests").exists()


def test_a_workspace_that_is_gone_cannot_be_restored(opened):
    shutil.rmtree(opened.path)

    with pytest.raises(WorkspaceError, match="is gone"):
        restore(opened.path, opened.base, ["tests/**"])
