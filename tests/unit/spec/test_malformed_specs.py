"""Every fault of a spec file is said with its place, what was found and what is allowed. One table."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pytest_parex.errors import SpecError
from pytest_parex.spec import load

FAULTS: list[tuple[str, str, list[str]]] = [
    # the writing itself
    ("", "1:1", ["empty"]),
    ("# only a comment\n", "1:1", ["empty"]),
    ("- a\n- b\n", "1:1", ["found a list", "a mapping"]),
    ("just text\n", "1:1", ["found a single value", "a mapping"]),
    ("variants:\n\ta: x\n", "2:1", ["not valid YAML", "spaces, not with tabs"]),
    ("variants: {a: x\n", "2:1", ["not valid YAML"]),
    ("variants: {a: x}\ntask: Fix: this\n", "2:10", ["not valid YAML", "needs quotes"]),
    ("variants: {a: 'x}\n", "2:1", ["not valid YAML", "not closed"]),
    ("variants: {a: x}\n---\nvariants: {b: y}\n", "2:1", ["one document"]),
    ("variants: {a: *gone}\n", "1:15", ["undefined alias"]),
    ("variants: {a: x, b: y, a: z}\n", "1:24", ["`a` is given twice", "line 1"]),
    ("variants: {a: !python/name:os.system x}\n", "1:15", ["tag", "no meaning"]),
    ("variants: {a: x}\nrepeats: !!int three\n", "2:10", ["no whole number"]),
    ('variants: {a: "\\0"}\n', "1:15", ["NUL"]),
    ('variants: {a: "\\ud800"}\n', "1:15", ["surrogate"]),
    ("variants: {a: x}\nmetrics: {m: {command: a, at_least: .nan}}\n", "2:37", ["finite number"]),
    ("variants: {a: x}\nretries: " + "9" * 5000, "2:10", ["too many digits"]),
    ("variants: {? [a] : x}\n", "1:14", ["a key is text"]),
    ("variants: &all {a: *all}\n", "1:11", ["contains itself"]),
    ("<<: text\nvariants: {a: x}\n", "1:5", ["`<<` merges a mapping"]),
    ("[" * 100 + "]" * 100, "1:65", ["nested more than 64 levels"]),
    # keys
    ("varients: {a: x}\nvariants: {a: x}\n", "1:1", ["unknown key `varients`", "did you mean `variants`?"]),
    ("variants: {a: x}\nworkspace: {knd: clone}\n", "2:13", ["`workspace`", "unknown key `knd`", "`kind`?"]),
    ("variants: {a: {promt: x}}\n", "1:16", ["`variants.a`", "`prompt`?"]),
    ("variants: {a: x}\nmetrics: {m: {jsn: f}}\n", "2:15", ["`metrics.m`", "`json`?"]),
    ("variants: {a: x}\ngates: [{metric: cost_usd, atleast: 1, at_most: 2}]\n", "2:28", ["`at_least`?"]),
    ("task: nothing else\n", "1:1", ["`variants` is missing"]),
    ("variants: {a: x}\ngates: [{at_least: 1}]\n", "2:9", ["`gates[0]`", "`metric` is missing"]),
    # values
    ("variants: {}\n", "1:11", ["at least one entry"]),
    ("variants: {a: 5}\n", "1:15", ["found 5", "a prompt, or a mapping"]),
    ("variants: text\n", "1:11", ["found 'text'", "names with their entries"]),
    ("variants: [simple, clever]\n", "1:20", ["found 'clever'", "simple, performance, extensible, innovative"]),
    ("variants: [simple, simple]\n", "1:20", ["twice"]),
    ("variants: [{path: a}]\n", "1:12", ["found a mapping", "built-in strategies"]),
    ("variants: {a: x}\ndirty: snapshots\n", "2:8", ["'snapshots'", "snapshot, head, error", "`snapshot`?"]),
    ("variants: {a: x}\ntimeout: soon\n", "2:10", ["found 'soon'", '"30m"']),
    ("variants: {a: x}\ntimeout: -5\n", "2:10", ["found -5", "more than zero"]),
    ("variants: {a: x}\ntimeout: true\n", "2:10", ["found true", "seconds"]),
    ("variants: {a: {timeout: 5 minutes}}\n", "1:25", ["`variants.a.timeout`"]),
    ("variants: {a: x}\nrepeats: 0\n", "2:10", ["found 0", "1 or more"]),
    ("variants: {a: x}\nrepeats: {min: 3, max: 2}\n", "2:10", ["`max` must not be below `min`"]),
    ('variants: {a: x}\nretries: "3"\n', "2:10", ["found '3'", "a whole number"]),
    ("variants: {a: x}\nretries: 21\n", "2:10", ["found 21", "20 or less"]),
    ("variants: {a: x}\nmax_parallel: 1.5\n", "2:15", ["found 1.5", "a whole number"]),
    ("variants: {a: x}\nmax_parallel: true\n", "2:15", ["found true", "a whole number"]),
    ("variants: {a: x}\nworkspace: {submodules: on}\n", "2:25", ["found 'on'", "true, false"]),
    ("variants: {a: x}\ndescription: 3.10\n", "2:14", ["text; put it in quotes"]),
    ("variants: {a: x}\nchecks:\n  t:\n", "3:5", ["`checks.t`", "found nothing", "a command, or a mapping"]),
    ("variants: {a: x}\nchecks: {t: {command: a, python: b:c}}\n", "2:13", ["exactly one of"]),
    ("variants: {a: x}\nchecks: {t: {python: b.c}}\n", "2:22", ["`module:function`"]),
    ("variants: {a: x}\nmetrics: {m: {unit: ms}}\n", "2:14", ["exactly one of", "found none"]),
    ("variants: {a: x}\nmetrics: {m: {file: f}}\n", "2:14", ["needs a `pattern`"]),
    ("variants: {a: x}\nmetrics: {m: {command: f, pattern: 'x'}}\n", "2:36", ["needs a group"]),
    ("variants: {a: x}\nmetrics: {m: {command: f, pattern: '('}}\n", "2:36", ["not a regular expression"]),
    ("variants: {a: x}\nmetrics: {m: {command: f, at_least: 3, at_most: 2}}\n", "2:14", ["above `at_most`"]),
    ("variants: {a: x}\nmetrics: {success_rate: {command: f}}\n", "2:11", ["parex measures"]),
    ("variants: {a: x}\nbudget: {usd: 3}\n", "2:9", ["`usd` needs `trial_usd`"]),
    ("variants: {a: x}\nbudget: {usd: 3, trial_usd: 4}\n", "2:9", ["no trial could start"]),
    ("variants: {a: x}\nbudget: {trial_usd: 0}\n", "2:21", ["more than 0"]),
    ("variants: {a: x}\nsetup: [auto, uv sync, {command: 5}]\n", "2:34", ["`setup[2].command`", "found 5"]),
    ("variants: {a: x}\nsetup: [{verify: a}, {verify: b}]\n", "2:8", ["`verify` comes once"]),
    ("variants: {a: x}\nsetup: [a, {verify: {timeout: 3}}]\n", "2:21", ["`command` is missing"]),
    ("variants: {a: x}\nrunner: {shell: a, python: b:c}\n", "2:9", ["a mapping with one key"]),
    ("variants: {a: x}\nrunner: {python: run}\n", "2:18", ["`module:function`"]),
    ("variants: {a: x}\nprotect: [3]\n", "2:11", ["`protect[0]`", "found 3"]),
    ("variants: {a: {env: {A: }}}\n", "1:24", ["`variants.a.env.A`", "found nothing"]),
    ("variants: {a: x}\ngates: {metric: m}\n", "2:8", ["a list of mappings"]),
    ("variants: {a: x}\ngates: [{metric: cost_usd}]\n", "2:9", ["needs `at_least` or `at_most`"]),
    ("variants: {a: x}\ngates: [{metric: cost_usd, at_most: 1, relative: true}]\n", "2:9", ["percent of what?"]),
    ("variants: {a: x}\ngates: [{metric: cost_usd, at_most: 1, confidence: 0.9}]\n", "2:9", ["write 0.95"]),
    ("variants: {a: x}\ngates: [{metric: cost_usd, at_most: 1, tolerance: -1}]\n", "2:51", ["0 or more"]),
    ("variants: {a: x}\ngates: [{metric: cost_usd, at_most: 1, baseline: 1}]\n", "2:50", ["true, false"]),
    (
        "variants: {a: x, b: y}\ngates: [{metric: cost_usd, at_most: 1, vs: a, baseline: true}]\n",
        "2:9",
        ["a gate for each"],
    ),
    (
        "variants: {a: x}\ngates: [{metric: success_rate, at_least: 1, baseline: true, relative: true}]\n",
        "2:9",
        ["a share already"],
    ),
    (
        "variants: {a: x}\ngates: [{metric: cost_usd, at_most: 1, baseline: true, relative: true, confidence: 0.95}]\n",
        "2:9",
        ["leave `relative` or `confidence` out"],
    ),
    # names
    ("experiment: a--b\nvariants: {a: x}\n", "1:13", ["'--' is reserved"]),
    ("experiment: sources\nvariants: {a: x}\n", "1:13", ["`sources` is reserved"]),
    ("variants: {a b: x}\n", "1:12", ["'a b'", "letters, digits"]),
    ("variants: {../a: x}\n", "1:12", ["'../a'", "letters, digits"]),
    ("variants: {a: x, b: y, A: z}\n", "1:24", ["differ only by case"]),
    ("variants: {a: x}\ncases: {one--two: x}\n", "2:9", ["'--' is reserved"]),
    (f"variants: {{{'a' * 101}: x}}\n", "1:12", ["at most 100 characters"]),
    ("variants: {a: x}\nchecks: {-v: x}\n", "2:10", ["beginning with a letter or digit"]),
    ("variants: {a: x}\nworkspace: {ports: [WEB-PORT]}\n", "2:21", ["`workspace.ports[0]`", "environment variable"]),
    ("variants: {a: x}\nworkspace: {ports: [A, A]}\n", "2:24", ["twice"]),
    ("variants: {a: {env: {A B: c}}}\n", "1:22", ["'A B'", "environment variable"]),
    # contradictions
    ("variants: {a: x}\ntask: x\ntask_file: job.md\n", "3:1", ["`task` and `task_file`"]),
    ("variants: {a: {ref: b, patch: fix.patch}}\n", "1:24", ["`ref` and `patch`"]),
    ("variants: {a: {ref: --upload-pack=x}}\n", "1:21", ["a commit, branch or tag"]),
    ("variants: {a: x}\ncases: {c: {file: job.md, text: x}}\n", "2:27", ["`file` and `text`"]),
    ("variants: {a: x}\nfail_on: gates\n", "2:10", ["no `gates`"]),
    # files
    ("variants: {a: x}\ntask_file: jop.md\n", "2:12", ["no file 'jop.md'", "`job.md`?"]),
    ("variants: {a: x}\ntask_file: plans\n", "2:12", ["'plans' is a folder", "a file"]),
    ("variants: {a: x}\ninstructions: [job.md, gone.md]\n", "2:24", ["`instructions[1]`", "'gone.md'"]),
    ("variants: {a: {files: {.claude: gone/}}}\n", "1:33", ["'gone/'"]),
    ("variants: {a: {files: {../x: plans}}}\n", "1:24", ["'../x'", "without '..'"]),
    ("variants: {a: {files: {.git/hooks: plans}}}\n", "1:24", ["`.git` is not to be laid over"]),
    ("variants: {a: {patch: gone.patch}}\n", "1:23", ["'gone.patch'"]),
    ("variants: {a: {source: ../gone}}\n", "1:24", ["no repository or folder '../gone'"]),
    ("variants: {a: x}\nholdout: gone\n", "2:10", ["'gone'"]),
    ("variants: {a: x}\nprotect: [/etc/**]\n", "2:11", ["'/etc/**'", "relative"]),
    ("variants: {a: x}\nartifacts: ../x\n", "2:12", ["'../x'"]),
    ("variants: {a: x}\nmetrics: {m: {json: /tmp/x.json}}\n", "2:21", ["'/tmp/x.json'", "relative"]),
    ("variants: {a: x}\ncases: {c: {file: gone.md}}\n", "2:19", ["'gone.md'"]),
    ('variants: {a: x}\ncases: "plans/*.txt"\n', "2:8", ["no file beside the spec matches"]),
    ('variants: {a: x}\ncases: "/plans/*.md"\n', "2:8", ["relative"]),
    ('variants: {a: x}\ncases: "twins/**/*.md"\n', "2:8", ["both be called `one`"]),
    # matrix
    ("variants: {a: x}\nmatrix: {model: sonnet}\n", "2:17", ["found 'sonnet'", "a list of values"]),
    ("variants: {a: x}\nmatrix: {model: []}\n", "2:17", ["at least one entry"]),
    ("variants: {a: x}\nmatrix: {model: [{a: b}]}\n", "2:18", ["found a mapping", "text, a number, true or false"]),
    ("variants: {a: x}\nmatrix: {model: [a, b, a]}\n", "2:24", ["'a' is given twice"]),
    ("variants: {a: x}\nmatrix: {variant: [a]}\n", "2:10", ["`variant` is reserved"]),
    ("variants: {a: x}\nmatrix: {a b: [a]}\n", "2:10", ["'a b'", "letters, digits"]),
    ("variants: {a: x}\nmatrix: {model: [a], Model: [b]}\n", "2:22", ["PAREX_MATRIX_MODEL"]),
    ("variants: {a: x}\nmatrix: {m: [1], include: [{case: c}]}\n", "2:29", ["`case` is reserved"]),
    ("variants: {a: x}\nmatrix: {m: [1], exclude: [{n: 1}]}\n", "2:29", ["no axis `n`", "m, variant, case"]),
    ("variants: {a: x}\nmatrix: {m: [1], exclude: [{m: 2}]}\n", "2:32", ["2 is no value of `m`"]),
    ("variants: {a: x}\nmatrix: {m: [1], exclude: [{variant: b}]}\n", "2:38", ["'b' is no value", "known here: a"]),
    ("variants: {a: x}\nmatrix: {m: [1], exclude: [{m: 1}]}\n", "2:27", ["nothing is left"]),
    ("variants: {a: x}\nmatrix: {m: [1], exclude: [{}]}\n", "2:28", ["found nothing"]),
    (
        f"variants: {{a: x}}\nrepeats: 10000\ncases: {{{', '.join(f'c{n}: x' for n in range(11))}}}\n",
        "2:10",
        ["110,000"],
    ),
    # templates
    ("variants: {a: '{{ variant'}\n", "1:15", ["not a template"]),
    ("variants: {a: '{{ varaint }}'}\n", "1:15", ["`varaint`", "did you mean `variant`?"]),
    ("variants: {a: '{{ matrix.model }}'}\n", "1:15", ["`matrix.model`", "`matrix` has no facts"]),
    ("variants: {a: '{{ matrix.mdel }}'}\nmatrix: {model: [a]}\n", "1:15", ["`matrix.mdel`", "`model`?"]),
    ("variants: {a: '{{ case }}'}\n", "1:15", ["`case`, which is not known"]),
    ("variants: {a: '{{ case.area }}'}\ncases: {c: {text: x}}\n", "1:15", ["`case.area`", "case.name, case.text"]),
    ("variants: {a: '{{ variant | shout }}'}\n", "1:15", ["No filter named 'shout'"]),
    ("variants: {a: '{% include \"x\" %}'}\n", "1:15", ["stands alone"]),
    ("variants: {a: x}\nrunner:\n  claude:\n    steps: [a, '{{ b }}']\n", "4:16", ["`runner.claude.steps[1]`", "`b`"]),
    ("variants: {a: x}\nworkspace: {branch: '{{ trail }}'}\n", "2:21", ["`trail`", "`trial`?"]),
    ("variants: {a: x}\nworkspace: {branch: 'a b/{{ trial }}'}\n", "2:21", ["a branch cannot have ' '"]),
    # what is compared
    ("variants: {a: x}\ncompare: {rank: sucess_rate}\n", "2:17", ["'sucess_rate'", "`success_rate`?"]),
    ("variants: {a: x}\ncompare: {rank: [cost_usd, cost]}\n", "2:28", ["`compare.rank[1]`", "no metric 'cost'"]),
    ("variants: {a: x}\ncompare: {margin: {cost: 1}}\n", "2:26", ["no metric 'cost'"]),
    ("variants: {a: x}\ncompare: {margin: {cost_usd: -1}}\n", "2:30", ["0 or more"]),
    (
        "variants: {a: x}\ncompare: {rank: s}\nmetrics: {s: {junit: r.xml}}\n",
        "2:17",
        ["several values", "`s.pass_rate`"],
    ),
    ("variants: {a: x}\ncompare: {rank: c.x}\nmetrics: {c: {file: r, pattern: (x)}}\n", "2:17", ["no metric 'c.x'"]),
    ("variants: {a: x}\ncompare: {rank: c}\nmetrics: {c: {command: r}}\n", "2:17", ["`better`: higher or lower"]),
    ("variants: {a: x}\ncompare: {baseline: b}\n", "2:21", ["no variant 'b'", "known here: a"]),
    ("variants: {a: x}\ngates: [{metric: cost, at_least: 1}]\n", "2:18", ["`gates[0].metric`", "no metric 'cost'"]),
    ("variants: {a: x}\ngates: [{metric: cost_usd, vs: b, at_most: 1}]\n", "2:32", ["no variant 'b'"]),
    ("variants: {a: x}\ngates: [{metric: cost_usd, variant: a, vs: a, at_most: 1}]\n", "2:44", ["from itself"]),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a few files that specs may name."""
    for name in ("job.md", "fix.patch", "plans/1.md", "twins/a/one.md", "twins/b/one.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def faults_of(file: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(file)
    return [str(fault).removeprefix(f"{file}:") for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "place", "words"), FAULTS, ids=[f"{number}-{place}" for number, (_, place, _) in enumerate(FAULTS)]
)
def test_a_fault_is_said_once_with_its_place_and_what_is_allowed(
    folder: Path, text: str, place: str, words: list[str]
) -> None:
    file = folder / "spec.yaml"
    file.write_text(text, encoding="utf-8")

    (fault,) = faults_of(file)

    assert fault.startswith(f"{place}: "), fault
    assert [word for word in words if word not in fault] == [], fault
    assert not re.search(r"(?i)pydantic|input should|value error|type=|https?://|\n", fault)


def test_all_faults_of_a_file_are_said_at_once_and_in_order(folder: Path) -> None:
    file = folder / "spec.yaml"
    file.write_text(
        "varients: {}\n"
        "variants:\n"
        "  a: {timeout: soon, ref: x, patch: gone.patch}\n"
        "  b: '{{ matrix.mdel }}'\n"
        "  b: again\n"
        "matrix: {model: [x, x]}\n"
        "compare: {baseline: c, rank: [durations]}\n"
        "gates: [{metric: 3}, {metric: costs_usd, at_least: 1}]\n"
        "workspace: {kind: cloan, ports: [1A]}\n",
        encoding="utf-8",
    )

    places = [fault.split(" ")[0] for fault in faults_of(file)]

    assert places == [
        "1:1:", "3:16:", "3:30:", "3:37:", "4:6:", "5:3:", "6:21:",
        "7:21:", "7:31:",  "8:18:", "8:31:", "9:19:", "9:34:",
    ]  # fmt: skip


def test_what_refers_to_a_section_that_cannot_be_understood_is_not_at_fault(folder: Path) -> None:
    file = folder / "spec.yaml"
    file.write_text(
        "variants: 5\n"
        "matrix: 5\n"
        "cases: 5\n"
        "metrics: 5\n"
        "compare: {baseline: a, rank: m}\n"
        "runner: {claude: {model: '{{ matrix.model }} {{ case.area }}'}}\n",
        encoding="utf-8",
    )

    assert [fault.split(" ")[0] for fault in faults_of(file)] == ["1:11:", "2:9:", "3:8:", "4:10:"]


def test_a_file_of_a_case_has_a_name_that_can_be_written_down(folder: Path) -> None:
    (folder / os.fsdecode(b"plans/\xff.md")).touch()
    file = folder / "spec.yaml"
    file.write_text("variants: {a: x}\ncases: plans/*.md\n", encoding="utf-8")

    (fault,) = faults_of(file)

    assert fault.startswith("2:8: ")
    assert "\\udcff" in fault


def test_a_bomb_of_aliases_is_refused(folder: Path) -> None:
    file = folder / "spec.yaml"
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    file.write_text("\n".join(levels), encoding="utf-8")

    assert ["aliases repeat more than 100,000 values" in fault for fault in faults_of(file)] == [True]


def test_a_bomb_of_merges_is_refused(folder: Path) -> None:
    file = folder / "spec.yaml"
    levels = ["a0: &a0 {x: 1}"]
    levels += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12)]
    file.write_text("\n".join(levels), encoding="utf-8")

    assert ["aliases repeat more than 100,000 values" in fault for fault in faults_of(file)] == [True]


def test_aliases_cannot_nest_without_end(folder: Path) -> None:
    file = folder / "spec.yaml"
    levels = ["a0: &a0 x"] + [f"a{n}: &a{n} {'[' * 50}*a{n - 1}{']' * 50}" for n in range(1, 60)]
    file.write_text("\n".join(levels), encoding="utf-8")

    assert ["nested more than 64 levels" in fault for fault in faults_of(file)] == [True]


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (b"\x7fELF\x00\x01", "1:1", "binary file"),
        ("variants: {a: x}\n".encode("utf-16"), "1:1", "UTF-16"),
        (b"variants:\n  a: \xff\n", "2:6", "not encoded as UTF-8: found the byte 0xff"),
        (b"variants: {a: \x07}\n", "1:15", "U+0007"),
        (b"a" * 10_000_001, "1:1", "larger than 10 MB"),
    ],
)
def test_bytes_that_are_no_text_are_refused(folder: Path, content: bytes, place: str, words: str) -> None:
    file = folder / "spec.yaml"
    file.write_bytes(content)

    (fault,) = faults_of(file)

    assert fault.startswith(f"{place}: ")
    assert words in fault


@pytest.mark.parametrize(
    ("name", "words"),
    [("gone.yaml", "no such file"), ("plans", "directory"), ("job.md/x", "cannot be read"), ("a" * 300, "too long")],
)
def test_a_file_that_cannot_be_opened_is_named(folder: Path, name: str, words: str) -> None:
    (fault,) = faults_of(folder / name)

    assert fault.startswith("1:1: ")
    assert words in fault


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "1:1", "empty"),
        ('{"variants": {"a": "x"},}', "1:25", "not valid JSON"),
        ('{"variants": {"a": "x"}} 5', "1:26", "not valid JSON: extra data"),
        ('{"variants": {"a": "x", "a": "y"}}', "1:25", "`a` is given twice"),
        ('{\n\t"variants": {"a": "x"},\n\t"retries": "3"\n}', "3:13", "found '3'"),
        ('{"variants": {"a": "x"}, "metrics": {"m": {"command": "c", "at_least": NaN}}}', "1:72", "finite number"),
        ('{"variants": {"a": "\\ud800"}}', "1:20", "surrogate"),
        ("[" * 100 + "]" * 100, "1:65", "nested more than 64 levels"),
        ("[" * 100_000, "1:1", "nested more than 64 levels"),
        ('["variants"]', "1:1", "found a list"),
    ],
    ids=range(10),
)
def test_faults_of_json_are_said_like_those_of_yaml(folder: Path, text: str, place: str, words: str) -> None:
    file = folder / "spec.json"
    file.write_text(text, encoding="utf-8")

    (fault,) = faults_of(file)

    assert fault.startswith(f"{place}: "), fault
    assert words in fault
