"""git: the mirror of a source, bases and snapshots in it, worktrees and clones of it, captured work, and the audit.

Everything that parex does with git is done here, through `Git`. The user's own repository is only ever read.
"""

from pytest_parex.repository.capture import capture
from pytest_parex.repository.clone import clone
from pytest_parex.repository.fingerprint import Fingerprint, fingerprint
from pytest_parex.repository.git import Git
from pytest_parex.repository.locking import lock
from pytest_parex.repository.manifest import captures
from pytest_parex.repository.patch import apply_patch
from pytest_parex.repository.patterns import matcher
from pytest_parex.repository.pin import pin
from pytest_parex.repository.restore import restore
from pytest_parex.repository.revision import resolve
from pytest_parex.repository.source import Source, locate
from pytest_parex.repository.worktree import (
    create_branch,
    populate,
    register_worktree,
    registrations,
    remember_index,
    remove_registration,
)

__all__ = [
    "Fingerprint",
    "Git",
    "Source",
    "apply_patch",
    "capture",
    "captures",
    "clone",
    "create_branch",
    "fingerprint",
    "locate",
    "lock",
    "matcher",
    "pin",
    "populate",
    "register_worktree",
    "registrations",
    "remember_index",
    "remove_registration",
    "resolve",
    "restore",
]
