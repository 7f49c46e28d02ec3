"""A workspace, as the stages after its creation know it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pytest_parex.model import Base
from pytest_parex.workspace.ports import Lease


@dataclass(frozen=True)
class Workspace:
    """The folder that one trial works in."""

    path: Path
    kind: str
    start: Base
    """The commit that HEAD was on and that the files were those of."""
    base: Base
    """What captured work is compared with: the trial's base, with what is not the variant's doing laid over."""
    env: dict[str, str]
    """The whole environment for the trial's processes."""
    notices: tuple[str, ...] = ()
    git_dir: Path | None = None
    """Its git directory, which the variant may change at will; None for a copy."""
    given: str = ""
    """The commit whose files are the variant's own work before anything was laid over: the start, with its patch."""
    lease: Lease = field(default_factory=Lease)
    """Its ports; `workspace.lease.release()` gives them back."""
