"""What the documents say is so: their specs are right, their snippets are Python, their options and links exist."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import click
import pytest
import yaml
from click.testing import CliRunner

from pytest_parex import hookspecs, processes
from pytest_parex.cli import main
from pytest_parex.endings import Cause, counts
from pytest_parex.model import Experiment
from pytest_parex.plugin.finished import FinishedTrial
from pytest_parex.rehearsal import read_script
from pytest_parex.rehearsal.script import Fail, Session, Turn

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("examples/*/README.md")),
    ROOT / "benchmarks" / "README.md",
    ROOT / "CHANGELOG.md",
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"--parex[-\w]*")


@dataclass(frozen=True)
class Block:
    """A code block of a document."""

    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def found(*languages: str) -> list[Block]:
    return [block for document in DOCUMENTS for block in blocks(document) if block.language in languages]


def blocks(document: Path) -> Iterator[Block]:
    text = document.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 2
        yield Block(str(document.relative_to(ROOT)), line, match[1], match[2])


def commands(program: str) -> list[tuple[Block, list[str]]]:
    """Every call of a program in the shell blocks, as its arguments."""
    calls = []
    for block in found("sh"):
        for part in re.split(r"&&|\||\n", block.text):
            words = shlex.split(part, comments=True)
            if words and Path(words[0]).name == program:
                calls.append((block, words[1:]))
    return calls


@pytest.fixture(scope="module")
def pytest_help() -> str:
    command = [sys.executable, "-m", "pytest", "--help"]
    return processes.capture(command, cwd=ROOT, env=os.environ, timeout=60).stdout.decode()


def is_script(block: Block) -> bool:
    """Whether a block is a rehearsal script."""
    return bool({"sessions", "scripts"} & set(yaml.safe_load(block.text)))


@pytest.mark.parametrize("block", [block for block in found("yaml", "json") if is_script(block)], ids=str)
def test_rehearsal_scripts_are_right(block: Block, tmp_path: Path) -> None:
    file = tmp_path / f"rehearsal.{block.language}"
    file.write_text(block.text)

    assert read_script(file).sessions


@pytest.mark.parametrize("block", [block for block in found("yaml", "json") if not is_script(block)], ids=str)
def test_specs_are_right(block: Block, tmp_path: Path) -> None:
    """A section alone is completed with the variants that the documents always use."""
    file = tmp_path / f"limiter.{block.language}"
    data = yaml.safe_load(block.text)
    file.write_text(block.text if "variants" in data else f"{block.text}\nvariants: {{functional: {{}}, oop: {{}}}}\n")
    for name in named_files({"variants": {}, **data}):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    checked = CliRunner().invoke(main, ["check", str(file)])

    assert checked.exit_code == 0, checked.output


def named_files(data: dict[str, object]) -> Iterator[str]:
    """The files beside a spec that it names."""
    for value in (data.get("task_file"), data.get("holdout"), data.get("instructions")):
        yield from [value] if isinstance(value, str) else value or ()
    for section in ("variants", "cases"):
        entries = data.get(section)
        for entry in entries.values() if isinstance(entries, dict) else ():
            if isinstance(entry, dict):
                yield from (entry[key] for key in ("file", "patch") if key in entry)
                yield from entry.get("files", {}).values()


@pytest.mark.parametrize("block", found("python"), ids=str)
def test_snippets_are_python(block: Block) -> None:
    compile(block.text, str(block), "exec")


def test_faults_are_said_as_documented(tmp_path: Path) -> None:
    said = next(block for block in blocks(ROOT / "docs" / "spec.md") if "limiter.yaml:3" in block.text)
    (tmp_path / "limiter.yaml").write_text(
        "experiment: limiter\ntask: Add a limiter\ndirty: snapshots\nrunner: {shell: ./solve.sh}\n"
        "checks:\n  tests: pytest\nrepeats: 2\nvariants: {oop: {}}\nvarients: {functional: {}}\n"
    )

    checked = CliRunner().invoke(main, ["check", str(tmp_path / "limiter.yaml")])

    assert checked.exit_code == 4
    for line, documented in zip(checked.output.splitlines(), said.text.splitlines(), strict=True):
        pattern = re.escape(documented).replace("…", ".*")
        assert re.fullmatch(pattern, line.removeprefix(f"{tmp_path}/")), line


def test_options_of_pytest_exist(pytest_help: str) -> None:
    known = {plain(option) for option in re.findall(r"(?<![-\w])--?[\w-]+", pytest_help)}
    ours = {option for document in DOCUMENTS for option in OURS.findall(document.read_text())}
    used = {word.partition("=")[0] for _, words in commands("pytest") for word in words if word.startswith("-")}

    assert len(ours) > 3
    assert len(used) > 3
    assert [option for option in sorted(ours | used) if plain(option) not in known] == []


def plain(option: str) -> str:
    """pytest knows `--junitxml` and shows `--junit-xml`."""
    return option.replace("-", "")


def test_every_option_is_described(pytest_help: str) -> None:
    described = (ROOT / "docs" / "pytest.md").read_text()

    assert [option for option in OURS.findall(pytest_help) if not re.search(rf"`{option}[ `]", described)] == []


def test_verbs_of_parex_and_their_options_exist() -> None:
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    used = set(re.findall(r"`parex ([a-z]+)", text)) | {words[0] for _, words in commands("parex")}

    assert isinstance(main, click.Group)
    assert sorted(used) == sorted(main.commands)
    for _, (verb, *words) in commands("parex"):
        options = {option for parameter in main.commands[verb].params for option in parameter.opts}
        assert [word for word in words if word.startswith("--") and word not in options] == []


def test_every_key_of_a_spec_is_described() -> None:
    described = (ROOT / "docs" / "spec.md").read_text()

    keys = [info.alias or name for name, info in Experiment.model_fields.items()]
    assert [key for key in keys if f"`{key}`" not in described] == []


def test_every_key_of_a_rehearsal_script_is_described() -> None:
    described = (ROOT / "docs" / "rehearsal.md").read_text()

    keys = [name for form in (Session, Turn, Fail) for name in form.model_fields]
    kinds = get_args(Fail.model_fields["kind"].annotation)
    assert [key for key in (*keys, *kinds) if not re.search(rf"[`*{{]{key}[`*:]", described)] == []


def test_what_counts_is_documented_as_the_table_of_endings_decides() -> None:
    text = (ROOT / "docs" / "comparison.md").read_text()
    table = re.findall(r"^\| (\w+) \| (.*`)", text, re.MULTILINE)
    rows = {outcome: set(re.findall(r"`([a-z ]+)`", causes)) for outcome, causes in table}

    assert rows["passed"] == {Cause.PASSED}
    assert rows["failed"] == {cause for cause in Cause if counts(cause)} - {Cause.PASSED}
    assert rows["missing"] == {cause for cause in Cause if not counts(cause)}


def test_hooks_and_attributes_exist() -> None:
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    hooks = set(re.findall(r"pytest_parex_\w+", text))
    paragraph = next(part for part in text.split("\n\n") if part.startswith("`parex_trial` has"))
    attributes = set(re.findall(r"(?<=[` \n])\.(\w+)", paragraph))

    assert {name for name in hooks if not hasattr(hookspecs, name)} == set()
    assert {name for name in attributes if not hasattr(FinishedTrial, name)} == set()
    described = {name for name, _ in inspect.getmembers(FinishedTrial) if not name.startswith("_")}
    assert described == attributes


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())

    near = [link for link in links if "://" not in link]
    assert [link for link in near if not (document.parent / link).exists()] == []


def test_the_readme_leads_to_every_document() -> None:
    readme = (ROOT / "README.md").read_text()

    assert [path.name for path in ROOT.glob("docs/*.md") if f"](docs/{path.name})" not in readme] == []


def test_the_changelog_begins_with_what_is_not_released() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] == "Unreleased"


def test_the_readme_and_ci_run_the_tests_alike() -> None:
    ci = re.findall(r"^(?:[A-Z_]+=\S+ )*pytest ([^|]*?) (?:2>|\|)", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    tests = [words for _, words in commands("pytest") if "--parex" not in words]

    assert tests == [shlex.split(command) for command in ci] == [["-n", "auto"]]


def test_extras_that_are_installed_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    text = (ROOT / "README.md").read_text() + (ROOT / ".ci/run").read_text()

    assert set(re.findall(r"\.\[(\w+)\]", text)) == set(extras)
