"""Which commit of a repository is meant."""

from __future__ import annotations

import difflib

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository.git import Git, last_words
from pytest_parex.repository.source import Source


def resolve(source: Source, ref: str) -> tuple[str, str]:
    """The commit that a ref names, and how it was found, in words; WorkspaceError if that is not one commit."""
    git = source.git
    found = git.run("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if found.exit_code:
        raise WorkspaceError(_why_not(source, ref, last_words(found.stderr)))
    if b"is ambiguous" in found.stderr:
        names = [f"refs/{kind}/{ref}" for kind in ("heads", "tags", "remotes")]
        meant = git("for-each-ref", "--format=%(refname)", *names, f"refs/{ref}").split()
        raise WorkspaceError(f"{ref!r} is ambiguous in {source.name}: write {' or '.join(meant)}")
    commit = found.stdout.decode().strip()
    return commit, _words(git, ref, commit)


def branch_of(git: Git) -> str:
    """The branch that is checked out, or `detached HEAD`."""
    done = git.run("symbolic-ref", "--quiet", "--short", "HEAD")
    return done.stdout.decode(errors="surrogateescape").strip() or "detached HEAD"


def _words(git: Git, ref: str, commit: str) -> str:
    if ref == "HEAD":
        branch = branch_of(git)
        return branch if branch == "detached HEAD" else f"HEAD of {branch}"
    full = git("rev-parse", "--symbolic-full-name", "--end-of-options", ref).removeprefix("--end-of-options\n")
    for prefix, word in (("refs/heads/", "branch"), ("refs/tags/", "tag"), ("refs/remotes/", "remote branch")):
        if full.startswith(prefix):
            return f"{word} {full.removeprefix(prefix)}"
    return f"commit {commit[:7]}" if commit.startswith(ref) else f"commit {commit[:7]} (given as {ref})"


def _why_not(source: Source, ref: str, said: str) -> str:
    git = source.git
    if not git.run("rev-parse", "--verify", "--quiet", "HEAD").stdout and not git("for-each-ref", "--count=1"):
        return f"{source.name} has no commit yet: commit something first, since every workspace starts on a commit"
    if "ambiguous" in said:
        return f"{ref!r} is ambiguous in {source.name}: give more digits of the commit"
    if ref == "HEAD":
        return f"HEAD of {source.name} leads to no commit: check out a branch, or name a `base` in the spec"
    if not git.run("rev-parse", "--verify", "--quiet", "--end-of-options", ref).exit_code:
        return f"{ref!r} in {source.name} is not a commit: name a branch, a tag or a commit"
    return (
        f"{source.name} has no branch, tag or commit {ref!r}{_nearest(git, ref)}: fetch it there first, if it is newer"
    )


def _nearest(git: Git, ref: str) -> str:
    names = git("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes").split()
    close = difflib.get_close_matches(ref, names, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
