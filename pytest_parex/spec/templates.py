"""Templates in prompts, runner options and branch names: Jinja2, sandboxed, undefined names are errors.

A template is checked when the spec is read, against the names that trials will have; it is filled in per trial.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pytest_parex.errors import SetupError
from pytest_parex.model import RunnerChoice
from pytest_parex.spec.nearest import listed, meant

NAMES = ("variant", "case", "matrix", "repeat", "experiment", "trial")
"""What every template may use."""

LATER = "{{ prompt }}"
"""What a runner's options may have where they want what the runner would say by itself; the runner fills it in."""

COMMANDS = frozenset({"shell"})
"""Runners whose options are commands: they get `PAREX_*` variables, and `{{` is theirs to use."""

Known = Mapping[str, Collection[str] | None]
"""Name → its attributes; None where they are not checked."""


class Facts:
    """A name with facts: `{{ case }}` is the name itself, `{{ case.area }}` one of its facts."""

    def __init__(self, name: str, facts: Mapping[str, Any]) -> None:
        self._name = name
        self._facts = facts

    def __str__(self) -> str:
        return self._name

    def __getitem__(self, key: str) -> Any:
        return self._facts[key]

    def __contains__(self, key: str) -> bool:
        return key in self._facts

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def __eq__(self, other: object) -> bool:
        return self._name == str(other) if isinstance(other, str | Facts) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._name)


def _as_written(value: Any) -> Any:
    """True, false and nothing as a spec writes them, not as Python does."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else value


_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False, finalize=_as_written
)


def render(value: Any, names: Mapping[str, Any]) -> Any:
    """The value with every template in it filled in; mappings and lists are copied, other values returned as they are.

    Raises SetupError if a template needs a name that this trial does not have.
    """
    if isinstance(value, str):
        return _filled(value, names)
    if isinstance(value, Mapping):
        return {key: render(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [render(item, names) for item in value]
    return value


def render_options(runner: RunnerChoice, names: Mapping[str, Any]) -> Any:
    """The options of a runner, filled in as `render` does; commands are no templates, and stay as they are."""
    return runner.options if runner.name in COMMANDS else render(runner.options, {**names, "prompt": LATER})


def check_template(text: str, known: Known) -> list[str]:
    """What is wrong with a template whose trials have these names, one sentence each; empty if nothing is."""
    if not _is_template(text):
        return []
    try:
        tree = _ENVIRONMENT.parse(text)
        _ENVIRONMENT.compile(tree)
    except TemplateSyntaxError as error:
        where = f" in line {error.lineno} of the text" if "\n" in text.strip() else ""
        return [f"not a template: {(error.message or 'it cannot be read').rstrip('.')}{where}"]
    except (RecursionError, OverflowError, MemoryError):
        return ["not a template: too deeply nested"]
    return [*_foreign(tree), *_unknown_names(tree, known), *_unknown_facts(tree, known)]


def _is_template(text: str) -> bool:
    return any(mark in text for mark in ("{{", "{%", "{#"))


def _filled(text: str, names: Mapping[str, Any]) -> str:
    if not _is_template(text):
        return text
    try:
        return _compiled(text).render(names)
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        shown = text if len(text) <= 60 else f"{text[:60]}…"
        raise SetupError(f"the template {shown!r} cannot be filled in: {error}") from None


@lru_cache(maxsize=256)
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


def _foreign(tree: nodes.Template) -> Iterator[str]:
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        yield f"{{% {type(node).__name__.lower()} %}} is not available: a template in a spec stands alone"


def _unknown_names(tree: nodes.Template, known: Known) -> Iterator[str]:
    asked_for = {name.name for name in _tested(tree) if isinstance(name, nodes.Name)}
    for name in sorted(meta.find_undeclared_variables(tree) - set(known) - asked_for - set(_ENVIRONMENT.globals)):
        yield f"the template uses `{name}`, which is not known; known here: {listed(known)}{meant(name, known)}"


def _unknown_facts(tree: nodes.Template, known: Known) -> Iterator[str]:
    asked_for = {use for use in map(_use, _tested(tree)) if use}
    uses = {use for use in map(_use, tree.find_all((nodes.Getattr, nodes.Getitem))) if use}
    for name, fact in sorted(uses - asked_for):
        facts = known.get(name)
        if facts is not None and fact not in facts:
            known_here = (
                f"known here: {listed(f'{name}.{each}' for each in facts)}" if facts else f"`{name}` has no facts"
            )
            yield f"the template uses `{name}.{fact}`, which is not known{meant(fact, facts)}; {known_here}"


def _tested(tree: nodes.Template) -> Iterator[nodes.Node]:
    """What a template asks for rather than demands: `x is defined`, `x | default(…)`."""
    for test in tree.find_all(nodes.Test):
        if test.name in ("defined", "undefined"):
            yield test.node
    for filtered in tree.find_all(nodes.Filter):
        if filtered.name in ("default", "d") and filtered.node is not None:
            yield filtered.node


def _use(node: nodes.Node) -> tuple[str, str] | None:
    """`(name, fact)` of `name.fact` and `name["fact"]`."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return node.node.name, node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.node, nodes.Name) and isinstance(node.arg, nodes.Const):
        return node.node.name, str(node.arg.value)
    return None
