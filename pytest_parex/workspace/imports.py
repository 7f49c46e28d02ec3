"""The import-path check: does `python` in a trial import the project from the trial's workspace?

The trap is an editable install: the environment that runs parex usually holds one of the user's checkout, and then
every variant would be tested with the user's code, silently and with perfectly plausible results. The check asks the
trial's own Python, but starts it only when the file system says that something outside of the workspace could win.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from pytest_parex import processes
from pytest_parex.errors import SetupError
from pytest_parex.model import Place

NOT_THE_PROJECT = frozenset(
    [
        "benchmarks",
        "build",
        "conftest",
        "dist",
        "doc",
        "docs",
        "example",
        "examples",
        "fabfile",
        "manage",
        "noxfile",
        "scripts",
        "setup",
        "tasks",
        "test",
        "tests",
        "tools",
        "versioneer",
    ]
)
_IMPORTED = re.compile(r"^import\s+([\w.]+)", re.MULTILINE)
_TIMEOUT_S = 60.0

_ASK_FOLDERS = "import json, sys; print(json.dumps(sys.path[1:]))"
_ASK_PACKAGES = """
import importlib.util, json, os, sys

def found(name):
    spec = importlib.util.find_spec(name)
    return spec and (spec.origin or next(iter(spec.submodule_search_locations or ()), None))

from_here = {name: found(name) for name in sys.argv[1:]}
sys.path[:] = [folder for folder in sys.path if folder not in ("", os.getcwd())]
sys.path_importer_cache.clear()
print(json.dumps([from_here, {name: found(name) for name in sys.argv[1:]}]))
"""


def keep_imports_inside(place: Place) -> None:
    """SetupError if one of the project's top-level packages would be imported from outside of the workspace.

    If only programs that do not look into the current folder (a bare `pytest`) would go outside, the workspace is put
    on PYTHONPATH in `place.env`.
    """
    root, names = _project(place.workspace)
    interpreter = shutil.which("python", path=place.env["PATH"]) or shutil.which("python3", path=place.env["PATH"])
    if not names or interpreter is None or not _could_go_outside(names, interpreter, place):
        return
    environment = {**place.env, "PYTHONDONTWRITEBYTECODE": "1"}
    asked = processes.capture(
        [interpreter, "-c", _ASK_PACKAGES, *names], cwd=place.workspace, env=environment, timeout=_TIMEOUT_S
    )
    if asked.exit_code:
        last = asked.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise SetupError(f"{interpreter} cannot say where it imports {', '.join(names)} from: {' '.join(last)}")
    from_here, from_elsewhere = json.loads(asked.stdout.splitlines()[-1])
    if outside := _outside(from_here, place.workspace):
        raise SetupError(_explained(outside, interpreter, root, place))
    if outside := _outside(from_elsewhere, place.workspace):
        old = place.env.get("PYTHONPATH")
        place.env["PYTHONPATH"] = os.pathsep.join([str(root), *([old] if old else [])])
        name, origin = next(iter(outside.items()))
        place.emit(
            "note", text=f"PYTHONPATH leads to the workspace: programs such as pytest would import {name} from {origin}"
        )


def _project(workspace: Path) -> tuple[Path, list[str]]:
    """The folder in which a Python project's top-level packages are, and their names; no names if it is none."""
    if not any((workspace / file).is_file() for file in ("pyproject.toml", "setup.py", "setup.cfg")):
        return workspace, []
    for root in (workspace / "src", workspace):
        if names := sorted(_packages(root)):
            return root, names
    return workspace, []


def _packages(root: Path) -> Iterator[str]:
    for path in root.iterdir() if root.is_dir() else ():
        is_package = path.suffix == ".py" if path.is_file() else (path / "__init__.py").is_file()
        name = path.stem if path.is_file() else path.name
        if is_package and name.isidentifier() and name not in NOT_THE_PROJECT | sys.stdlib_module_names | {"__init__"}:
            yield name


def _could_go_outside(names: list[str], interpreter: str, place: Place) -> bool:
    own = [place.workspace / folder for folder in place.env.get("PYTHONPATH", "").split(os.pathsep) if folder]
    folders = [*own, *map(Path, _import_folders(interpreter, place.workspace, place.env))]
    return any(
        _holds(folder, name, place.workspace)
        or any(_leads_to(file, name, place.workspace) for file in folder.glob("*.pth"))
        for folder in folders
        for name in names
    )


def _holds(folder: Path, name: str, workspace: Path) -> bool:
    return not folder.resolve().is_relative_to(workspace.resolve()) and (
        (folder / name).is_dir() or (folder / f"{name}.py").is_file()
    )


def _leads_to(pth: Path, name: str, workspace: Path) -> bool:
    """Whether a `.pth` file adds a folder that holds the package, or starts a finder that knows its name."""
    text = pth.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "import ", "import\t"))]
    if any(_holds(pth.parent / line, name, workspace) for line in lines):
        return True
    finders = [pth.parent / f"{module}.py" for module in _IMPORTED.findall(text) if "editable" in module]
    return any(name in file.read_text(encoding="utf-8", errors="replace") for file in finders if file.is_file())


def _import_folders(interpreter: str, workspace: Path, env: Mapping[str, str]) -> list[str]:
    environment = Path(interpreter).parent.parent
    if environment.is_relative_to(workspace) and (environment / "pyvenv.cfg").is_file():
        return [str(folder) for folder in environment.glob("lib/python*/site-packages")]
    return _asked_folders(interpreter, env.get("HOME", ""))


@cache
def _asked_folders(interpreter: str, home: str) -> list[str]:
    if Path(interpreter).parent == Path(sys.executable).parent and Path(interpreter).samefile(sys.executable):
        return [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    env = {"HOME": home, "PATH": os.defpath}
    asked = processes.capture([interpreter, "-c", _ASK_FOLDERS], cwd=Path("/"), env=env, timeout=_TIMEOUT_S)
    if asked.exit_code:
        return []
    folders: list[str] = json.loads(asked.stdout)
    return folders


def _outside(origins: Mapping[str, str | None], workspace: Path) -> dict[str, str]:
    root = workspace.resolve()
    return {
        name: origin for name, origin in origins.items() if origin and not Path(origin).resolve().is_relative_to(root)
    }


def _explained(outside: Mapping[str, str], interpreter: str, root: Path, place: Place) -> str:
    checkout = place.plan.start_of(place.trial.variant).checkout
    where = "\n".join(
        f"  import {name}  →  {origin}"
        + ("  (your checkout)" if checkout and Path(origin).resolve().is_relative_to(Path(checkout).resolve()) else "")
        for name, origin in outside.items()
    )
    return (
        f"the project would not be imported from the workspace {place.workspace}, so that the variant's changes would "
        f"not be what is tested:\n{where}\nThe Python is {interpreter}. Give the workspace an environment of its own "
        "(`setup: auto`, or steps such as `python -m venv .venv && .venv/bin/pip install -e .`), or put the workspace "
        f"first: `env: {{PYTHONPATH: {root.relative_to(place.workspace)}}}`."
    )
