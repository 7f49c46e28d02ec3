"""Finding out from its lock files how a project is made ready: `setup: auto`."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_parex.errors import SetupError
from pytest_parex.model import Command


@dataclass(frozen=True)
class Recipe:
    """What a lock file asks for: the tool it needs, how to get that, and the command."""

    file: str
    tool: str
    command: str
    get: str


UV = Recipe("uv.lock", "uv", "uv sync", "`pip install uv`, or see docs.astral.sh/uv")
NODE = (
    Recipe("pnpm-lock.yaml", "pnpm", "pnpm install --frozen-lockfile", "`npm install --global pnpm`, or see pnpm.io"),
    Recipe("package-lock.json", "npm", "npm ci", "install Node.js (nodejs.org), which brings npm"),
    Recipe("npm-shrinkwrap.json", "npm", "npm ci", "install Node.js (nodejs.org), which brings npm"),
)
PIP = Recipe("requirements.txt or a Python project", "python", "", "install Python and put it on the PATH")


def automatic_steps(workspace: Path, path: str) -> tuple[Command, ...]:
    """The steps that the workspace's lock files ask for; SetupError if a tool is missing on `path`.

    uv.lock, else a project for pip (into `.venv`); and pnpm-lock.yaml, else package-lock.json.
    """
    return tuple(Command(command=recipe.command) for recipe in _recipes(workspace) if _has_tool(recipe, path))


def _recipes(workspace: Path) -> Iterator[Recipe]:
    if (workspace / UV.file).is_file():
        yield UV
    elif wanted := _for_pip(workspace):
        # A `.gitignore` of its own keeps the environment out of the captured work, whatever the project ignores.
        make = "python -m venv .venv && printf '*\\n' > .venv/.gitignore"
        install = f".venv/bin/python -m pip install --disable-pip-version-check {' '.join(wanted)}"
        yield Recipe(PIP.file, PIP.tool, f"{make} && {install}", PIP.get)
    yield from [recipe for recipe in NODE if (workspace / recipe.file).is_file()][:1]


def _for_pip(workspace: Path) -> list[str]:
    requirements = ["-r", "requirements.txt"] if (workspace / "requirements.txt").is_file() else []
    return [*requirements, *(["-e", "."] if _is_installable(workspace) else [])]


def _is_installable(workspace: Path) -> bool:
    if (workspace / "setup.py").is_file():
        return True
    try:
        project = tomllib.loads((workspace / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise SetupError(f"setup: auto cannot read pyproject.toml ({error}): write the setup steps instead") from None
    return "project" in project or "build-system" in project


def _has_tool(recipe: Recipe, path: str) -> bool:
    if shutil.which(recipe.tool, path=path) is None:
        raise SetupError(
            f"setup: auto found {recipe.file}, which needs `{recipe.tool}`, and there is none on the PATH: "
            f"{recipe.get}; or write the setup steps instead of `auto`"
        )
    return True
