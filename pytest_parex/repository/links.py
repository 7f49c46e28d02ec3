"""Hard links, or copies where links are not possible."""

from __future__ import annotations

import shutil
from pathlib import Path


def link(file: Path, target: Path) -> bool:
    """Have a file at another path too, with the folders above it; False if it had to be copied."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(file)
    except FileExistsError:
        return True
    except OSError:
        shutil.copy2(file, target)
        return False
    return True
