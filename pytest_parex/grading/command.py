"""`command`: what a command prints, run in the workspace after the checks.

Its exit code decides nothing by itself: linters end with 1 because they found something, `grep -c` because it found
nothing. A command that was stopped, killed or not found has measured nothing, whatever it printed before.
"""

from __future__ import annotations

from pytest_parex.grading import commands
from pytest_parex.grading.found import tail
from pytest_parex.grading.json_file import parsed
from pytest_parex.grading.pattern import LARGEST, last_match
from pytest_parex.grading.reading import Reading, UnreadableError, from_data, metric, number, shortened
from pytest_parex.model import MetricReader, Work


def read_command(name: str, reader: MetricReader, work: Work) -> Reading:
    """With `pattern` the number that it finds last; else the output, or its last line, as a number or as JSON."""
    assert reader.command is not None
    if not work.workspace.is_dir():
        raise UnreadableError("the workspace is gone: the variant removed it")
    ran = commands.run(work, reader.command, reader.timeout, "metrics", name)
    if ran.timed_out or ran.exit_code >= 126:
        raise UnreadableError(f"its command {ran.ending(reader.timeout)}")
    if ran.log_error:
        raise UnreadableError(f"of its output, {ran.log_error}")
    output = tail(ran.log.parent, ran.log.name, LARGEST)
    try:
        if reader.pattern is not None:
            return Reading({name: metric(last_match(reader.pattern, output), reader)})
        return _printed(name, output.decode(errors="replace").strip(), reader)
    except UnreadableError as reason:
        ended = f"; the command {ran.ending(reader.timeout)}" if ran.exit_code else ""
        raise UnreadableError(f"in the output of its command, {reason}{ended}") from None


def _printed(name: str, output: str, reader: MetricReader) -> Reading:
    """Warnings are often printed before the result, so the last line is tried too."""
    last = output.splitlines()[-1] if output else ""
    for text in (output, last):
        if text.startswith("{"):
            try:
                data = parsed(text, "the output")
            except UnreadableError:
                continue
            return from_data(name, data, reader)
    if not last:
        raise UnreadableError("there is nothing")
    try:
        return Reading({name: metric(number(last), reader)})
    except UnreadableError:
        raise UnreadableError(f"the last line, `{shortened(last)}`, is neither a number nor a JSON object") from None
