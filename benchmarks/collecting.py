"""What do ten thousand trials cost before any of them runs?

Compared: `pytest --parex spec.yaml -n 7 -k nothing` with an experiment of 10,000 trials, against `pytest -n 7 -k
nothing` with one test that is parametrized 10,000 times. `-k` selects none of them, so that all is collected in every
worker and nothing is run (`--collect-only` would not distribute).
How: whole processes, taking turns; medians.
Bar: ≤ 2 in wall time; CPU time is shown beside it.
"""

from __future__ import annotations

from measuring import Cost, cost, folder, interleaved, options, show, wall_and_cpu

from pytest_parex.testing import Project

SPEC = {
    "variants": {f"v{number}": {} for number in range(10)},
    "cases": {f"case-{number}": {} for number in range(100)},
    "repeats": 10,
    "runner": {"shell": "true"},
}
PLAIN = """\
import pytest


@pytest.mark.parametrize("number", range(10_000))
def test_number(number):
    pass
"""
NOTHING_WAS_RUN = (0, 5)


def main() -> None:
    """Measure and print the table."""
    chosen = options(__doc__, rounds=5).parse_args()
    with folder() as place:
        project = Project(place / "project", {"test_plain.py": PLAIN})
        project.spec(SPEC)
        project.commit()

        def collect(*arguments: str, spec: str | None) -> Cost:
            command = project.command("-q", "-n", "7", "-k", "nothing", *arguments, spec=spec)
            return cost(command, project.path, project.environment(), NOTHING_WAS_RUN)

        sides = {"trials": lambda: collect(spec="spec.yaml"), "plain": lambda: collect("test_plain.py", spec=None)}
        measured = interleaved(sides, chosen.rounds)
    trials, plain = measured["trials"], measured["plain"]
    rows = wall_and_cpu("collecting 10,000 trials with -n 7", "10,000 parametrized tests", trials, plain, 2.0)
    show(rows, file=chosen.json)


if __name__ == "__main__":
    main()
