"""The import-path check: a project that would be imported from somewhere else is never tested by mistake."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.errors import SetupError
from pytest_parex.model import Place, Plan
from pytest_parex.workspace import imports, setup

FINDER = """
import importlib.machinery, importlib.util, sys

MAPPING = {{"limits": "{0}/limits"}}

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in MAPPING:
            return importlib.util.spec_from_file_location(name, MAPPING[name] + "/__init__.py")

def install():
    sys.meta_path.append(Finder)
"""


def write(root: Path, *files: str) -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], check=True)
    return path


@pytest.fixture
def make_venv(template: Path) -> Callable[[Path], Path]:
    """A real virtual environment at this path; they hold links and one file, so that a copy is as good as a new one."""
    return lambda path: Path(shutil.copytree(template, path, symlinks=True))


@pytest.fixture
def venv(tmp_path: Path, make_venv: Callable[[Path], Path]) -> Path:
    """The environment that runs parex."""
    return make_venv(tmp_path / "venv")


def site_packages(venv: Path) -> Path:
    (found,) = venv.glob("lib/python*/site-packages")
    return found


@pytest.fixture
def ready(bare_plan: Callable[..., Plan], tmp_path: Path, venv: Path) -> Place:
    plan = bare_plan()
    base = plan.bases[""].model_copy(update={"checkout": str(tmp_path / "checkout")})
    plan = plan.model_copy(update={"bases": {"": base}})
    workspace = tmp_path / "workspaces" / "v1"
    for root in (workspace, tmp_path / "checkout"):
        write(root, "pyproject.toml", "src/limits/__init__.py", "tests/__init__.py")
    env = {"PATH": f"{venv}/bin:/usr/bin:/bin"}
    events: list[str] = []
    return Place(plan, plan.trials[0], 1, workspace, env, tmp_path, lambda name, **data: events.append(name))


def flat(place: Place) -> None:
    """Turn the projects into ones without a `src` folder."""
    for root in (place.workspace, place.workspace.parent.parent / "checkout"):
        (root / "src" / "limits").rename(root / "limits")
        (root / "src").rmdir()


def test_an_editable_install_of_the_users_checkout_is_found(ready: Place, venv: Path, tmp_path: Path) -> None:
    (site_packages(venv) / "_limits.pth").write_text(f"{tmp_path}/checkout/src\n")

    with pytest.raises(SetupError) as caught:
        setup(ready)

    message = str(caught.value)
    assert f"import limits  →  {tmp_path}/checkout/src/limits/__init__.py  (your checkout)" in message
    assert "`env: {PYTHONPATH: src}`" in message
    assert f"{venv}/bin/python" in message


def test_an_editable_install_through_a_finder_is_found(ready: Place, venv: Path, tmp_path: Path) -> None:
    packages = site_packages(venv)
    (packages / "__editable__.limits-1.0.pth").write_text(
        "import __editable___limits_1_0_finder; __editable___limits_1_0_finder.install()"
    )
    (packages / "__editable___limits_1_0_finder.py").write_text(FINDER.format(tmp_path / "checkout" / "src"))

    with pytest.raises(SetupError, match="your checkout"):
        setup(ready)


def test_an_installed_release_of_the_project_is_found(ready: Place, venv: Path) -> None:
    write(site_packages(venv), "limits/__init__.py")

    with pytest.raises(SetupError, match=r"site-packages/limits/__init__\.py"):
        setup(ready)


def test_what_the_message_advises_helps(ready: Place, venv: Path, tmp_path: Path) -> None:
    (site_packages(venv) / "_limits.pth").write_text(f"{tmp_path}/checkout/src\n")
    ready.env["PYTHONPATH"] = "src"

    setup(ready)


def test_an_environment_of_the_workspaces_own_helps(
    ready: Place, venv: Path, make_venv: Callable[[Path], Path], tmp_path: Path
) -> None:
    (site_packages(venv) / "_limits.pth").write_text(f"{tmp_path}/checkout/src\n")
    own = make_venv(ready.workspace / ".venv")
    (site_packages(own) / "_limits.pth").write_text(f"{ready.workspace}/src\n")
    ready.env["PATH"] = f"{own}/bin:{ready.env['PATH']}"

    setup(ready)


def test_the_workspaces_own_environment_can_be_the_trap(
    ready: Place, make_venv: Callable[[Path], Path], tmp_path: Path
) -> None:
    own = make_venv(ready.workspace / ".venv")
    (site_packages(own) / "_limits.pth").write_text(f"{tmp_path}/checkout/src\n")
    ready.env["PATH"] = f"{own}/bin:/usr/bin:/bin"

    with pytest.raises(SetupError, match="your checkout"):
        setup(ready)


def test_a_bare_pytest_is_kept_inside_when_python_itself_is(ready: Place, venv: Path, tmp_path: Path) -> None:
    flat(ready)
    (site_packages(venv) / "_limits.pth").write_text(f"{tmp_path}/checkout\n")
    program = venv / "bin" / "program"
    program.write_text(f"#!{venv}/bin/python\nimport limits\nprint(limits.__file__)\n")
    program.chmod(0o755)

    setup(ready)

    said = subprocess.run(["program"], cwd=ready.workspace, env=ready.env, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(ready.workspace / "limits" / "__init__.py")


@pytest.mark.parametrize("file", ["_limits.pth", "other.pth", None])
def test_no_python_is_started_when_nothing_can_go_outside(
    ready: Place, venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str | None
) -> None:
    write(tmp_path / "elsewhere", "another/__init__.py")
    if file:
        (site_packages(venv) / file).write_text(f"{tmp_path}/elsewhere\n{ready.workspace}/src\n")
    setup(ready)
    started: list[list[str]] = []
    monkeypatch.setattr(imports.processes, "capture", lambda argv, **_: started.append(argv))

    setup(ready)

    assert started == []


def test_what_is_no_python_project_is_not_checked(ready: Place, venv: Path, tmp_path: Path) -> None:
    (site_packages(venv) / "_limits.pth").write_text(f"{tmp_path}/checkout/src\n")
    (ready.workspace / "pyproject.toml").unlink()

    setup(ready)


def test_names_that_every_project_has_do_not_count(ready: Place, venv: Path) -> None:
    flat(ready)
    write(ready.workspace, "setup.py", "conftest.py", "types.py")
    write(site_packages(venv), "tests/__init__.py", "types.py", "conftest.py")

    setup(ready)

    assert "PYTHONPATH" not in ready.env
