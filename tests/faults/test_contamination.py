"""Variants that reach for what is not theirs: results stay right, and the report says what may not be trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.testing import Finished, Project

from .sessions import PATIENCE_S, run, work

AWAIT = 'await() { while ! test -e "$FLAGS/$1"; do sleep 0.1; done; }'
SIBLING = f"""\
set -e
{AWAIT}
echo 42 > answer.txt
git add answer.txt
git -c user.name=v -c user.email=v@example.org commit -qm committed
touch "$FLAGS/committed"
await rewritten
echo later > later.txt
"""
REWRITER = f"""\
set -e
{AWAIT}
await committed
echo 42 > answer.txt
export GIT_AUTHOR_NAME=v GIT_AUTHOR_EMAIL=v@example.org GIT_COMMITTER_NAME=v GIT_COMMITTER_EMAIL=v@example.org
mirror=$(cd "$(git rev-parse --git-common-dir)" && pwd)
stolen=$(git commit-tree -m stolen "$(git hash-object -t tree -w /dev/null)")
git update-ref refs/heads/sibling "$stolen"
git tag intruded "$stolen"
git for-each-ref --format='delete %(refname)' refs/parex | git update-ref --stdin
git config core.bare true
git config core.worktree "$FLAGS"
mkdir -p "$mirror/hooks"
echo "touch $FLAGS/hooked" > "$mirror/hooks/post-checkout"
chmod +x "$mirror/hooks/post-checkout"
touch "$FLAGS/rewritten"
"""
LATER = """\
set -e
echo 42 > answer.txt
git checkout -q HEAD README.md
git add answer.txt
git -c user.name=v -c user.email=v@example.org commit -qm done
"""
INTRUDER = """\
set -e
echo 42 > answer.txt
cd "$CHECKOUT"
echo changed >> README.md
echo new > new.txt
git config core.hooksPath /nowhere
git tag intruded
git branch taken
moved=$(git -c user.name=v -c user.email=v@example.org commit-tree -p HEAD -m moved 'HEAD^{tree}')
git update-ref refs/heads/main "$moved"
printf '#!/bin/sh\\n' > .git/hooks/pre-push
"""


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    folder = tmp_path / "flags"
    folder.mkdir()
    return folder


def shown(finished: Finished) -> dict[str, str]:
    directory = finished.run().directory
    return {name: (directory / name).read_text() for name in ("comparison.md", "comparison.html")}


def test_refs_of_a_sibling_and_of_the_mirror_that_are_rewritten_change_no_result_and_are_reported(
    project: Callable[..., Project], flags: Path
) -> None:
    repo = project(
        {"answer.txt": "0\n", "sibling.sh": SIBLING, "rewriter.sh": REWRITER, "later.sh": LATER}, name="my project"
    )
    repo.spec(
        {
            "variants": {"sibling": {}, "rewriter": {}, "later": {}},
            "env": {"FLAGS": str(flags)},
            "timeout": PATIENCE_S,
            "workspace": {"kind": "worktree", "branch": "{{ trial }}"},
            "runner": {"shell": 'sh "$PAREX_VARIANT.sh"'},
            "checks": {"answer": 'test "$(cat answer.txt)" = 42'},
        }
    )

    finished = run(repo, "-n2")

    assert finished.outcomes == {"passed": 3}, finished.out
    results = finished.results
    assert work(finished) == {
        "sibling": {"answer.txt", "later.txt"},
        "rewriter": {"answer.txt"},
        "later": {"answer.txt"},
    }
    for name in ("sibling", "rewriter"):
        said = "\n".join(results[name].contaminated)
        assert "sibling" in said, results[name].contaminated
        assert "`intruded`" in said
        assert "refs/parex/bases" in said or "bases/" in said
        assert "settings" in said
    assert results["later"].contaminated == (), "what was done before it began is not its own concern"
    assert not (flags / "hooked").exists(), "no hook of one variant runs for another"
    contaminated = {trial.id: trial.contaminated for trial in finished.comparison.trials}
    assert {name for name, said in contaminated.items() if said} == {"sibling", "rewriter"}

    again = run(repo)
    assert again.outcomes == {"passed": 3}, again.out
    assert again.results["sibling"].contaminated == (), "the next run has a mirror that nobody has touched"


def test_writing_into_the_users_checkout_and_repository_is_said_in_every_report(
    project: Callable[..., Project],
) -> None:
    repo = project({"answer.txt": "0\n", "intruder.sh": INTRUDER}, name="my project")
    repo.spec(
        {
            "variants": {
                "before": {},
                "intruder": {"runner": {"shell": "sh intruder.sh"}},
                "after": {},
            },
            "env": {"CHECKOUT": str(repo.path)},
            "workspace": {"kind": "clone"},
            "runner": {"shell": "echo 42 > answer.txt"},
            "checks": {"answer": 'test "$(cat answer.txt)" = 42'},
        }
    )

    finished = run(repo)

    assert finished.outcomes == {"passed": 3}, finished.out
    said = finished.results["intruder"].contaminated
    for what in ("`README.md`", "`new.txt`", "configuration", "`intruded`", "`taken`", "`main`", "hooks"):
        assert any(what in sentence for sentence in said), (what, said)
    assert finished.results["before"].contaminated == finished.results["after"].contaminated == ()
    assert work(finished)["intruder"] == {"answer.txt"}
    for name, text in shown(finished).items():
        assert "contaminated" in text.lower(), name
        assert "new.txt" in text, name
    assert "contaminated" in finished.out
    assert (repo.path / "new.txt").exists(), "nothing of the user's is put back behind their back"
