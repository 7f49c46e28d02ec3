"""A frozen plan: bases that are pinned once, digests of what trials depend on, a place for the workspaces."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex import __version__
from pytest_parex.errors import SpecError, WorkspaceError
from pytest_parex.model import Plan
from pytest_parex.planning import expand, freeze
from pytest_parex.repository import Git
from pytest_parex.spec import read
from pytest_parex.testing import Project

Make = Callable[..., Project]

SPEC: dict[str, Any] = {
    "task": "do it",
    "variants": {"a": "one", "b": {"prompt": "two", "files": {".claude/": "overlay"}}},
    "cases": {"c": {"file": "cases/c.md"}, "d": "text"},
    "runner": {"claude": {"model": "{{ matrix.m }}"}},
    "matrix": {"m": ["s", "o"]},
    "instructions": "how.md",
    "dirty": "head",
}
FILES = {"how.md": "carefully", "cases/c.md": "c", "overlay/x.md": "x", "overlay/deep/y.md": "y", "fix.patch": "+"}


def frozen(file: Path, environ: dict[str, str] | None = None, **given: Any) -> Plan:
    found = read(file)
    return freeze(
        found.experiment,
        expand(found.experiment, found.lines),
        spec=file,
        run="20261120-184210-3fa2",
        directory=file.parent / ".parex" / found.experiment.experiment / "20261120-184210-3fa2",
        created="2026-11-20T18:42:10+00:00",
        environ=environ if environ is not None else dict(os.environ),
        **given,
    )


@pytest.fixture
def repository(project: Make) -> Project:
    return project(FILES)


def inputs(repository: Project, **changes: Any) -> dict[str, str]:
    plan = frozen(repository.spec({**SPEC, **changes}))
    return {trial.id: trial.inputs for trial in plan.trials}


def test_a_plan_holds_everything_that_workers_need(repository: Project) -> None:
    file = repository.spec(SPEC)

    plan = frozen(file, expected={"a--c--s": 12.5})

    assert plan.spec == str(file)
    assert plan.directory == str(repository.path / ".parex" / "spec" / plan.run)
    assert plan.bases[""].commit == repository.git("rev-parse", "HEAD")
    assert Path(plan.bases[""].mirror).is_relative_to(repository.path / ".parex" / "sources")
    assert [trial.id for trial in plan.trials][:3] == ["a--c--s", "a--c--o", "a--d--s"]
    assert [trial.expected_s for trial in plan.trials][:2] == [12.5, None]
    assert plan.versions["pytest-parex"] == __version__
    assert plan.versions["git"][0].isdecimal()
    assert {"python", "platform"} <= set(plan.versions)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_the_same_spec_has_the_same_digests_and_every_trial_its_own(repository: Project) -> None:
    once, again = inputs(repository), inputs(repository)

    assert once == again
    assert len(set(once.values())) == len(once) == 8
    assert all(len(digest) == 64 for digest in once.values())


@pytest.mark.parametrize(
    ("changes", "touched"),
    [
        ({"task": "do it well"}, "abcd"),
        ({"timeout": "5m"}, "abcd"),
        ({"env": {"A": "1"}}, "abcd"),
        ({"setup": "make"}, "abcd"),
        ({"workspace": {"kind": "clone"}}, "abcd"),
        ({"workspace": {"carry": ".env"}}, "abcd"),
        ({"runner": {"claude": {"model": "{{ matrix.m }}", "max_turns": 3}}}, "abcd"),
        ({"variants": {**SPEC["variants"], "a": "changed"}}, "a"),
        ({"variants": {**SPEC["variants"], "a": {"prompt": "one", "env": {"A": "1"}}}}, "a"),
        ({"variants": {**SPEC["variants"], "a": {"prompt": "one", "patch": "fix.patch"}}}, "a"),
        ({"variants": {**SPEC["variants"], "a": {"prompt": "one", "runner": {"claude": {"turns": 3}}}}}, "a"),
        ({"cases": {**SPEC["cases"], "d": "other text"}}, "d"),
        ({"cases": {**SPEC["cases"], "c": {"file": "cases/c.md", "area": "x"}}}, "c"),
        # what the work does not depend on
        ({"description": "other"}, ""),
        ({"variants": {**SPEC["variants"], "a": {"prompt": "one", "description": "other"}}}, ""),
        ({"variants": {"new": "x", **SPEC["variants"]}, "matrix": {"m": ["o", "s", "t"]}}, ""),
        ({"checks": {"t": "make"}, "metrics": {"m": {"command": "x"}}, "protect": "tests"}, ""),
        ({"compare": {"baseline": "a"}, "retries": 5, "max_parallel": 2, "fail_on": "trials"}, ""),
        ({"workspace": {"keep": "none", "root": "../elsewhere"}}, ""),
    ],
)
def test_a_digest_changes_with_what_the_work_depends_on(
    repository: Project, changes: dict[str, Any], touched: str
) -> None:
    before, after = inputs(repository), inputs(repository, **changes)

    changed = {trial for trial, digest in before.items() if after[trial] != digest}
    assert changed == {trial for trial in before if touched == "abcd" or (touched and touched in trial.split("--")[:2])}


@pytest.mark.parametrize(
    ("file", "touched"),
    [("how.md", "abcd"), ("cases/c.md", "c"), ("overlay/deep/y.md", "b"), ("README.md", "")],
)
def test_a_digest_changes_with_the_contents_of_files(repository: Project, file: str, touched: str) -> None:
    before = inputs(repository)
    repository.write({file: "changed"})
    after = inputs(repository)

    assert {trial for trial in before if before[trial] != after[trial]} == {
        trial for trial in before if touched == "abcd" or (touched and touched in trial.split("--")[:2])
    }


def test_names_modes_and_links_in_an_overlay_count(repository: Project) -> None:
    seen = {inputs(repository)["b--c--s"]}
    (repository.path / "overlay/x.md").rename(repository.path / "overlay/z.md")
    seen.add(inputs(repository)["b--c--s"])
    (repository.path / "overlay/z.md").chmod(0o755)
    seen.add(inputs(repository)["b--c--s"])
    (repository.path / "overlay/link").symlink_to("nowhere")
    seen.add(inputs(repository)["b--c--s"])

    assert len(seen) == 4


def test_a_task_in_a_file_counts_by_its_contents(repository: Project) -> None:
    repository.write({"job.md": "one"})
    before = inputs(repository, task=None, task_file="job.md")
    repository.write({"job.md": "two"})

    assert inputs(repository, task=None, task_file="job.md").items().isdisjoint(before.items())


def test_a_digest_changes_with_the_base(repository: Project) -> None:
    before = inputs(repository)
    repository.write({"src.py": "x"})
    repository.commit()

    assert inputs(repository).items().isdisjoint(before.items())


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"protect": "tests"}, False),
        ({"checks": {"t": "make"}}, False),
        ({"metrics": {"m": {"command": "x"}}}, False),
        ({"holdout": "cases"}, False),
        ({"task": "other"}, True),
        ({"compare": {"baseline": "a"}}, True),
    ],
)
def test_the_digest_of_grading_changes_with_what_grades(
    repository: Project, changes: dict[str, Any], same: bool
) -> None:
    repository.git("rm", "-r", "-q", "--cached", "cases")
    repository.git("commit", "-q", "--amend", "-m", "cases were never known")

    assert (frozen(repository.spec(SPEC)).grading == frozen(repository.spec({**SPEC, **changes})).grading) is same


def test_each_source_and_each_ref_is_pinned_once(repository: Project, project: Make) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("branch", "feature")
    repository.write({"more.py": "x"})
    second = repository.commit()
    other = project({"a": "b"}, name="other")

    plan = frozen(
        repository.spec(
            {
                "variants": {
                    "own": "x",
                    "branch": {"ref": "feature"},
                    "same": {"ref": "feature"},
                    "elsewhere": {"source": "../other"},
                    "old": {"source": "../other", "ref": "HEAD"},
                },
                "dirty": "head",
            }
        )
    )

    there = other.git("rev-parse", "HEAD")
    assert {key: base.commit for key, base in plan.bases.items()} == {
        "": second,
        "@feature": first,
        "../other": there,
        "../other@HEAD": there,
    }
    assert plan.start_of("branch").commit == first
    assert plan.base_of("branch").commit == second


def test_uncommitted_changes_are_in_the_base_and_said(repository: Project) -> None:
    repository.write({"README.md": "changed"})

    plan = frozen(repository.spec({**SPEC, "dirty": "snapshot"}))

    assert plan.bases[""].commit != repository.git("rev-parse", "HEAD")
    assert any("uncommitted" in notice for notice in plan.notices)


def test_a_source_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps({"variants": {"a": "x"}}))

    with pytest.raises(WorkspaceError, match="git init"):
        frozen(tmp_path / "spec.json")


def test_workspaces_are_made_beside_the_repository(repository: Project) -> None:
    plan = frozen(repository.spec(SPEC))

    assert plan.root == str(repository.path.parent / "repo.parex" / plan.run)
    assert not Path(plan.root).parent.exists()


def test_workspaces_are_made_outside_of_the_outermost_repository(repository: Project) -> None:
    inner = Project(repository.path / "libs" / "inner")

    assert frozen(inner.spec({"variants": {"a": "x"}})).root.startswith(f"{repository.path.parent}/repo.parex/")


def test_a_plain_directory_inside_a_repository_has_its_workspaces_beside_the_repository(repository: Project) -> None:
    repository.write({"plain/x.py": ""})

    plan = frozen(repository.spec({"variants": {"a": "x"}, "source": "plain"}))

    assert plan.root == str(repository.path.parent / "repo.parex" / plan.run)


def test_the_spec_may_name_the_place_relative_to_itself(repository: Project) -> None:
    (repository.path.parent / "real").mkdir()
    (repository.path.parent / "link").symlink_to("real")

    plan = frozen(repository.spec({**SPEC, "workspace": {"root": "../link/here"}}))

    assert plan.root == str(repository.path.parent / "real" / "here" / plan.run)


@pytest.mark.parametrize("root", [".", "work", "../repo/x", "../inside"])
def test_a_place_inside_the_repository_is_a_fault_of_the_spec(repository: Project, root: str) -> None:
    (repository.path.parent / "inside").symlink_to(repository.path / "sub")
    file = repository.spec(f"variants: {{a: x}}\nworkspace:\n  root: {root}\n")

    with pytest.raises(SpecError) as caught:
        frozen(file)

    assert str(caught.value).startswith(f"{file}:3:9: `workspace.root`:")
    assert "inside of the source" in str(caught.value)


def test_where_nothing_can_be_made_beside_the_repository_the_cache_is_taken_and_said(
    repository: Project, tmp_path: Path
) -> None:
    (tmp_path / "repo.parex").write_text("in the way")
    cache = tmp_path / "cache"

    plan = frozen(repository.spec(SPEC), environ={"XDG_CACHE_HOME": str(cache)})

    assert plan.root == str(cache / "pytest-parex" / "repo.parex" / plan.run)
    assert any(str(cache) in notice and "cannot be written" in notice for notice in plan.notices)


def test_where_nothing_can_be_made_at_all_the_spec_has_to_name_a_place(repository: Project, tmp_path: Path) -> None:
    (tmp_path / "repo.parex").write_text("in the way")

    with pytest.raises(WorkspaceError, match=r"workspace: \{root: …\}"):
        frozen(repository.spec(SPEC), environ={"XDG_CACHE_HOME": str(repository.path / "cache")})


def test_trials_cannot_share_a_branch(repository: Project) -> None:
    file = repository.spec("variants: {a: x, b: y}\nrepeats: 2\nworkspace: {branch: '{{ variant }}'}\n")

    with pytest.raises(SpecError, match=r":3:21: `workspace.branch`: a--r1 and a--r2 would both be on 'a'"):
        frozen(file)


def test_a_branch_that_not_every_trial_can_name_is_a_fault(repository: Project) -> None:
    file = repository.spec(
        "variants: {a: x}\n"
        "matrix: {m: [1], include: [{m: 2, n: 3}]}\n"
        "workspace: {branch: '{{ trial }}/{{ matrix.n }}'}\n"
    )

    with pytest.raises(SpecError, match=r":3:21: `workspace.branch`: .* cannot be filled in"):
        frozen(file)


def test_clones_may_share_a_branch(repository: Project) -> None:
    file = repository.spec("variants: {a: x, b: y}\nworkspace: {branch: work, kind: clone}\n")

    assert len(frozen(file).trials) == 2


def test_a_pipe_in_an_overlay_is_not_waited_for(repository: Project) -> None:
    os.mkfifo(repository.path / "overlay" / "pipe")

    assert len(inputs(repository)) == 8


def test_nothing_of_the_repository_is_changed(repository: Project) -> None:
    file = repository.spec(SPEC)
    before = state(repository.git, repository.path)

    frozen(file)

    assert state(repository.git, repository.path) == before


def state(git: Git, path: Path) -> dict[str, bytes]:
    files = [each for each in path.rglob("*") if each.is_file() and ".parex" not in each.parts]
    return {str(each.relative_to(path)): each.read_bytes() for each in files}
