"""Several runs as one: which variants are the same, what the others are called, and what is said to differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.compare import Part, compare, history, join
from pytest_parex.endings import Cause
from pytest_parex.errors import ParexError
from pytest_parex.model import Base, Comparison, Experiment, Metric, Plan, Result, Trial

MONDAY, TUESDAY, EVENING = "20261116-090000-aaaa", "20261117-090000-bbbb", "20261117-210000-cccc"
OF_PLAN = ("grading", "bases", "rehearsal")


def part(
    run: str,
    scores: Mapping[str, Sequence[float | None]],
    *,
    cases: Sequence[str | None] = (None,),
    made_from: Mapping[str, str] | None = None,
    not_selected: Sequence[str] = (),
    **told: Any,
) -> Part:
    """A run whose variants have passed with these scores on every case; None is a trial without a result.

    `made_from`: variant or case → what its digest stands for; `told`: fields of the plan or of the experiment.
    """
    contents = made_from or {}
    trials, results = [], []
    for name, values in scores.items():
        for case in cases:
            for repeat, score in enumerate(values, 1):
                digest = [name, contents.get(name), case, contents.get(case or ""), repeat]
                trial = Trial(
                    id="--".join([name, *([case] if case else []), f"r{repeat}"]),
                    variant=name,
                    case=case,
                    repeat=repeat,
                    inputs=json.dumps(digest),
                )
                trials.append(trial)
                if score is not None:
                    metrics = {"score": Metric(value=score, better="higher")}
                    results.append(Result(trial=trial, attempt=1, cause=Cause.PASSED, metrics=metrics))
    settings = {
        "experiment": "limiter",
        "variants": dict.fromkeys(scores, "do it"),
        "cases": {case: {"text": case} for case in cases if case},
        "compare": {"rank": ["score"]},
        **{key: value for key, value in told.items() if key not in OF_PLAN},
    }
    plan = Plan(
        experiment=Experiment.model_validate(settings),
        run=run,
        created=f"{run[:4]}-{run[4:6]}-{run[6:8]}T{run[9:11]}:00:00+00:00",
        spec="/repo/limiter.yaml",
        directory=f"/repo/.parex/{settings['experiment']}/{run}",
        root="/repo.parex",
        trials=tuple(trials),
        **{"bases": {}, "grading": "checks", **{key: told[key] for key in OF_PLAN if key in told}},
    )
    return Part(plan, results, frozenset(not_selected), Path(plan.directory))


def base(commit: str, source: str = "") -> dict[str, Base]:
    return {source: Base(source=".", mirror="/m", commit=commit * 40, chosen="HEAD of main")}


def counted(comparison: Comparison) -> dict[str, int]:
    return {row.name: row.counted for row in comparison.variants}


def names(*parts: Part, baseline: int | None = None) -> list[str]:
    return list(join(parts, baseline).plan.experiment.variants)


def test_a_run_that_is_split_over_two_days_says_the_same_as_in_one() -> None:
    """Pooled trials are repeats: the same rows, differences, verdict and p-values as if nobody had gone home."""
    whole = part(MONDAY, {"v1": [1, 2, 3, 4], "v2": [5, 6, 7, 8]}, cases=["a", "b"])
    first = part(MONDAY, {"v1": [1, 2], "v2": [5, 6]}, cases=["a", "b"])
    second = part(TUESDAY, {"v1": [3, 4], "v2": [7, 8]}, cases=["a", "b"])

    once = compare(whole.plan, whole.results)
    joined = join([first, second]).compared()

    assert joined.verdict == "winner"
    for field in ("verdict", "winner", "question", "reasons", "variants", "differences", "settling", "front"):
        assert getattr(joined, field) == getattr(once, field), field


def test_pooled_trials_keep_their_run_in_the_id_and_are_counted_on_as_repeats_of_their_case() -> None:
    joined = join([part(MONDAY, {"v1": [1, 2]}, cases=["a", "b"]), part(TUESDAY, {"v1": [3]}, cases=["a", "b"])])

    assert [(trial.id, trial.case, trial.repeat) for trial in joined.plan.trials] == [
        ("v1--a--r1 @ 20261116", "a", 1),
        ("v1--a--r2 @ 20261116", "a", 2),
        ("v1--b--r1 @ 20261116", "b", 1),
        ("v1--b--r2 @ 20261116", "b", 2),
        ("v1--a--r1 @ 20261117", "a", 3),
        ("v1--b--r1 @ 20261117", "b", 3),
    ]
    assert joined.plan.joined["v1--b--r1 @ 20261117"] == f"{TUESDAY}/trials/v1--b--r1"
    assert joined.warnings == ()


def test_only_the_variants_that_differ_are_told_apart() -> None:
    first = part(MONDAY, {"v1": [1], "v2": [2]})
    second = part(TUESDAY, {"v1": [3], "v2": [4]}, made_from={"v2": "another prompt"})

    assert counted(join([first, second]).compared()) == {"v1": 2, "v2 @ 20261116": 1, "v2 @ 20261117": 1}


def test_equal_runs_are_pooled_beside_one_that_differs() -> None:
    runs = [part(run, {"v1": [1]}) for run in (MONDAY, EVENING)]
    other = part(TUESDAY, {"v1": [1]}, made_from={"v1": "another prompt"})

    assert names(runs[0], other, runs[1]) == ["v1 @ 20261116-090000 + 20261117-210000", "v1 @ 20261117-090000"]


def test_a_row_of_many_runs_is_called_by_the_first_of_them() -> None:
    runs = [part(f"2026111{day}-090000-aaaa", {"v1": [1]}) for day in range(1, 5)]
    other = part(TUESDAY, {"v1": [1]}, made_from={"v1": "another prompt"})

    assert names(*runs, other) == ["v1 @ 4 runs from 20261111", "v1 @ 20261117"]


def test_a_variant_graded_otherwise_is_told_apart() -> None:
    assert names(part(MONDAY, {"v1": [1]}), part(TUESDAY, {"v1": [1]}, grading="more")) == [
        "v1 @ 20261116",
        "v1 @ 20261117",
    ]


def test_without_a_trial_in_common_nothing_shows_that_a_variant_is_the_same() -> None:
    joined = join([part(MONDAY, {"v1": [1]}, cases=["a"]), part(TUESDAY, {"v1": [1]}, cases=["b"])])

    assert list(joined.plan.experiment.variants) == ["v1 @ 20261116", "v1 @ 20261117"]
    assert joined.warnings[0] == (
        "`v1` is told apart by run: the runs have no trial in common that could show that it is the same."
    )


def test_trials_of_unknown_inputs_are_never_taken_for_the_same() -> None:
    """A plan without digests says nothing about what its trials were made from."""
    parts = [part(MONDAY, {"v1": [1]}), part(TUESDAY, {"v1": [1]})]
    for place, each in enumerate(parts):
        unknown = tuple(trial.model_copy(update={"inputs": ""}) for trial in each.plan.trials)
        parts[place] = Part(each.plan.model_copy(update={"trials": unknown}), each.results, directory=each.directory)

    assert len(names(*parts)) == 2


def test_the_baseline_run_is_never_pooled() -> None:
    runs = [part(run, {"v1": [1]}) for run in (MONDAY, TUESDAY, EVENING)]

    assert names(*runs) == ["v1"]
    assert names(*runs, baseline=1) == ["v1 @ 20261116-090000 + 20261117-210000", "v1 @ 20261117-090000"]
    assert join(runs, 1).warnings[0] == "`v1` is told apart by run: one of the runs is the baseline."


def test_a_variant_takes_part_only_in_the_runs_that_were_asked_for_it() -> None:
    """One version a day, from one spec: nothing of the versions that were left out that day is shown."""
    first = part(MONDAY, {"v1": [1], "v2": [None]}, not_selected=["v2--r1"])
    second = part(TUESDAY, {"v1": [None], "v2": [2]}, not_selected=["v1--r1"], made_from={"v1": "another prompt"})

    assert counted(join([first, second]).compared()) == {"v2": 1, "v1": 1}


def test_a_trial_that_was_not_selected_stays_so() -> None:
    joined = join(
        [part(MONDAY, {"v1": [1, None]}, not_selected=["v1--r2"]), part(TUESDAY, {"v1": [2, None]})]
    ).compared()

    assert [trial.outcome for trial in joined.trials] == ["passed", "not selected", "passed", "missing"]


@pytest.mark.parametrize(
    ("runs", "called"),
    [
        ([MONDAY, TUESDAY], ["20261116", "20261117"]),
        ([TUESDAY, EVENING], ["20261117-090000", "20261117-210000"]),
        ([MONDAY, "20261116-090000-aaab"], ["20261116-090000-aaaa", "20261116-090000-aaab"]),
    ],
)
def test_runs_are_called_by_as_much_of_their_id_as_tells_them_apart(runs: list[str], called: list[str]) -> None:
    parts = [part(run, {"v1": [1]}, made_from={"v1": run}) for run in runs]

    assert names(*parts) == [f"v1 @ {name}" for name in called]


def test_runs_of_different_experiments_are_called_by_both_names() -> None:
    parts = [part(MONDAY, {"v1": [1]}), part(MONDAY, {"v1": [1]}, experiment="other", made_from={"v1": "other"})]

    joined = join(parts)

    assert list(joined.plan.experiment.variants) == ["v1 @ limiter@20261116", "v1 @ other@20261116"]
    assert joined.compared().experiment == "limiter + other"
    assert joined.plan.joined["v1--r1 @ other@20261116"] == f"other/{MONDAY}/trials/v1--r1"


def test_a_run_that_is_given_twice_is_refused() -> None:
    with pytest.raises(ParexError, match=f"^{MONDAY} is given twice: its trials would count twice$"):
        join([part(TUESDAY, {"v1": [1]}), part(MONDAY, {"v1": [1]}), part(MONDAY, {"v1": [1]})])


def test_a_variant_is_compared_with_itself_first_the_later_run_minus_the_baseline() -> None:
    first = part(MONDAY, {"v1": [1, 1.5, 2, 2.5], "v2": [2, 3, 4, 5]})
    second = part(TUESDAY, {"v1": [0.1, 0.2, 0.3, 0.4], "v2": [6, 7, 8, 9]}, grading="others")

    found = join([first, second]).compared().differences

    assert [(each.a, each.b) for each in found[:2]] == [
        ("v1 @ 20261117", "v1 @ 20261116"),
        ("v2 @ 20261117", "v2 @ 20261116"),
    ]
    assert [each.value for each in found[:2]] == [-1.5, 4.0]
    assert all(each.p is not None and each.p_adjusted is not None for each in found)
    pairs = [(each.metric, frozenset((each.a, each.b))) for each in found]
    assert len(pairs) == len(set(pairs)) == 6


def test_the_other_runs_are_compared_with_the_chosen_baseline() -> None:
    parts = [part(run, {"v1": [score]}, grading=run) for run, score in ((MONDAY, 1), (TUESDAY, 2), (EVENING, 4))]

    found = join(parts, 1).compared().differences

    assert [(each.a, each.b, each.value) for each in found[:2]] == [
        ("v1 @ 20261116-090000", "v1 @ 20261117-090000", -1.0),
        ("v1 @ 20261117-210000", "v1 @ 20261117-090000", 2.0),
    ]


def test_the_baseline_variant_of_the_spec_is_taken_from_the_baseline_run() -> None:
    spec = {"rank": ["score"], "baseline": "v1"}
    parts = [part(run, {"v1": [1], "v2": [2]}, grading=run, compare=spec) for run in (MONDAY, TUESDAY)]

    assert join(parts).plan.experiment.compare.baseline == "v1 @ 20261116"
    assert join(parts, 1).plan.experiment.compare.baseline == "v1 @ 20261117"


def test_the_newest_spec_says_how_to_rank_wherever_it_stands() -> None:
    newest = part(TUESDAY, {"v1": [1]}, compare={"rank": ["success_rate"]})
    joined = join([newest, part(MONDAY, {"v1": [1]})])

    assert joined.compared().rank == ("success_rate",)
    assert joined.warnings == (
        "The runs rank by different criteria or margins; those of 20261117, the newest, are used.",
    )


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"bases": base("d")}, "the base"),
        ({"variants": {"v1": "do it well"}}, "the prompt"),
        ({"variants": {"v1": {"prompt": "do it", "env": {"A": "1"}}}}, "the environment"),
        ({"env": {"A": "1"}}, "the environment"),
        ({"runner": {"shell": "true"}}, "the runner"),
        ({"setup": ["true"]}, "the setup"),
        ({"timeout": 5}, "the time limit"),
        ({"task": "Another job"}, "the task"),
        ({"instructions": ["other.md"]}, "the instructions"),
        ({"workspace": {"kind": "copy"}}, "the workspace"),
        ({"rehearsal": "/repo/script.yaml"}, "the rehearsal"),
        ({"workspace": {"keep": "none"}}, "the contents of a file that the spec names"),
        ({}, "the contents of a file that the spec names"),
    ],
)
def test_it_is_said_what_a_variant_was_not_made_from_alike(told: dict[str, Any], named: str) -> None:
    parts = [part(MONDAY, {"v1": [1]}, bases=base("b")), part(TUESDAY, {"v1": [1]}, made_from={"v1": "o"}, **told)]
    if "bases" not in told:
        parts[1] = Part(parts[1].plan.model_copy(update={"bases": base("b")}), parts[1].results)

    warnings = join([Part(each.plan, each.results, directory=Path(each.plan.directory)) for each in parts]).warnings

    assert warnings[0] == f"`v1` is told apart by run: there are differences in {named}."


def test_it_is_said_that_variants_were_not_run_side_by_side() -> None:
    joined = join([part(MONDAY, {"v1": [1]}), part(TUESDAY, {"v2": [1]})])

    assert len(joined.warnings) == 1
    assert joined.warnings[0].startswith("Not all variants were run side by side")


def test_bases_are_named_with_their_runs_and_stand_among_the_settings() -> None:
    joined = join([part(MONDAY, {"v1": [1]}, bases=base("b")), part(TUESDAY, {"v2": [2]}, bases=base("d"))])

    assert (
        "The base differs: `bbbbbbbbbb` in 20261116, `dddddddddd` in 20261117. A difference between the runs may come "
        "from there."
    ) in joined.warnings
    assert joined.compared().settings["base"] == {
        "v1": "bbbbbbbbbbbb (HEAD of main)",
        "v2": "dddddddddddd (HEAD of main)",
    }
    assert set(joined.plan.bases) == {"the experiment in 20261116", "the experiment in 20261117"}


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ({"checks": {"t": "pytest"}}, {"checks": {"t": "pytest -q"}}, "check `t`"),
        ({"checks": {"t": "pytest"}}, {}, "check `t` is only in 20261116"),
        ({}, {"metrics": {"m": {"junit": "a.xml"}}}, "metric `m` is only in 20261117"),
        ({"metrics": {"m": {"junit": "a.xml"}}}, {"metrics": {"m": {"junit": "b.xml"}}}, "metric `m`"),
        ({"protect": ["tests/**"]}, {}, "protect"),
        ({"holdout": "one"}, {"holdout": "two"}, "holdout"),
        ({"holdout": "one"}, {"holdout": "one"}, "the contents of the holdout"),
    ],
)
def test_it_is_named_what_is_graded_otherwise(before: dict[str, Any], after: dict[str, Any], named: str) -> None:
    joined = join([part(MONDAY, {"v1": [1]}, **before), part(TUESDAY, {"v1": [1]}, grading="others", **after)])

    assert f"The grading differs: {named}. What passes in one run might not in another." in joined.warnings


def test_a_case_with_other_contents_is_named() -> None:
    """Its file may be called the same: the digests of its trials differ, while those of other cases do not."""
    first = part(MONDAY, {"v1": [1]}, cases=["a", "b"])
    second = part(TUESDAY, {"v1": [1]}, cases=["a", "b"], made_from={"b": "another file"})

    (said,) = (warning for warning in join([first, second]).warnings if "Not the same case" in warning)

    assert said.startswith("Not the same case in all runs, and yet compared by name: `b`.")


def test_a_rehearsal_beside_a_real_run_is_named() -> None:
    parts = [part(MONDAY, {"v1": [1]}), part(TUESDAY, {"v2": [1]}, rehearsal="/repo/script.yaml")]

    joined = join(parts)

    assert "In 20261117 agents played a script; that tells nothing about a real model." in joined.warnings
    assert joined.plan.rehearsal is None


def test_warnings_stand_behind_the_first_reason_with_evidence_for_each() -> None:
    joined = join([part(MONDAY, {"v1": [1]}), part(TUESDAY, {"v2": [2]})])

    found = joined.compared()

    assert found.reasons[1 : 1 + len(joined.warnings)] == joined.warnings
    assert len(found.evidence) == len(found.reasons)


def test_settings_of_the_whole_experiment_are_shown_for_the_variants_of_each_run() -> None:
    first = part(MONDAY, {"v1": [1]}, env={"EFFORT": "low"}, runner={"shell": "./solve"}, timeout=60)
    second = part(TUESDAY, {"v2": [1]}, env={"EFFORT": "high"}, runner={"shell": "./solve"}, timeout=60)

    assert join([first, second]).compared().settings == {"env.EFFORT": {"v1": "low", "v2": "high"}}


def test_history_says_what_changed_since_the_variants_run_before() -> None:
    """A run that did not ask for the variant is left out, and the one before it is what counts."""
    found = history(
        [
            part(MONDAY, {"v1": [1, 3]}),
            part(TUESDAY, {"v1": [None], "v2": [4]}, not_selected=["v1--r1"], made_from={"v1": "meanwhile"}),
            part(EVENING, {"v1": [5, None], "v2": [6]}, grading="others"),
        ]
    )

    first, second = found.variants
    assert [(row.run, row.metrics["score"].mean, row.missing, row.changed) for row in first.runs] == [
        (MONDAY, 2.0, 0, ()),
        (EVENING, 5.0, 1, ("grading",)),
    ]
    assert [(row.run, row.success_rate, row.changed) for row in second.runs] == [
        (TUESDAY, 1.0, ()),
        (EVENING, 1.0, ("grading",)),
    ]
