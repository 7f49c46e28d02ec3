from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_parex.repository import Git, clone, locate, pin, populate, restore


@pytest.fixture
def opened(lab):
    """A workspace whose submodules `lib` and `lib/deep` are filled, from a source that has them."""
    deep = lab.repository({"d.c": "int d;\n"}, name="deep")
    inner = lab.repository({"lib.c": "int x;\n", "tests/t.c": "int t;\n", ".gitignore": "*.o\n"}, name="inner")
    Git(inner)("submodule", "--quiet", "add", str(deep), "deep")
    lab.commit(inner)
    repo = lab.repository(name="outer")
    Git(repo)("submodule", "--quiet", "add", str(inner), "lib")
    Git(repo / "lib")("submodule", "--quiet", "update", "--init")
    lab.commit(repo)
    opened = lab.open(lab.pin(repo))
    for path in ("lib", "lib/deep"):
        source = locate(str(repo / path), lab.folder / "spec.yaml")
        base, _ = pin(source, "HEAD", dirty="head", sources=lab.sources)
        place = opened.path / path
        populate(place, base, clone(base, place)[0])
    return opened


def test_an_untouched_submodule_is_no_change(lab, opened):
    changes = lab.capture(opened)

    assert (changes.commit, changes.files) == (opened.start.commit, ())
    assert opened.git("status", "--porcelain") == ""


def test_work_in_submodules_is_captured_file_by_file(lab, opened):
    opened.write({"a.py": "2\n", "lib/lib.c": "int y;\n", "lib/new.c": "new\n", "lib/x.o": "", "lib/deep/d.c": "d\n"})
    lab.commit(opened.path / "lib" / "deep")
    before = lab.state(lab.folder / "outer")

    changes = lab.capture(opened)

    assert lab.statuses(changes) == {
        "a.py": "modified",
        "lib/lib.c": "modified",
        "lib/new.c": "added",
        "lib/deep/d.c": "modified",
    }
    patched = lab.folder / "patched"
    shutil.copytree(lab.folder / "outer", patched, symlinks=True)
    Git(patched)("apply", lab.attempt / "changes.patch")
    assert (patched / "lib" / "new.c").read_text() == "new\n"
    assert (patched / "lib" / "deep" / "d.c").read_text() == "d\n"
    assert lab.state(lab.folder / "outer") == before


def test_the_captured_commit_names_the_captured_commits_of_its_submodules(lab, opened):
    opened.write({"lib/deep/d.c": "d\n"})

    changes = lab.capture(opened)

    def found(stem: str) -> Git:
        (mirror,) = lab.sources.glob(f"{stem}-*.git")
        return Git(git_dir=mirror / "parex" / "captures.git")

    lib = Git(git_dir=Path(changes.mirror))("rev-parse", f"{changes.commit}:lib")
    assert found("lib")("rev-parse", changes.ref) == lib
    assert found("deep")("show", f"{found('lib')('rev-parse', f'{lib}:deep')}:d.c") == "d"


def test_a_submodule_that_was_removed_is_a_deletion(lab, opened):
    shutil.rmtree(opened.path / "lib")

    assert lab.statuses(lab.capture(opened)) == {"lib": "deleted"}


def test_a_file_in_the_place_of_a_submodule_is_captured(lab, opened):
    shutil.rmtree(opened.path / "lib")
    opened.write({"lib": "a file now"})

    changes = lab.capture(opened)

    assert lab.statuses(changes) == {"lib": "type changed"}
    assert lab.content(changes, "lib") == "a file now"


def test_nothing_that_a_submodule_configures_is_run(lab, opened):
    ran = lab.folder / "ran"
    trap = lab.folder / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {ran}\n")
    trap.chmod(0o755)
    inside = Git(opened.path / "lib")
    for name in ("core.fsmonitor", "diff.external", "core.pager", "filter.evil.clean"):
        inside("config", name, str(trap))
    opened.write({"lib/lib.c": "changed\n", "lib/.gitattributes": "* filter=evil\n", "a.py": "2\n"})

    changes = lab.capture(opened)
    restore(opened.path, opened.base, ["lib/tests/**"])

    assert set(lab.statuses(changes)) == {"a.py", "lib/lib.c", "lib/.gitattributes"}
    assert not ran.exists()


def test_a_submodule_without_its_git_is_captured_all_the_same(lab, opened):
    opened.write({"lib/lib.c": "changed\n"})
    shutil.rmtree(opened.path / "lib" / ".git")

    assert lab.statuses(lab.capture(opened)) == {"lib/lib.c": "modified"}


def test_a_submodule_that_was_never_filled_is_no_change(lab):
    inner = lab.repository({"lib.c": "x"}, name="inner")
    repo = lab.repository(name="outer")
    Git(repo)("submodule", "--quiet", "add", str(inner), "lib")
    lab.commit(repo)
    opened = lab.open(lab.pin(repo))
    opened.write({"a.py": "2"})

    assert lab.statuses(lab.capture(opened)) == {"a.py": "modified"}


def test_protected_files_of_submodules_are_restored(opened):
    opened.write({"lib/tests/t.c": "evil\n", "lib/tests/new.c": "new\n", "lib/lib.c": "mine\n", "lib/deep/d.c": "e\n"})

    touched = restore(opened.path, opened.base, ["lib/tests/**", "d.c"])

    assert touched == ("lib/deep/d.c", "lib/tests/new.c", "lib/tests/t.c")
    assert (opened.path / "lib" / "tests" / "t.c").read_text() == "int t;\n"
    assert (opened.path / "lib" / "lib.c").read_text() == "mine\n"


def test_a_protected_submodule_that_was_removed_is_filled_again(opened):
    shutil.rmtree(opened.path / "lib")

    assert restore(opened.path, opened.base, ["lib/tests/**"]) == ("lib",)

    assert (opened.path / "lib" / "tests" / "t.c").read_text() == "int t;\n"


def test_a_submodule_that_is_not_protected_is_left_alone(opened):
    shutil.rmtree(opened.path / "lib")

    assert restore(opened.path, opened.base, ["src/**"]) == ()
    assert not (opened.path / "lib").exists()
