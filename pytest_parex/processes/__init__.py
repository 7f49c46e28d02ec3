"""Starting, watching and ending other programs; nothing else in parex starts one.

`run` is for commands that nobody vouches for: contained, recorded, and dead with all their offspring when it returns.
`capture` is for trusted short tools such as git. docs/processes.md says what each containment can and cannot catch.
"""

from pytest_parex.processes.capturing import Captured, capture
from pytest_parex.processes.containments import (
    PID_NAMESPACE,
    PROCESS_GROUP,
    SUBREAPER,
    USER_PID_NAMESPACE,
    containment,
    holds,
)
from pytest_parex.processes.recording import last_lines
from pytest_parex.processes.replace import replace_with
from pytest_parex.processes.running import Finished, run
from pytest_parex.processes.tree import Containment

__all__ = [
    "PID_NAMESPACE",
    "PROCESS_GROUP",
    "SUBREAPER",
    "USER_PID_NAMESPACE",
    "Captured",
    "Containment",
    "Finished",
    "capture",
    "containment",
    "holds",
    "last_lines",
    "replace_with",
    "run",
]
