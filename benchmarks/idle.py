"""What does an installed and unused parex cost a plain `pytest` run?

Compared: the CPU time (user and system, children included) of `pytest` on 200 trivial tests in ten files, with the
plugin installed and no `--parex`, against the same command with `-p no:parex`.
How: whole processes, taking turns; medians.
Bar: ≤ 1.03.
"""

from __future__ import annotations

from measuring import Row, cost, folder, interleaved, options, show

from pytest_parex.testing import Project

FILES = 10
TESTS_PER_FILE = 20


def main() -> None:
    """Measure and print the table."""
    chosen = options(__doc__, rounds=31).parse_args()
    tests = "".join(
        f"def test_{number}():\n    assert {number} + 1 > {number}\n\n\n" for number in range(TESTS_PER_FILE)
    )
    with folder() as place:
        project = Project(place / "project", {f"test_{number}.py": tests for number in range(FILES)})

        def cpu(*arguments: str) -> float:
            command = project.command("-q", *arguments, spec=None)
            return cost(command, project.path, project.environment()).cpu_s

        measured = interleaved({"with": cpu, "without": lambda: cpu("-p", "no:parex")}, chosen.rounds)
    row = Row("CPU time of plain pytest, parex unused", "-p no:parex", measured["with"], measured["without"], 1.03)
    show([row], file=chosen.json)


if __name__ == "__main__":
    main()
