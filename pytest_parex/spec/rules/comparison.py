"""What `compare`, `gates` and the thresholds refer to exists, and can be judged."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_parex.errors import Fault
from pytest_parex.model import BUILT_IN_METRICS, Experiment, MetricReader
from pytest_parex.spec.document import Keys
from pytest_parex.spec.nearest import listed, meant, nearest
from pytest_parex.spec.rules.subject import Subject
from pytest_parex.spec.wording import path_text, shown


def metrics_are_known(subject: Subject) -> Iterator[Fault]:
    """`rank`, `margin` and `gates` name metrics that trials have; what is ranked has a direction."""
    experiment = subject.experiment
    for path, name in _named_metrics(experiment) if "metrics" not in subject.lost else ():
        where = f"`{path_text(path)}`"
        reader = experiment.metrics.get(name)
        if why := _why_unknown(experiment, name):
            yield subject.document.at(path, f"{where}: {why}")
        elif reader and name not in BUILT_IN_METRICS and path[1:2] == ("rank",) and _has_no_direction(reader):
            message = f"{where}: `{name}` cannot be ranked; say in `metrics.{name}` which is `better`: higher or lower"
            yield subject.document.at(path, message)
    for name, reader in experiment.metrics.items():
        if name in BUILT_IN_METRICS:
            yield subject.document.at_key(("metrics", name), f"`metrics.{name}`: parex measures `{name}` itself")
        if reader.at_least is not None and reader.at_most is not None and reader.at_least > reader.at_most:
            message = f"`metrics.{name}`: found `at_least` above `at_most`; no number is both"
            yield subject.document.at(("metrics", name), message)


def references_are_known(subject: Subject) -> Iterator[Fault]:
    """`baseline` and `gates` name variants of the spec; `fail_on: gates` has gates to look at."""
    experiment, document = subject.experiment, subject.document
    named: list[tuple[Keys, str | None]] = [(("compare", "baseline"), experiment.compare.baseline)]
    for index, gate in enumerate(experiment.gates):
        named += [(("gates", index, "variant"), gate.variant), (("gates", index, "vs"), gate.vs)]
        if gate.vs is not None and gate.vs == gate.variant:
            yield document.at(("gates", index, "vs"), f"`gates[{index}].vs`: a variant does not differ from itself")
        if gate.at_least is not None and gate.at_most is not None and gate.at_least > gate.at_most:
            yield document.at(
                ("gates", index), f"`gates[{index}]`: found `at_least` above `at_most`; no number is both"
            )
    for path, name in named if "variants" not in subject.lost else ():
        if name is not None and name not in experiment.variants:
            known = f"known here: {listed(experiment.variants)}{meant(name, experiment.variants)}"
            yield document.at(path, f"`{path_text(path)}`: there is no variant {shown(name)}; {known}")
    if experiment.fail_on == "gates" and not experiment.gates and "gates" not in subject.lost:
        yield document.at(("fail_on",), "`fail_on`: found 'gates'; the spec has no `gates`, so nothing could fail")


def _named_metrics(experiment: Experiment) -> Iterator[tuple[Keys, str]]:
    for index, name in enumerate(experiment.compare.rank):
        yield ("compare", "rank", index), name
    for name in experiment.compare.margin:
        yield ("compare", "margin", name), name
    for index, gate in enumerate(experiment.gates):
        yield ("gates", index, "metric"), gate.metric


def _why_unknown(experiment: Experiment, name: str) -> str | None:
    if name in BUILT_IN_METRICS:
        return None
    reader = experiment.metrics.get(name)
    if reader and reader.junit is not None:
        return f"`{name}` has several values; name one, such as `{name}.pass_rate`"
    if reader:
        return None
    families = [name[:index] for index, character in enumerate(name) if character == "."]
    readers = [experiment.metrics[family] for family in families if family in experiment.metrics]
    if any(map(_has_parts, readers)):
        return None
    known = [*experiment.metrics, *BUILT_IN_METRICS]
    if "phase" in families or not (readers or nearest(name, known)):
        return None  # a runner, a hook or a test may measure it; what looks like a slip does not pass
    return f"there is no metric {shown(name)}; known here: {listed(known)}{meant(name, known)}"


def _has_parts(reader: MetricReader) -> bool:
    """Whether the reader may find several numbers, as `name.part`."""
    if reader.json_file is not None:
        return reader.path is None
    if reader.command is not None:
        return reader.pattern is None
    return any(source is not None for source in (reader.junit, reader.coverage, reader.python))


def _has_no_direction(reader: MetricReader) -> bool:
    """Whether nobody could know which direction is better; functions and coverage reports say it themselves."""
    says_itself = reader.python is not None or reader.coverage is not None
    return reader.better is None and not says_itself
