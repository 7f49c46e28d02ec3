"""The shape of the code, read from its syntax trees: who may import whom, and who may touch the outside.

Every rule is a function from the modules to its offences, so that each is also tried on code that breaks it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = "pytest_parex"
LAYERS = (
    "endings",
    "errors",
    "model",
    "hookspecs",
    "processes",
    "repository",
    "spec",
    "planning",
    "store",
    "workspace",
    "rehearsal",
    "runners",
    "grading",
    "trial",
    "compare",
    "report",
    "lifecycle",
    "plugin",
    "claude_code",
    "cli",
    "testing",
)
"""From the bottom to the top: a layer imports only itself and those below."""

KNOWS_PYTEST = ("plugin", "testing", "hookspecs")
STARTS = {
    "subprocess",
    "multiprocessing",
    "pty",
    "os.fork",
    "os.forkpty",
    "os.system",
    "os.popen",
    "asyncio.create_subprocess_exec",
    "asyncio.create_subprocess_shell",
    "concurrent.futures.ProcessPoolExecutor",
}
STARTS_LIKE = re.compile(r"os\.(exec|spawn|posix_spawn)\w*\Z")
RUNS_PROGRAMS = {"run", "capture", "call", "check_call", "check_output", "Popen", "system", "popen", "replace_with"}
LONGEST = 400
NO_NAMES = {"core", "utils", "util", "common", "helpers", "helper", "manager", "misc"}


@dataclass(frozen=True)
class Module:
    """A source file; `path` is relative to the repository."""

    path: str
    text: str

    @property
    def parts(self) -> tuple[str, ...]:
        parts = Path(self.path).with_suffix("").parts
        return parts[:-1] if parts[-1] == "__init__" else parts

    @property
    def layer(self) -> str:
        """The folder or file directly in the package; empty for the package itself."""
        return self.parts[1] if len(self.parts) > 1 else ""

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def imports(self, nodes: Iterator[ast.AST] | None = None) -> Iterator[tuple[int, str]]:
        """(line, dotted name) of everything that is imported, in functions and for type checking too."""
        for node in nodes or ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, f"{self._source(node)}.{alias.name}") for alias in node.names)
            elif isinstance(node, ast.Call) and node.args and _called(node) in ("import_module", "__import__"):
                yield node.lineno, str(getattr(node.args[0], "value", ""))

    def _source(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.parts if self.path.endswith("__init__.py") else self.parts[:-1]
        return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])

    def at_import(self) -> Iterator[ast.AST]:
        """The nodes that run when the module is imported: not those in functions, nor those for type checking."""
        waiting: list[ast.AST] = list(self.tree.body)
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                waiting.extend(node.orelse)
                continue
            yield node
            waiting.extend(ast.iter_child_nodes(node))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _dotted(node: ast.expr) -> str:
    """`a.b.c`; empty if it is the attribute of something else than a name."""
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return node.id if isinstance(node, ast.Name) else ""


def _layer_of(name: str) -> str | None:
    """The layer that an imported name belongs to; None if it is not of the package, or is the package itself."""
    package, _, rest = name.partition(".")
    first = rest.partition(".")[0]
    return first if package == PACKAGE and first in LAYERS else None


def _root_of(name: str) -> str:
    return name.partition(".")[0]


def imports_point_up(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if module.layer and module.layer not in LAYERS:
            yield f"{module.path}: {module.layer} has no place in LAYERS"
            continue
        own = LAYERS.index(module.layer) if module.layer else -1
        for line, name in module.imports():
            layer = _layer_of(name)
            if layer and LAYERS.index(layer) > own:
                yield f"{module.path}:{line}: imports {name}, which is above it"


def only_processes_starts_programs(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if module.layer == "processes":
            continue
        uses = [(node.lineno, _dotted(node)) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)]
        for line, name in [*module.imports(), *uses]:
            if name in STARTS or _root_of(name) in STARTS or STARTS_LIKE.match(name):
                yield f"{module.path}:{line}: {name} belongs into processes/"


def only_repository_runs_git(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if module.layer in ("repository", "testing"):  # testing makes repositories for others to read
            continue
        for node in ast.walk(module.tree):
            first: ast.AST | None = None
            if isinstance(node, ast.List | ast.Tuple) and node.elts:
                first = node.elts[0]
            elif isinstance(node, ast.Call) and node.args and _called(node) in RUNS_PROGRAMS:
                first = node.args[0]
            if isinstance(first, ast.Constant) and re.match(r"(\S*/)?git(\s|\Z)", str(first.value)):
                yield f"{module.path}:{first.lineno}: git belongs into repository/"


def entry_point_is_light(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if module.path == f"{PACKAGE}/plugin/__init__.py":
            for line, name in module.imports(module.at_import()):
                if _root_of(name) not in {*sys.stdlib_module_names, "pytest"}:
                    yield f"{module.path}:{line}: {name} is loaded by every pytest run, with --parex or without"


def pytest_stays_in_the_plugin(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for line, name in module.imports():
            knows = _root_of(name) in ("pytest", "_pytest", "pluggy") or _layer_of(name) in KNOWS_PYTEST
            if knows and module.layer not in KNOWS_PYTEST:
                yield f"{module.path}:{line}: {name} belongs into plugin/"
            if _root_of(name) in ("xdist", "execnet") and module.path != f"{PACKAGE}/plugin/xdist.py":
                yield f"{module.path}:{line}: {name} belongs into plugin/xdist.py"
            if _root_of(name) == "pytest_html" and module.path != f"{PACKAGE}/plugin/html.py":
                yield f"{module.path}:{line}: {name} belongs into plugin/html.py"


def files_are_short(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        length = module.text.count("\n")
        if length > LONGEST and "lines" not in (ast.get_docstring(module.tree) or ""):
            yield f"{module.path}: {length} lines, and its docstring does not say why"


def names_say_something(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for part in Path(module.path).with_suffix("").parts:
            if part.strip("_") in NO_NAMES:
                yield f"{module.path}: `{part}` could hold anything"


@cache
def _read(*folders: str) -> list[Module]:
    files = [path for folder in folders for path in sorted((REPOSITORY / folder).rglob("*.py"))]
    return [Module(path.relative_to(REPOSITORY).as_posix(), path.read_text(encoding="utf-8")) for path in files]


RULES = (
    imports_point_up,
    only_processes_starts_programs,
    only_repository_runs_git,
    entry_point_is_light,
    pytest_stays_in_the_plugin,
    files_are_short,
    names_say_something,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule: Callable[[list[Module]], Iterator[str]]) -> None:
    modules = _read(PACKAGE)

    assert len(modules) > 20, "the package was not found"
    assert list(rule(modules)) == []


@pytest.mark.parametrize("rule", [files_are_short, names_say_something], ids=lambda rule: rule.__name__)
def test_tests_and_benchmarks_keep_the_rule(rule: Callable[[list[Module]], Iterator[str]]) -> None:
    assert list(rule(_read("tests", "benchmarks"))) == []


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (imports_point_up, "spec/x.py", "from pytest_parex.planning import expand"),
        (imports_point_up, "spec/x.py", "from pytest_parex import planning"),
        (imports_point_up, "spec/x.py", "from ..planning import expand"),
        (imports_point_up, "spec/rules/x.py", "def late():\n    import pytest_parex.store.run"),
        (imports_point_up, "model/x.py", "if TYPE_CHECKING:\n    from pytest_parex.processes import run"),
        (imports_point_up, "model/x.py", "importlib.import_module('pytest_parex.cli')"),
        (imports_point_up, "__init__.py", "from pytest_parex import model"),
        (imports_point_up, "novelty/x.py", ""),
        (only_processes_starts_programs, "store/x.py", "import subprocess"),
        (only_processes_starts_programs, "store/x.py", "from subprocess import run"),
        (only_processes_starts_programs, "store/x.py", "os.fork()"),
        (only_processes_starts_programs, "cli/x.py", "os.execvp('a', ['a'])"),
        (only_processes_starts_programs, "cli/x.py", "from os import posix_spawn"),
        (only_processes_starts_programs, "cli/x.py", "concurrent.futures.ProcessPoolExecutor()"),
        (only_repository_runs_git, "store/x.py", "capture(['git', 'status'])"),
        (only_repository_runs_git, "store/x.py", "argv = ('/usr/bin/git', *rest)"),
        (only_repository_runs_git, "store/x.py", "run('git status')"),
        (entry_point_is_light, "plugin/__init__.py", "import yaml"),
        (
            entry_point_is_light,
            "plugin/__init__.py",
            "try:\n    from pytest_parex import model\nexcept ImportError: ...",
        ),
        (entry_point_is_light, "plugin/__init__.py", "class A:\n    from pytest_parex import hookspecs"),
        (pytest_stays_in_the_plugin, "cli/x.py", "import pytest"),
        (pytest_stays_in_the_plugin, "cli/x.py", "from pytest_parex.hookspecs import pytest_parex_event"),
        (pytest_stays_in_the_plugin, "plugin/x.py", "from xdist.workermanage import WorkerController"),
        (pytest_stays_in_the_plugin, "plugin/x.py", "import pytest_html"),
        (files_are_short, "store/x.py", '"""Short."""\n' + "a = 1\n" * 400),
        (names_say_something, "store/utils.py", ""),
        (names_say_something, "core/x.py", ""),
    ],
)
def test_a_rule_sees_code_that_breaks_it(rule: Callable[[list[Module]], Iterator[str]], path: str, text: str) -> None:
    assert len(list(rule([Module(f"{PACKAGE}/{path}", text)]))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("planning/x.py", "from pytest_parex import __version__\nfrom pytest_parex.spec import load"),
        ("spec/rules/x.py", "from pytest_parex.spec.document import Document"),
        ("processes/x.py", "import subprocess\nos.execvp('a', ['a'])"),
        ("repository/x.py", "capture(['git', 'status'])"),
        ("store/x.py", "raise StoreError('git has no such commit')"),
        ("plugin/__init__.py", "import os\nimport pytest\ndef late():\n    from pytest_parex import model"),
        ("plugin/__init__.py", "if TYPE_CHECKING:\n    from pytest_parex import model"),
        ("plugin/xdist.py", "import xdist"),
        ("plugin/html.py", "import pytest_html"),
        ("store/x.py", '"""One table of 500 lines, which nobody reads in parts."""\n' + "a = 1\n" * 400),
    ],
)
def test_rules_leave_good_code_alone(path: str, text: str) -> None:
    modules = [Module(f"{PACKAGE}/{path}", text)]

    assert [offence for rule in RULES for offence in rule(modules)] == []
