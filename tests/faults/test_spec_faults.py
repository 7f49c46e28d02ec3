"""Specs that are wrong: exit 4, every fault in words, and nothing is created, whatever the file holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_parex.testing import Project

from .sessions import run, state

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "args", "said"),
    [
        (b"", ["-n2"], "spec.yaml:1:1"),
        (b"\xff\xfe\x00variants", [], "spec.yaml"),
        (b"variants: {a: {}}\nrunner: {shell: [\n", [], "spec.yaml:"),
        (BOMB.encode() + b"variants: {a: {}}\n", [], "spec.yaml:"),
        (b"variants: {a: {promt: x}}\nrunner: {shel: x}\nrepeats: -1\ntimeout: soon\n", ["-n2"], "spec.yaml:4:"),
        (b"variants: {a: {}}\nrunner: none\nsource: ../nowhere\n", [], "nowhere"),
        (b"variants: {a: {}}\nrunner: none\nbase: no-such-branch\n", ["-n2"], "no-such-branch"),
        (b"variants: {a: {ref: no-such-branch}}\nrunner: none\n", [], "no-such-branch"),
        (b"variants: {a: {}}\nrunner: none\ndirty: error\n", [], "uncommitted"),
        (b"variants: {a: {}}\nrunner: none\nworkspace: {root: ./inside}\n", [], "workspace.root"),
        (b"variants: {a: {}}\nrunner: none\nholdout: README.md\n", [], "README.md"),
    ],
    ids=["empty", "bytes", "syntax", "bomb", "keys", "source", "base", "ref", "dirty", "root", "holdout"],
)
def test_a_wrong_spec_is_answered_in_words_and_nothing_is_created(
    project: Callable[..., Project], content: bytes, args: list[str], said: str
) -> None:
    repo = project()
    (repo.path / "spec.yaml").write_bytes(content)
    before = state(repo.path)

    finished = run(repo, *args, env={"PYTHONDONTWRITEBYTECODE": "1"})

    assert finished.exit_code == 4, finished.out
    assert said in finished.out
    assert "Traceback" not in finished.out
    assert "INTERNALERROR" not in finished.out
    assert not finished.runs.exists()
    assert state(repo.path) == before
    assert [path.name for path in repo.path.parent.iterdir()] == [repo.path.name]
