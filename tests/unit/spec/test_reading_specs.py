"""A spec file becomes an experiment: what is written in it, and what is left to the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.errors import SpecError
from pytest_parex.model import STRATEGIES, Check, Command, Experiment, Repeats, RunnerChoice, Setup
from pytest_parex.spec import fault_in, load, read

EVERYTHING = """\
experiment: rate-limiter
description: Which style gives the best limiter?
source: .
base: HEAD
dirty: snapshot
task: Add a token-bucket limiter to api/limits.py …
instructions: .claude/commands/ultrathink-task.md
variants:
  functional: Use pure functions and immutable data.
  oop:
    prompt: Use classes, SOLID.
    env: {STYLE: oop}
    files: {.claude/: versions/v2/}
  branch-12: {ref: origin/feature-12, runner: none}
  fixed: {patch: fixes/a.patch, runner: none}
matrix:
  model: [claude-sonnet-5, claude-opus-5-5]
cases:
  stp-1: {file: stps/1.md, area: lifecycle}
repeats: {min: 2, max: 10}
max_parallel: 7
timeout: 30m
budget: {usd: 20, trial_usd: 3}
retries: 2
fail_on: trials
workspace:
  kind: auto
  root: ../myrepo.parex
  carry: [.env]
  submodules: true
  sparse: [src/, tests/]
  ports: [WEB_PORT, DB_PORT]
  branch: "{{ experiment }}/{{ trial }}"
  keep: all
setup: [uv sync, {command: npm ci, timeout: 5m}]
runner:
  claude: {model: "{{ matrix.model }}", max_turns: 40}
protect: ["tests/**"]
holdout: hidden_tests/
checks:
  tests: python -m pytest -q
  lint: {command: ruff check ., required: false}
metrics:
  coverage: {json: coverage.json, path: totals.percent_covered, unit: "%", better: higher, at_least: 80}
  p99: {command: python bench.py, pattern: 'p99=([0-9.]+)', unit: ms, better: lower}
  suite: {junit: report.xml}
  score: {python: mymetrics:score}
artifacts: ["results/**", RESULTS.md]
compare:
  baseline: functional
  rank: [success_rate, coverage, cost_usd]
  margin: {coverage: 1, success_rate: 0.05}
gates:
  - {metric: coverage, variant: oop, vs: functional, at_least: -1}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        ".claude/commands/ultrathink-task.md",
        "versions/v2/skill.md",
        "fixes/a.patch",
        "stps/1.md",
        "hidden_tests/test_more.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def experiment(folder: Path, text: str, name: str = "spec.yaml") -> Experiment:
    (folder / name).write_text(text, encoding="utf-8")
    return load(folder / name)


def test_the_whole_form_is_read(folder: Path) -> None:
    found = experiment(folder, EVERYTHING)

    assert found.experiment == "rate-limiter"
    assert found.instructions == (".claude/commands/ultrathink-task.md",)
    assert list(found.variants) == ["functional", "oop", "branch-12", "fixed"]
    assert found.variants["functional"].prompt == "Use pure functions and immutable data."
    assert found.matrix.axes == {"model": ["claude-sonnet-5", "claude-opus-5-5"]}
    assert found.cases["stp-1"].facts == {"file": "stps/1.md", "area": "lifecycle"}
    assert found.repeats == Repeats(min=2, max=10)
    assert found.timeout == 1800
    assert found.setup == Setup(steps=(Command(command="uv sync"), Command(command="npm ci", timeout=300)))
    assert found.runner_of("oop") == RunnerChoice(
        name="claude", options={"model": "{{ matrix.model }}", "max_turns": 40}
    )
    assert found.runner_of("fixed") == RunnerChoice(name="none")
    assert found.checks["lint"] == Check(command="ruff check .", required=False)
    assert found.metrics["coverage"].json_file == "coverage.json"
    assert found.gates[0].at_least == -1


def test_json_means_the_same_as_yaml(folder: Path) -> None:
    data = {
        "task": 'tabs\tand "quotes" and \\ and é and 😀 and /',
        "variants": {"a": None, "b" * 100: {"prompt": "x", "env": {"N": 1.50, "ok": True}}},
        "matrix": {"n": [1, -2.5e3, True, None, ""]},
        "checks": {},
        "retries": 0,
    }
    text = json.dumps(data, indent="\t").replace("/", "\\/").replace("1.5", "1.50")

    assert experiment(folder, text, "spec.json") == Experiment.model_validate(
        {**data, "experiment": "spec"}
    ).model_copy(update={"variants": experiment(folder, text, "spec.json").variants})
    assert experiment(folder, text, "spec.json").variants["b" * 100].env == {"N": "1.50", "ok": "true"}


@pytest.mark.parametrize(
    "written", ["on", "no", "yes", "y", "12:30", "2026-01-01", "0b1", "1_000", "0o8", "1.2.3", "+"]
)
def test_words_that_older_yaml_takes_for_other_things_are_text(folder: Path, written: str) -> None:
    assert experiment(folder, f"variants: {{a: {written}}}").variants["a"].prompt == written


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("~", None), ("null", None), ("true", True), ("FALSE", False), ("017", 17), ("-3", -3), ("0x1F", 31),
        ("0o17", 15), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("'1'", "1"), ('"\\x41\\u00e9"', "Aé"),
        ("!!str 5", "5"), ('"\\ud83d\\ude00"', "😀"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_the_core_schema(folder: Path, written: str, value: Any) -> None:
    found = experiment(folder, f"variants: {{a: x}}\ncases: {{c: {{value: {written}}}}}").cases["c"].facts["value"]

    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_do_not_move_positions(folder: Path, end: str, mark: str) -> None:
    file = folder / "spec.yaml"
    file.write_bytes(f"{mark}variants:{end}  a: x{end}  ä: y{end}timeout: soon{end}".encode())

    with pytest.raises(SpecError) as caught:
        load(file)

    assert [(fault.line, fault.column) for fault in caught.value.faults] == [(3, 3), (4, 10)]


def test_only_line_ends_end_a_line(folder: Path) -> None:
    (folder / "spec.yaml").write_text("task: 'a\u2028b\x85c'\nvariants: {a: 5}\n", encoding="utf-8")

    with pytest.raises(SpecError) as caught:
        load(folder / "spec.yaml")

    assert [(fault.line, fault.column) for fault in caught.value.faults] == [(2, 15)]


def test_names_are_taken_as_they_are_written(folder: Path) -> None:
    found = experiment(folder, "variants: {1: a, 2.10: b, true: c, null: d}\ncases: {007: x}")

    assert list(found.variants) == ["1", "2.10", "true", "null"]
    assert list(found.cases) == ["007"]


def test_environment_values_are_text_as_written(folder: Path) -> None:
    env = (
        experiment(folder, "variants: {a: {env: {A: 3.10, B: 0012, C: true, D: 'x', E: 0x10, F: False}}}")
        .variants["a"]
        .env
    )

    assert env == {"A": "3.10", "B": "0012", "C": "true", "D": "x", "E": "0x10", "F": "false"}


def test_aliases_and_merge_keys_work(folder: Path) -> None:
    found = experiment(
        folder,
        "variants:\n"
        "  a: &common {prompt: x, env: {A: 1}}\n"
        "  b: {<<: *common, prompt: y}\n"
        "  c: {<<: [{prompt: first}, *common]}\n"
        "  d: *common\n",
    )

    assert [variant.prompt for variant in found.variants.values()] == ["x", "y", "first", "x"]
    assert [variant.env for variant in found.variants.values()] == [{"A": "1"}] * 4


def test_the_experiment_is_named_after_its_file(folder: Path) -> None:
    assert experiment(folder, "variants: {a: x}", "Größe  (v2).spec.yml").experiment == "Groe-v2-.spec"
    assert experiment(folder, "variants: {a: x}", "日本.yaml").experiment == "experiment"


def test_a_list_of_variants_names_strategies(folder: Path) -> None:
    read_spec = folder / "spec.yaml"
    read_spec.write_text("variants:\n- simple\n- innovative\n")
    found = read(read_spec)

    assert {name: variant.prompt for name, variant in found.experiment.variants.items()} == {
        "simple": STRATEGIES["simple"],
        "innovative": STRATEGIES["innovative"],
    }
    assert found.lines == {"simple": 2, "innovative": 3}


def test_a_glob_of_cases_finds_files_in_natural_order(folder: Path) -> None:
    for name in ("plan-10.md", "plan-2.md", "Plan 3 (b).md", ".hidden.md", "folder.md/x"):
        (folder / "plans" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "plans" / name).touch()

    found = experiment(folder, 'variants: {a: x}\ncases: "plans/*.md"')

    assert {name: case.file for name, case in found.cases.items()} == {
        "Plan-3-b": "plans/Plan 3 (b).md",
        "plan-2": "plans/plan-2.md",
        "plan-10": "plans/plan-10.md",
    }


def test_a_glob_may_lead_out_of_the_folder(folder: Path) -> None:
    (folder / "specs").mkdir()

    assert experiment(folder / "specs", 'variants: {a: x}\ncases: "../stps/*.md"').cases["1"].file == "../stps/1.md"


def test_a_setup_of_a_variant_is_merged_where_both_are_mappings(folder: Path) -> None:
    found = experiment(
        folder,
        "setup: {steps: [a], verify: v}\n"
        "variants:\n"
        "  merged: {setup: {steps: [b]}}\n"
        "  replaced: {setup: [c]}\n"
        "  common: x\n",
    )

    verify = Command(command="v")
    assert found.setup_of("merged") == Setup(steps=(Command(command="b"),), verify=verify)
    assert found.setup_of("replaced") == Setup(steps=(Command(command="c"),))
    assert found.setup_of("common") == Setup(steps=(Command(command="a"),), verify=verify)


def test_runner_options_merge_where_the_runner_is_the_same(folder: Path) -> None:
    found = experiment(
        folder,
        "runner: {claude: {model: x, tools: [a], limits: {turns: 3, usd: 1}}}\n"
        "variants:\n"
        "  same: {runner: {claude: {tools: [b], limits: {turns: 9}}}}\n"
        "  other: {runner: {shell: ./x.sh}}\n"
        "  named: {runner: claude}\n",
    )

    assert found.runner_of("same").options == {"model": "x", "tools": ["b"], "limits": {"turns": 9, "usd": 1}}
    assert found.runner_of("other") == RunnerChoice(name="shell", options="./x.sh")
    assert found.runner_of("named") == found.runner


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("auto", Setup(auto=True)),
        ("make", Setup(steps=(Command(command="make"),))),
        (
            "[auto, make, {verify: check}]",
            Setup(auto=True, steps=(Command(command="make"),), verify=Command(command="check")),
        ),
        ("{command: make, timeout: 5}", Setup(steps=(Command(command="make", timeout=5),))),
    ],
)
def test_every_form_of_setup_is_understood(folder: Path, written: str, expected: Setup) -> None:
    assert experiment(folder, f"variants: {{a: x}}\nsetup: {written}").setup == expected


def test_parts_of_metrics_with_several_numbers_may_be_ranked(folder: Path) -> None:
    found = experiment(
        folder,
        "variants: {a: x}\n"
        "metrics: {suite: {junit: r.xml}, all.of: {json: a.json}, score: {python: m:f}}\n"
        "compare: {rank: [suite.pass_rate, all.of.it.all, score.speed, score]}\n",
    )

    assert found.compare.rank == ("suite.pass_rate", "all.of.it.all", "score.speed", "score")


def test_metrics_that_runners_hooks_or_tests_may_report_can_be_ranked(folder: Path) -> None:
    found = experiment(folder, "variants: {a: x}\nrunner: {shell: m}\ncompare: {rank: [quality, phase.setup_s]}")

    assert found.compare.rank == ("quality", "phase.setup_s")
    with pytest.raises(SpecError, match=r"no metric 'sucess_rate'.* did you mean `success_rate`"):
        experiment(folder, "variants: {a: x}\nrunner: {shell: m}\ncompare: {rank: sucess_rate}")


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("budget: {usd: 3, trial_usd: 1}", "3:9"),
        ("repeats: {min: 2, max: 4}", "3:10"),
        ("workspace: {kind: container}", "3:19"),
        ("instructions: notes.md", "3:15"),
    ],
)
def test_what_this_version_would_have_to_ignore_is_refused(folder: Path, asked: str, place: str) -> None:
    (folder / "notes.md").write_text("think")
    found = read_text(folder, f"variants: {{a: x}}\nrunner: none\n{asked}\n")

    with pytest.raises(SpecError) as caught:
        found.check_support({"none": Picky()})

    (fault,) = [fault for fault in caught.value.faults if "say" not in fault.message]
    assert str(fault).startswith(f"{folder / 'spec.yaml'}:{place}: `")


def test_an_experiment_survives_being_stored(folder: Path) -> None:
    found = experiment(folder, EVERYTHING)

    assert Experiment.model_validate_json(found.model_dump_json()) == found
    assert Experiment.model_validate(found.model_dump()) == found


def test_lines_are_those_of_the_variants(folder: Path) -> None:
    (folder / "spec.yaml").write_text(EVERYTHING, encoding="utf-8")

    assert read(folder / "spec.yaml").lines == {"functional": 9, "oop": 10, "branch-12": 14, "fixed": 15}


def test_others_can_say_faults_where_they_stand(folder: Path) -> None:
    file = folder / "spec.yaml"
    file.write_text(EVERYTHING, encoding="utf-8")

    assert str(fault_in(file, ("workspace", "root"), "no")) == f"{file}:28:9: no"
    assert str(read(file).fault(("workspace", "root"), "no")) == f"{file}:28:9: no"
    assert str(fault_in(folder / "gone.yaml", ("workspace", "root"), "no")) == f"{folder / 'gone.yaml'}:1:1: no"


class Picky:
    """A runner that wants to be asked nicely."""

    def faults(self, options: Any) -> list[str]:
        return [] if options == "please" else ["say please", "say it now"]

    def execute(self, task: Any) -> Any:
        raise AssertionError("nothing is run here")


def test_runners_are_asked_about_their_options_where_these_stand(folder: Path) -> None:
    file = folder / "spec.yaml"
    file.write_text(
        "runner: {picky: please}\nvariants:\n  a: x\n  b: {runner: {picky: now}}\n  c: {runner: {piky: please}}\n"
    )

    with pytest.raises(SpecError) as caught:
        read(file).check_support({"picky": Picky(), "none": Picky()})

    assert [str(fault).removeprefix(f"{file}:") for fault in caught.value.faults] == [
        "4:23: `runner.picky`: say it now",
        "4:23: `runner.picky`: say please",
        "5:15: there is no runner `piky`; known here: none, picky; did you mean `picky`?",
    ]


def test_runners_of_added_variants_are_asked_too(folder: Path) -> None:
    found = read_text(folder, "runner: {picky: please}\nvariants: {a: x}\n")
    data = found.experiment.model_dump()
    more = Experiment.model_validate({**data, "variants": {**data["variants"], "b": {"runner": {"picky": "no"}}}})

    found.check_support({"picky": Picky()})
    with pytest.raises(SpecError, match="say please"):
        found.check_support({"picky": Picky()}, more)


def read_text(folder: Path, text: str) -> Any:
    (folder / "spec.yaml").write_text(text)
    return read(folder / "spec.yaml")
