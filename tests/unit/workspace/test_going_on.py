"""Going on in the workspace of an earlier attempt, also of one whose process is dead."""

from __future__ import annotations

import shutil
import socket
from typing import Any

import pytest

from pytest_parex import workspace
from pytest_parex.workspace import Outcome, Workspace

from .bench import Attempt, Bench, git

KINDS = ("worktree", "clone", "copy")


class Next(Attempt):
    """An attempt that goes on from an earlier one."""

    def take_over(self, earlier: int) -> Workspace | None:
        found = workspace.take_over(
            self.run.plan,
            self.trial,
            earlier=earlier,
            attempt=self.writer.number,
            directory=self.writer.directory,
            emit=self.writer.emit,
            environ=self.environ,
        )
        if found is not None:
            self.made = found
        return found


def ended(bench: Bench, **experiment: Any) -> Attempt:
    """An attempt that was set up, has worked and was captured."""
    attempt = bench.attempt(**experiment)
    attempt.create()
    attempt.settle()
    (attempt.made.path / "limits.py").write_text("LIMIT = 2\n")
    attempt.capture()
    attempt.made.lease.release()
    attempt.writer.finish(attempt.result())
    return attempt


def after(attempt: Attempt) -> Next:
    return Next(attempt.run, attempt.trial, attempt.environ)


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_attempt_finds_the_workspace_as_it_was_left(bench: Bench, kind: str) -> None:
    first = ended(bench, workspace={"kind": kind}, setup="echo laid > laid.txt")
    second = after(first)

    made = second.take_over(1)

    assert made is not None
    assert (made.path / "limits.py").read_text() == "LIMIT = 2\n"
    assert (made.path, made.git_dir, made.base, made.start) == (
        first.made.path,
        first.made.git_dir,
        first.made.base,
        first.made.start,
    )
    assert made.earlier == 1
    assert second.states() == ["taken over"]
    (made.path / "more.py").write_text("MORE = 1\n")
    assert {change.path for change in second.capture().files} == {"limits.py", "more.py"}
    assert second.capture().ref.endswith("/2/work")


def test_what_setup_has_set_in_the_environment_is_set_again(bench: Bench) -> None:
    attempt = bench.attempt()
    attempt.create()
    attempt.place.env["ADDED"] = "by setup"
    del attempt.place.env["HOME"]
    attempt.settle()

    made = after(attempt).take_over(1)

    assert made is not None
    assert made.env == {**attempt.place.env, "PAREX_ATTEMPT": "2"}


def test_secrets_of_setup_are_not_written_down_so_that_work_starts_afresh(bench: Bench) -> None:
    attempt = bench.attempt()
    attempt.create()
    attempt.place.env["DATABASE_PASSWORD"] = "correct horse"
    attempt.settle()
    second = after(attempt)

    assert second.take_over(1) is None
    journal = (attempt.writer.directory / "events.jsonl").read_text()
    assert "correct horse" not in journal


def test_the_same_ports_are_leased_again(bench: Bench) -> None:
    first = ended(bench, workspace={"ports": ["WEB_PORT", "DB_PORT"]})
    made = after(first).take_over(1)

    assert made is not None
    assert made.lease.ports == first.made.lease.ports
    assert [made.env[name] for name in ("WEB_PORT", "DB_PORT")] == [
        first.made.env[name] for name in ("WEB_PORT", "DB_PORT")
    ]


def test_without_its_ports_work_does_not_go_on(bench: Bench) -> None:
    first = ended(bench, workspace={"ports": ["WEB_PORT"]})
    second = after(first)
    with socket.socket() as other:
        other.bind(("0.0.0.0", first.made.lease.ports["WEB_PORT"]))

        assert second.take_over(1) is None
        assert "ports are not free any more" in second.notes()[0]


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        ("removed", "is not there any more"),
        ("exchanged", "is not there any more"),
        ("moved by its owner", "is not there"),
    ],
)
def test_a_workspace_that_is_not_ours_any_more_is_not_gone_on_in(bench: Bench, loss: str, why: str) -> None:
    first = ended(bench)
    path = first.made.path
    if loss == "removed":
        assert first.remove().outcome is Outcome.REMOVED
    elif loss == "exchanged":
        (bench.folder / "mine").mkdir()  # beside it, since a new folder may get the number of one that is gone
        shutil.rmtree(path)
        (bench.folder / "mine").rename(path)
    else:
        path.rename(bench.folder / "elsewhere")
        path.symlink_to(bench.folder / "elsewhere")
    second = after(first)

    assert second.take_over(1) is None

    assert "is not there any more" in second.notes()[0]
    assert second.states() == []


def test_a_workspace_that_was_not_set_up_is_not_gone_on_in(bench: Bench) -> None:
    first = bench.attempt()
    first.create()
    second = after(first)

    assert second.take_over(1) is None
    assert "no workspace that was set up" in second.notes()[0]


def test_the_workspace_of_a_later_attempt_is_not_taken_for_that_of_an_earlier_one(bench: Bench) -> None:
    first = ended(bench)
    second = after(first)
    second.create()
    second.settle()

    assert after(first).take_over(1) is None


def test_an_attempt_that_died_before_it_took_over_is_passed_over(bench: Bench) -> None:
    first = ended(bench)
    after(first)  # begun, and dead before it did anything
    third = after(first)

    made = third.take_over(2)

    assert made is not None
    assert made.earlier == 1


def test_the_work_of_one_that_died_after_it_took_over_is_rescued_as_its_own(bench: Bench) -> None:
    first = ended(bench, setup="echo laid > laid.txt")
    second = after(first)
    made = second.take_over(1)
    assert made is not None
    (made.path / "more.py").write_text("MORE = 1\n")

    rescued = workspace.rescue(second.run.plan, second.trial, 2)

    assert rescued is not None
    assert {change.path for change in rescued.files} == {"limits.py", "more.py"}
    assert rescued.ref.endswith("/2/work")


def test_only_the_last_attempt_owns_the_workspace(bench: Bench) -> None:
    first = ended(bench)
    second = after(first)
    assert second.take_over(1) is not None
    second.capture()

    assert first.remove().outcome is Outcome.RETAINED_UNCAPTURED
    assert second.remove().outcome is Outcome.REMOVED


def test_commits_and_branches_of_the_variant_are_still_there(bench: Bench) -> None:
    first = bench.attempt(workspace={"kind": "clone"})
    first.create()
    first.settle()
    git(first, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "half way")
    first.capture()
    second = after(first)

    assert second.take_over(1) is not None

    assert git(second, "log", "-1", "--format=%s").stdout.strip() == "half way"
