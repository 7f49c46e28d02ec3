from __future__ import annotations

import pytest

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository import apply_patch


@pytest.fixture
def opened(lab):
    return lab.open(lab.pin(lab.repository({"a.py": "1\n2\n3\n", "b.py": "b\n"})))


def diff(path: str, old: str, new: str) -> str:
    return f"--- a/{path}\n+++ b/{path}\n@@ -1,1 +1,1 @@\n-{old}\n+{new}\n"


def test_a_patch_is_applied_to_the_files(lab, opened):
    patch = lab.folder / "fix.patch"
    patch.write_text(diff("b.py", "b", "fixed") + "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+new\n")

    apply_patch(opened.path, opened.start, patch)

    assert (opened.path / "b.py").read_text() == "fixed\n"
    assert lab.statuses(lab.capture(opened)) == {"b.py": "modified", "new.py": "added"}


def test_a_patch_that_does_not_apply_changes_nothing_and_says_where_it_fails(lab, opened):
    patch = lab.folder / "fix.patch"
    patch.write_text(diff("b.py", "b", "fixed") + diff("a.py", "other", "x") + diff("gone.py", "x", "y"))
    before = lab.state(opened.path)

    with pytest.raises(WorkspaceError) as caught:
        apply_patch(opened.path, opened.start, patch)

    message = str(caught.value)
    assert "a.py: patch does not apply" in message
    assert "gone.py: No such file" in message
    assert "at a.py line 1" in message
    assert "nothing was changed" in message
    assert lab.state(opened.path) == before


@pytest.mark.parametrize("content", ["", "no patch at all\n", "--- a/b.py\n+++ b/b.py\n@@ -1,9 +1,1 @@\n-b\n"])
def test_what_is_no_patch_is_refused(lab, opened, content):
    patch = lab.folder / "fix.patch"
    patch.write_text(content)

    with pytest.raises(WorkspaceError, match=r"fix.patch"):
        apply_patch(opened.path, opened.start, patch)


def test_a_patch_that_is_missing_is_refused(lab, opened):
    with pytest.raises(WorkspaceError, match=r"nowhere.patch does not exist"):
        apply_patch(opened.path, opened.start, lab.folder / "nowhere.patch")


@pytest.mark.parametrize("path", ["../outside.py", "/tmp/outside.py", ".git/config", "link/outside.py"])
def test_a_patch_cannot_write_outside_of_the_workspace(lab, opened, path):
    (opened.path / "link").symlink_to(lab.folder)
    patch = lab.folder / "fix.patch"
    patch.write_text(f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+new\n")

    with pytest.raises(WorkspaceError, match="does not apply"):
        apply_patch(opened.path, opened.start, patch)
    assert not (lab.folder / "outside.py").exists()
    assert not (opened.path.parent / "outside.py").exists()


def test_settings_of_the_user_do_not_decide_whether_a_patch_applies(lab, opened, home):
    with (home / ".gitconfig").open("a") as config:
        config.write("[apply]\n\twhitespace = error\n")
    patch = lab.folder / "fix.patch"
    patch.write_text(diff("b.py", "b", "trailing   "))

    apply_patch(opened.path, opened.start, patch)

    assert (opened.path / "b.py").read_text() == "trailing   \n"
