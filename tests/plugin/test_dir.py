"""--parex-dir, or the ini value `parex_dir`, says where runs are stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytest_parex.testing import Project


def test_option_before_ini_before_the_default(project: Callable[..., Project], tmp_path: Path) -> None:
    repo = project({"sub/.keep": ""})
    repo.spec("variants: {a: {}}\nrunner: none\n")

    assert repo.run("-n2").exit_code == 0
    assert (repo.path / ".parex/.gitignore").read_text() == "*\n"

    repo.write({"pytest.ini": "[pytest]\nparex_dir = build/runs\n"})
    from_ini = repo.run("-n2", spec="../spec.yaml", cwd=repo.path / "sub")
    assert from_ini.exit_code == 0, from_ini.out
    assert (repo.path / "build/runs/spec/latest/comparison.json").is_file(), "an ini path is relative to rootdir"
    assert (repo.path / "build/runs/.gitignore").read_text() == "*\n"

    given = repo.run("-n2", "--parex-dir", "mine", spec="../spec.yaml", cwd=repo.path / "sub")
    assert given.exit_code == 0, given.out
    assert (repo.path / "sub/mine/spec/latest/comparison.json").is_file(), "a given path is relative to where one is"

    elsewhere = repo.run("--parex-dir", str(tmp_path / "else where"))
    assert elsewhere.exit_code == 0, elsewhere.out
    assert (tmp_path / "else where/spec/latest/comparison.json").is_file()
    assert len(list((repo.path / ".parex/spec").glob("2*"))) == 1
