"""Variants that do their worst to their own workspace, all in one session: each gets a right result, and no other pays.

The repository's path has spaces and letters that are not ASCII.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pytest_parex.model import Result
from pytest_parex.repository import Git
from pytest_parex.store import open_run
from pytest_parex.testing import Finished, Project

from .sessions import DAEMON, files_with, left_running, marker, run, state, work

SECRET = "squeamish-ossifrage-4711"
PRIVATE = "what lies outside of the workspace"
LOG_BYTES = 17 << 20  # 16 MiB, and the line that says how much was cut

ANSWER = "echo 42 > answer.txt"
VARIANTS = {
    "calm": f"""
        {ANSWER}
        echo '{{"score": 1}}' > score.json
    """,
    "endless": f"""
        {ANSWER}
        echo half > notes.txt
        {DAEMON}
        trap '' INT
        sleep "$MARK"
    """,
    "leaver": f"""
        {ANSWER}
        {DAEMON}
    """,
    "printer": f"""
        {ANSWER}
        yes 'all work and no play' | head -c 50000000
        head -c 50000000 /dev/zero | tr '\\0' x
    """,
    "unversioned": f"""
        {ANSWER}
        rm -rf .git
    """,
    "cheat": """
        echo 41 > answer.txt
        echo 'exit 0' > tests/check.sh
        rm tests/data.txt
        echo more > tests/added.txt
    """,
    "linker": """
        echo 41 > answer.txt
        rm -r tests
        ln -s "$OUTSIDE" tests
    """,
    "gone": f"""
        {ANSWER}
        git add answer.txt
        git -c user.name=v -c user.email=v@example.org commit -qm committed
        cd /
        rm -rf "$PAREX_WORKSPACE"
    """,
    "sealed": f"""
        {ANSWER}
        mkdir inner
        echo deep > inner/deep.txt
        chmod 0 inner/deep.txt
        chmod -R a-w .
        chmod 0 inner
    """,
    "odd": f"""
        {ANSWER}
        mkdir out
        git init -q nested
        echo inner > nested/inner.txt
        git -C nested add inner.txt
        git -C nested -c user.name=v -c user.email=v@example.org commit -qm inner
        ln -s "$OUTSIDE/private.txt" private
        ln -s ../../.. up
        ln -s loop loop
        ln -s "$OUTSIDE" out/outside
        mkfifo pipe out/pipe score.json
        python -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
        echo two > "$(printf 'two\\nlines')"
        echo latin > "$(printf 'latin-\\351')"
        echo evil > "$(printf 'evil\\033[31m\\342\\200\\256')"
        ln -s "$OUTSIDE/private.txt" RESULTS.md
    """,
    "talker": f"""
        {ANSWER}
        printf 'in \\033[31mred\\033]0;title\\007 and \\342\\200\\256back\\n'
        printf 'in two halves: %s' squeamish-
        printf '%s\\n' ossifrage-4711
        echo "token: $DEMO_API_TOKEN" >&2
        exit 3
    """,
}


@dataclass(frozen=True)
class Scene:
    """What there is to look at after the session."""

    repo: Project
    run: Finished
    mark: str
    outside: Path
    changed: list[str]
    report: ElementTree.Element

    def result(self, variant: str) -> Result:
        return self.run.results[variant]

    def file(self, variant: str, name: str) -> Path:
        stored = self.run.run()
        return stored.attempt_directory(variant, self.result(variant).attempt) / name

    def paths(self, variant: str) -> set[str]:
        return work(self.run)[variant]


@pytest.fixture(scope="module", params=["worktree", "clone"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """One session with every hostile variant."""
    folder = tmp_path_factory.mktemp("größe und 木 (1)")
    outside = folder / "outside"
    outside.mkdir()
    (outside / "private.txt").write_text(f"{PRIVATE}\n")
    check = 'echo "checked with $DEMO_API_TOKEN"; test "$(cat answer.txt)" = 42\n'
    files = {"answer.txt": "0\n", "tests/check.sh": check, "tests/data.txt": "data\n"}
    scripts = {f"variants/{name}.sh": f"set -e\n{script}" for name, script in VARIANTS.items()}
    repo = Project(folder / "mein Projekt", {**files, **scripts})
    mark = marker()
    repo.spec(
        {
            "source": ".",
            "dirty": "head",
            "variants": {name: {} for name in VARIANTS} | {"endless": {"timeout": 2}},
            "env": {"MARK": mark, "OUTSIDE": str(outside)},
            "retries": 1,
            "workspace": {"kind": request.param, "keep": "none"},
            "setup": 'echo "set up with $DEMO_API_TOKEN"',
            "runner": {"shell": 'sh "variants/$PAREX_VARIANT.sh"'},
            "protect": ["tests/**"],
            "checks": {"answer": "sh tests/check.sh"},
            "metrics": {"score": {"json": "score.json", "path": "score"}},
            "artifacts": ["out/**"],
        }
    )
    (repo.path / ".parex").mkdir()
    before = state(folder, leave_out=["mein Projekt/.parex"])

    report = tmp_path_factory.mktemp("report") / "junit.xml"

    finished = run(repo, "-n2", "-v", "--junitxml", str(report), env={"DEMO_API_TOKEN": SECRET})

    assert report.exists(), finished.out
    after = state(folder, leave_out=["mein Projekt/.parex"])
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return Scene(repo, finished, mark, outside, changed, ElementTree.parse(report).getroot())


def test_every_variant_has_its_own_ending_and_no_other_pays(scene: Scene) -> None:
    ended = {variant: result.cause.value for variant, result in scene.run.results.items()}

    assert ended == {
        **dict.fromkeys(VARIANTS, "passed"),
        "endless": "time limit",
        "cheat": "check failed",
        "linker": "check failed",
        "gone": "workspace failed",
        "talker": "runner failed",
    }, scene.run.out
    assert all(not result.contaminated for result in scene.run.results.values())
    assert scene.result("calm").metrics["score"].value == 1
    assert "INTERNALERROR" not in scene.run.out
    assert "Traceback" not in scene.run.out


def test_nothing_is_left_but_the_run_directory(scene: Scene) -> None:
    assert scene.changed == []
    assert left_running(scene.mark) == []
    assert (scene.outside / "private.txt").read_text() == f"{PRIVATE}\n"


def test_work_that_was_stopped_at_its_time_limit_is_captured_graded_and_counted(scene: Scene) -> None:
    result = scene.result("endless")
    trial = next(trial for trial in scene.run.comparison.trials if trial.id == "endless")

    assert scene.paths("endless") == {"answer.txt", "notes.txt"}
    assert [(check.name, check.passed) for check in result.checks] == [("answer", True)]
    assert trial.outcome == "failed"
    assert "time limit" in result.message


def test_a_log_has_a_bound_and_says_what_was_cut(scene: Scene) -> None:
    log = scene.file("printer", "run.log")

    assert log.stat().st_size < LOG_BYTES
    with log.open("rb") as stream:
        assert stream.read(21) == b"all work and no play\n"
        stream.seek(-1000, 2)
        assert stream.read() == b"x" * 1000
    assert b"bytes cut" in log.read_bytes()
    pages = [scene.run.run().directory / f"comparison.{suffix}" for suffix in ("html", "md", "json")]
    assert all(page.stat().st_size < LOG_BYTES / 8 for page in pages)


def test_work_is_captured_without_a_repository(scene: Scene) -> None:
    assert scene.paths("unversioned") == {"answer.txt"}
    assert "+42" in scene.file("unversioned", "changes.patch").read_text()


def test_protected_files_are_restored_reported_and_not_written_through_links(scene: Scene) -> None:
    assert set(scene.result("cheat").protected) == {"tests/check.sh", "tests/data.txt", "tests/added.txt"}
    assert {"tests/check.sh", "tests/data.txt"} <= set(scene.result("linker").protected)
    assert sorted(path.name for path in scene.outside.iterdir()) == ["private.txt"]
    assert "-data" in scene.file("cheat", "changes.patch").read_text(), "the work itself is kept as it was"
    for name in ("comparison.md", "comparison.html"):
        assert "tests/check.sh" in (scene.run.run().directory / name).read_text()


def test_a_workspace_that_vanished_leaves_its_trial_missing_and_keeps_what_was_committed(scene: Scene) -> None:
    result = scene.result("gone")
    trial = next(trial for trial in scene.run.comparison.trials if trial.id == "gone")

    assert trial.outcome == "missing"
    assert "vanished" in result.message
    assert "vanished" in scene.run.out
    assert scene.run.run().attempts("gone") == [1, 2], "the next attempt gets a workspace again"
    if scene.run.run().plan.experiment.workspace.kind == "worktree":  # a clone takes its commits along
        assert "+42" in scene.file("gone", "changes.patch").read_text()


def test_a_workspace_without_permissions_is_captured_whole_and_removed(scene: Scene) -> None:
    assert scene.paths("sealed") == {"answer.txt", "inner/deep.txt"}


def test_odd_files_are_captured_by_name_and_nothing_is_followed_out_of_the_workspace(
    scene: Scene, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    Git(tmp_path)("clone", "--quiet", str(scene.repo.path), str(clone))
    Git(clone)("apply", "--binary", str(scene.file("odd", "changes.patch")))

    assert {b"two\nlines", b"latin-\xe9", b"evil\x1b[31m\xe2\x80\xae"} <= {
        bytes(path.relative_to(clone)) for path in clone.iterdir()
    }
    assert (clone / "nested/inner.txt").read_text() == "inner\n"
    assert (clone / "private").readlink() == scene.outside / "private.txt"
    assert str((clone / "up").readlink()) == "../../.."
    assert (clone / "loop").is_symlink()
    assert not any(name in scene.paths("odd") for name in ("pipe", "socket", "score.json"))
    assert files_with(scene.run.runs, PRIVATE) == []
    assert scene.result("odd").artifacts == ()
    stored = scene.file("odd", ".").rglob("*")
    assert all(stat.S_ISREG(path.lstat().st_mode) or path.is_dir() for path in stored)


def test_no_secret_reaches_a_file_or_the_terminal(scene: Scene) -> None:
    assert files_with(scene.run.runs, SECRET) == []
    assert SECRET not in scene.run.out
    assert "token: ***" in scene.file("talker", "run.log").read_text()
    assert "in two halves: ***" in scene.file("talker", "run.log").read_text()
    assert "checked with ***" in scene.file("calm", "checks/answer.log").read_text()
    assert "set up with ***" in scene.file("calm", "setup.log").read_text()


def test_what_a_variant_prints_and_calls_its_files_cannot_play_tricks_on_readers(scene: Scene) -> None:
    assert "token: ***" in scene.run.out, "the end of its log is shown"
    directory = scene.run.run().directory
    shown = [scene.run.out, *((directory / name).read_text() for name in ("comparison.md", "comparison.html"))]
    for text in shown:
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert SECRET not in ElementTree.tostring(scene.report, encoding="unicode")
    failed = [case.get("name") for case in scene.report.iter("testcase") if case.find("failure") is not None]
    assert len(failed) == 5


def test_the_stored_run_can_be_read_from_elsewhere(scene: Scene) -> None:
    stored = open_run("spec", scene.run.runs)

    assert [result.trial.id for result in stored.results(pytest.fail)] == list(VARIANTS)
    for variant in VARIANTS:
        assert stored.events(variant, 1)[-1].name == "finished"
