"""Calls `processes.run` as its arguments say, so that tests can interrupt and kill the calling process."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from pytest_parex import processes
from pytest_parex.errors import ParexError
from pytest_parex.processes.tree import Tree

CONTAINMENTS = {
    "pid namespace": processes.PID_NAMESPACE,
    "user pid namespace": processes.USER_PID_NAMESPACE,
    "subreaper": processes.SUBREAPER,
    "process group": processes.PROCESS_GROUP,
    None: None,
}


def main(settings: dict[str, object]) -> None:
    containment = CONTAINMENTS[settings["containment"]]
    if settings.get("die_before_it_begins"):
        argv = ("/bin/sh", "-c", str(settings["command"]))
        Tree(containment, argv, cwd=Path(settings["cwd"]), env=os.environ, output=1)
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        finished = processes.run(
            settings["command"],
            cwd=Path(settings["cwd"]),
            env=os.environ,
            timeout=settings.get("timeout", 60.0),
            log=Path(settings["log"]),
            grace=settings.get("grace", 0.1),
            held_by=containment,
        )
    except KeyboardInterrupt:
        said = "interrupted"
    except ParexError as fault:
        said = f"refused: {fault}"
    else:
        said = f"{finished.containment}: exit code {finished.exit_code}"
    sys.stdout.write(f"{said}\n")


main(json.loads(sys.argv[1]))
