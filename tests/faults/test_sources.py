"""Every kind of source, in one session: each variant gets its files, and not a byte of any source changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytest_parex.repository import Git
from pytest_parex.testing import Project

from .sessions import run, state, work

WORK = """\
set -e
test "$(cat answer.txt)" = 0
test ! -e src || test "$(cat src/deep.txt)" = deep
git log --format=%s > log.txt
git remote > remotes.txt
echo 42 > answer.txt
git add --all
git -c user.name=v -c user.email=v@example.org commit -qm done
if test -e library/lib.txt; then echo more >> library/lib.txt; fi
"""
FILES = {"answer.txt": "0\n", "src/deep.txt": "deep\n", "doc/more.txt": "more\n"}


def make_sources(project: Callable[..., Project], folder: Path) -> dict[str, str]:
    """Variant → source, of each kind. All of them come from one repository with some history."""
    origin = project({"answer.txt": "before\n"}, name="origin")
    origin.write(FILES)
    origin.commit("second")
    origin.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{origin.path}"
    git = Git(folder)
    git("clone", "--quiet", "--depth=1", url, "shallow")
    git("clone", "--quiet", "--filter=blob:none", url, "partial")
    git("clone", "--quiet", "--sparse", url, "sparse")
    Git(folder / "sparse")("sparse-checkout", "set", "src")
    git("clone", "--quiet", "--bare", url, "bare.git")
    origin.git("worktree", "add", "--quiet", "-b", "side", str(folder / "linked"))
    (folder / "plain").mkdir()
    (folder / "plain/answer.txt").write_text("0\n")
    library = project({"lib.txt": "lib\n"}, name="library")
    outer = project(FILES, name="outer")
    outer.git("submodule", "--quiet", "add", str(library.path), "library")
    outer.commit("with a library")
    places = {name: str(folder / name) for name in ("shallow", "partial", "sparse", "linked", "plain", "outer")}
    return {**places, "bare": f"file://{folder}/bare.git", "bare-path": str(folder / "bare.git")}


def test_every_kind_of_source_is_read_and_none_is_written(project: Callable[..., Project], tmp_path: Path) -> None:
    sources = make_sources(project, tmp_path)
    repo = project({"work.sh": WORK}, name="specs")
    for name in ("sparse", "linked", "outer"):
        Path(sources[name], "uncommitted.txt").write_text("new\n")
    repo.spec(
        {
            "variants": {name: {"source": source} for name, source in sources.items()},
            "workspace": {"submodules": True, "keep": "none"},
            "runner": {"shell": f'sh "{repo.path}/work.sh"'},
            "checks": {"answer": 'test "$(cat answer.txt)" = 42'},
        }
    )
    (repo.path / ".parex").mkdir()
    before = state(tmp_path, leave_out=["specs/.parex"])

    finished = run(repo, "-n2")

    after = state(tmp_path, leave_out=["specs/.parex"])
    assert [path for path in {*before, *after} if before.get(path) != after.get(path)] == []
    assert finished.outcomes == {"passed": len(sources)}, finished.out
    results = finished.results
    done = {"answer.txt", "log.txt", "remotes.txt"}
    assert work(finished) == {**dict.fromkeys(sources, done), "outer": {*done, "library/lib.txt"}}
    patches = {name: (finished.run().attempt_directory(name, 1) / "changes.patch").read_text() for name in sources}
    assert "+second\n+state\n" in patches["partial"], "its history is there"
    assert "+state" not in patches["shallow"], "only as much as the source has itself"
    assert all(result.contaminated == () for result in results.values())
    plan = finished.run().plan
    assert "snapshot" in plan.bases[sources["linked"]].chosen
    remotes = [line for patch in patches.values() for line in patch.splitlines() if line == "+origin"]
    assert remotes == []
