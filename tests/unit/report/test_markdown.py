from __future__ import annotations

import re

from pytest_parex import report
from pytest_parex.endings import Cause
from pytest_parex.model import FileChange

GOLDEN = """\
# limiter: `oop` leads, but that is not established

Which style is best?

- `oop` leads `functional`, the next, in `success_rate`: 100 % (1 of 1 passed) against 50 % (1 of 2 passed).
- No difference is established: with 1 to 2 repeats no p-value can be below 0.67.
- Before any test can tell, it takes 4 repeats of each variant on this job, or 6 cases. More repeats would show \
whether it holds on this job, more cases whether it holds beyond.
- If differences are as large as they look, `success_rate` against `functional` would be settled by 16 to 30 more \
repeats on this job (in half to nine tenths of simulated experiments).
- Missing trials speak neither for nor against a variant: `oop` 1 of 2 (rate limited 1).
- Flaky, passed and failed on the same case: `functional` (1 of 2 passed).
- Marked contaminated, because something outside the workspace changed meanwhile: `functional` (1 trial, counted \
like the others).

## Variants

| variant | passed | trials | missing | time ↓ |
| --- | --- | --- | ---: | ---: |
| **`oop`** | 1/1 (100 %) | ✓– | 1 | 4 ms |
| `functional` | 1/2 (50 %, 3 % to 97 %) | ✓✗ | 0 | 2 ms (1 of 2) |

Means over counted trials, with 95 % intervals where they can be given. ↑ higher is better, ↓ lower is better.

`time` (lower is better)

```text
oop         │                                        •│  4 ms
functional  │                    •                    │  2 ms
             0 ms                                 4 ms
```

## Checks

| variant | tests |
| --- | --- |
| **`oop`** | 1/1 |
| `functional` | 1/2 |

Trials in which the check passed, of the counted trials in which it ran.

## Configuration differences

| setting | oop | functional |
| --- | --- | --- |
| `prompt` | Use classes \\| SOLID. | Use functions. |

## Trials

| trial | outcome | cause | checks | time | contaminated | message |
| --- | --- | --- | ---: | ---: | --- | --- |
| `oop` | passed |   | 1/1 | 4 ms |   |   |
| `oop--r2` | missing | rate limited | – | – |   | 429, try later |
| `functional` | passed |   | 1/1 | 2 ms | yes |   |
| `functional--r2` | failed | check failed | 0/1 | – |   | tests failed: exit code 1 |

## Metrics

| metric | oop | functional |
| --- | ---: | ---: |
| `time ↓` | 4 ms | 2 ms (1 of 2) |

Means over counted trials, with 95 % intervals where they can be given. ↑ higher is better, ↓ lower is better. 95 % \
intervals are withheld for success_rate (one trial tells next to nothing about a rate); time (fewer than 5 cases, or \
5 trials on a single one); time (1 trial failed without a number).

## Differences

| metric | of | minus | difference | 95 % interval | p | pairs | what this speaks of, and how it is known |
| --- | --- | --- | ---: | ---: | ---: | ---: | --- |
| `success_rate` | `oop` | `functional` | +50 points | withheld | – | 1 | with 1 to 2 repeats no p-value can be \
below 0.67 |
| `time` | `oop` | `functional` | +2 ms | withheld | – | 1 | with 1 to 2 repeats no p-value can be below 0.67 |

Averaged over pairs: the cases and matrix points that both variants have. p: how often chance alone gives a \
difference at least as large; corrected for all pairs in the table by Holm. Better: chance that a trial of the first \
variant is better than one of the second.

## Repeats

| variant | pass@<!-- -->1 | pass@<!-- -->2 | pass^2 | flaky cases |
| --- | ---: | ---: | ---: | ---: |
| `functional` | 50 % | 100 % | 0 % | 1 |

pass@<!-- -->k: at least one of k repeats passes; pass^k: all of them do. Flaky: passed and failed on the same case.

## Pareto front

| variant | on the front | passed | time ↓ | beaten in all by |
| --- | --- | --- | ---: | --- |
| `oop` | yes | 1/1 (100 %) | 4 ms |   |
| `functional` | no | 1/2 (50 %, 3 % to 97 %) | 2 ms (1 of 2) | `oop` |

On the front: no other variant is at least as good in all of these metrics and better in one. Means are taken as \
they are; chance is not considered.

## Failures: check failed (1 trial)

A required check failed on the captured work; counted.

`functional--r2`: `tests failed: exit code 1`

```text
E   assert 1 == 2
```

From `trials/functional--r2/attempt-1/checks/tests.log`

## Failures: rate limited (1 trial)

The provider limited the rate of requests; not counted, so these trials are missing.

`oop--r2`: `429, try later`

## Changes

| variant | files | lines added | lines removed | paths | protected paths, restored before grading |
| --- | ---: | ---: | ---: | --- | --- |
| **`oop`** | 0 | +0 | -0 |   |   |
| `functional` | 0.5 | +1.5 | -0.5 | a.py (1×) | tests/x.py (1×) |

Means per trial.

## Missing trials

| trial | cause | message |
| --- | --- | --- |
| `oop--r2` | rate limited | 429, try later |

Missing trials are no zeros: they speak neither for nor against their variant.

## Contaminated trials

| trial | what changed outside the workspace |
| --- | --- |
| `functional` | HEAD moved |

## How to reproduce

- the whole experiment again: `pytest --parex exp/limiter.yaml`
- what is missing, into this run: `pytest --parex exp/limiter.yaml --parex-run limiter@20261120-184210-3fa2`
- run: `20261120-184210-3fa2`
- created: `2026-11-20 18:42:10 UTC`
- spec: `exp/limiter.yaml`
- base: `bbbbbbbbbbbb (HEAD of main) of .`
- stored in: `STORED`
- processes held by: `pid namespace`

## Cost

*Added by a plugin or conftest.py; not measured by parex.*

| a | b |
| - | - |
| 1 | 2 |
"""


def markdown(told, **sections):
    return report.markdown(told.plan, told.comparison, told.results, sections=sections)


def test_a_small_comparison_reads_like_this(story):
    told = story(
        description="Which style is best?",
        variants={"oop": "Use classes | SOLID.", "functional": "Use functions."},
        compare={"rank": ["success_rate", "time"]},
        metrics={"time": {"command": "x", "unit": "ms", "better": "lower"}},
        checks={"tests": "pytest"},
    )
    told.ended("oop", metrics={"time": 4.0}, checks={"tests": True}, containment="pid namespace")
    told.ended("oop", Cause.RATE_LIMITED, "429, try later", repeat=2)
    told.ended(
        "functional",
        metrics={"time": 2.0},
        checks={"tests": True},
        contaminated=("HEAD moved",),
        protected=("tests/x.py",),
        changed=[FileChange(path="a.py", status="modified", lines_added=3, lines_removed=1)],
    )
    told.ended(
        "functional",
        Cause.CHECK_FAILED,
        "tests failed: exit code 1",
        repeat=2,
        checks={"tests": False},
        files={"checks/tests.log": "\x1b[31mE   assert 1 == 2\x1b[0m\n"},
    )

    written = markdown(told, Cost="| a | b |\n| - | - |\n| 1 | 2 |")

    assert written == GOLDEN.replace("STORED", str(told.directory))


def test_hostile_names_messages_and_logs_stay_text(story):
    evil = "</details>\n# big `x` | <script>alert(1)</script> @team [a](b) ```"
    told = story(variants={"evil|`<b>": "x", "b": "y"}, description=evil)
    told.ended(
        "evil|`<b>",
        Cause.CHECK_FAILED,
        evil,
        checks={"a|b<": False},
        files={"checks/a|b<.log": f"Error\n````\n{evil}\n"},
    )
    told.ended("b")

    written = markdown(told)

    outside = re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", written)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    assert "<script" not in outside
    assert "</details>" not in outside.replace("\n\n</details>", "")
    assert "@team" not in outside
    assert [line for line in outside.splitlines() if line.startswith("# big")] == []
    for table in re.findall(r"(?m)(?:^\|.*\|$\n?)+", outside):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def test_a_comparison_of_many_trials_fits_a_comment_and_says_what_is_left_out(story):
    told = story(checks={"tests": "pytest"})
    for variant in range(10):
        for case in range(50):
            told.ended(
                f"variant-{variant}",
                Cause.CHECK_FAILED if case % 3 else Cause.PASSED,
                f"tests failed for reason {variant} {case} " + "x" * 300,
                case=f"case-{case}",
                checks={"tests": bool(case % 3 == 0)},
                metrics={f"metric-{number}": float(number) for number in range(20)},
                files={"checks/tests.log": "Error: something\n" * 20} if case < 5 else {},
            )

    written = markdown(told)

    assert 55_000 < len(written) <= 65_000
    assert "left out to fit" in written
    assert written.count("<details>") == written.count("</details>")
    assert written.startswith("# limiter")
    assert "## How to reproduce" in written


def test_a_section_that_was_added_cannot_push_the_rest_out(story):
    told = story()
    told.ended("a")

    written = markdown(told, Huge="y" * 100_000)

    assert len(written) <= 65_000
    assert "yyyy" not in written
    assert "*1 entry left out to fit.*" in written
