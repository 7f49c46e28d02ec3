"""Apply a patch to a workspace: all of it, or nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pytest_parex.errors import WorkspaceError
from pytest_parex.model import Base
from pytest_parex.repository.git import Git
from pytest_parex.repository.manifest import captures

_FAILED = re.compile(r"error: patch failed: (.+):(\d+)")


def apply_patch(workspace: Path, start: Base, patch: Path) -> None:
    """Apply a patch (git's or a plain unified diff) to the files of a workspace. Raises WorkspaceError if it does not
    apply completely, saying where it fails; nothing is changed then.
    """
    if not patch.is_file():
        raise WorkspaceError(f"patch {patch} does not exist")
    git = Git(git_dir=captures(Path(start.mirror)), work_tree=workspace)
    done = git.run("apply", "--whitespace=nowarn", "--", patch.absolute())
    if not done.exit_code:
        return
    said = [line for line in os.fsdecode(done.stderr).splitlines() if line.startswith("error: ")]
    places = [f"{found[1]} line {found[2]}" for line in said if (found := _FAILED.match(line))]
    reasons = [line.removeprefix("error: ") for line in said if not _FAILED.match(line)]
    where = f" (at {', '.join(places)})" if places else ""
    raise WorkspaceError(
        f"patch {patch} does not apply to {start.commit[:7]} ({start.chosen}): {'; '.join(reasons[:5])}{where}; "
        "nothing was changed: make the patch anew from that commit"
    )
