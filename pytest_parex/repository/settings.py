"""Repositories of parex's own, and their settings, which variants of worktrees could change."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from pytest_parex.repository.git import Git
from pytest_parex.repository.head import read_regular


def initialise(path: Path, object_format: str, settings: Mapping[str, str]) -> None:
    """Make an empty bare repository with these settings and nothing of the user's templates."""
    path.mkdir(parents=True, exist_ok=True)
    git = Git(path)
    git("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", ".")
    write_settings(path, {"gc.auto": "0", "maintenance.auto": "false", **settings})


def write_settings(git_dir: Path, settings: Mapping[str, str]) -> None:
    """Add settings to a repository of parex's own; as text, since `git config` takes one process per setting."""
    lines = [f"[{_section(name)}]\n\t{name.rpartition('.')[2]} = {_quoted(text)}\n" for name, text in settings.items()]
    with (git_dir / "config").open("a", encoding="utf-8", errors="surrogateescape") as config:
        config.write("".join(lines))


def protect_settings(mirror: Path) -> None:
    """Undo what variants did to the settings that worktrees share, and note it. Call with the mirror's lock held."""
    changed = []
    if read_regular(mirror / "config") != (own := read_regular(mirror / "parex" / "config")):
        (mirror / "config").write_bytes(own)
        changed.append("config")
    for name in ("hooks", "info", "config.worktree"):
        if os.path.lexists(mirror / name):
            (mirror / name).rename(mirror / "parex" / f"{name}-{secrets.token_hex(4)}")
            changed.append(name)
    if changed:
        with (mirror / "parex" / "repairs").open("a") as repairs:
            repairs.writelines(f"{name}\n" for name in changed)


def _section(name: str) -> str:
    """`filter.lfs.clean` → `filter "lfs"`."""
    section, _, rest = name.partition(".")
    middle, dot, _ = rest.rpartition(".")
    return f'{section} "{_escaped(middle)}"' if dot else section


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
