"""Files that Git LFS keeps beside a repository: what a base needs of them comes along with it.

A mirror has them where git-lfs looks for them, in `lfs/` of the repository; `captures.git` has a link to it. Nothing is
downloaded: what the source does not have stays a pointer, as it is in the source's own checkout.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_parex.repository.git import Git
from pytest_parex.repository.links import link

_POINTER = re.compile(rb"oid sha256:([0-9a-f]{64})")


@contextlib.contextmanager
def storing_aside(folder: Path) -> Iterator[Mapping[str, str]]:
    """Settings with which git-lfs writes nothing into a repository, not even when git only compares its files."""
    with tempfile.TemporaryDirectory(prefix="large-files-", dir=folder) as aside:
        yield {"lfs.storage": aside}


def link_large_files(origin: Path, repository: Path, commit: str) -> None:
    """Give a bare repository those files of an LFS store (`origin`, a folder named `lfs`) that a commit points to."""
    for name in _pointers(repository, commit):
        stored = Path("objects", name[:2], name[2:4], name)
        if (origin / stored).is_file():
            link(origin / stored, repository / "lfs" / stored)


def link_all(store: Path, target: Path) -> None:
    """Give one LFS store all files of another one."""
    for file in (store / "objects").rglob("*"):
        if file.is_file():
            link(file, target / file.relative_to(store))


def _pointers(repository: Path, commit: str) -> Iterator[str]:
    """What the files of a commit that LFS keeps are called in its store."""
    with tempfile.TemporaryDirectory() as folder:
        git = Git(git_dir=repository, work_tree=Path(folder), env={"GIT_INDEX_FILE": f"{folder}/index"})
        git("read-tree", commit)
        entries = git.fields("ls-files", "-z", "--stage", ":(top,attr:filter=lfs)")
        blobs = "".join(f"{entry.split()[1]}\n" for entry in entries)
        done = git.run("cat-file", "--batch", input=blobs)
    yield from (name.decode() for name in _POINTER.findall(done.stdout))
