"""Runners do the work of a trial: `claude`, `shell`, `python`, `none`, and those that plugins add.

To write one's own, give an object with two methods a name, in a plugin or in a conftest.py beside the spec:

    from pytest_parex import processes
    from pytest_parex.endings import Cause
    from pytest_parex.model import Execution

    class Solver:
        def faults(self, options):                      # before anything is created; templates are not yet filled in
            return [] if options else ["name a level, as in `runner: {solver: easy}`"]

        def execute(self, task):                        # in a worker; works in task.workspace
            done = processes.run(["solve", task.options], cwd=task.workspace, env=task.env,
                                 timeout=task.timeout, log=task.log)
            if done.timed_out:
                return Execution(Cause.TIME_LIMIT, "stopped at its time limit", containment=done.containment)
            if done.exit_code:
                return Execution(Cause.RUNNER_FAILED, "found no solution", done.exit_code)
            return Execution(exit_code=0)               # done: now it is graded

    def pytest_parex_runners():
        return {"solver": Solver()}

A spec then says `runner: {solver: easy}`. A third method, `lacks`, may say what this machine lacks, before anything
starts (`model.Demanding`). Start programs with `processes.run` and nothing else: whatever it starts is dead when it
returns, also after an interrupt. A name that parex knows itself is replaced. A fault that is not the variant's doing is
raised as a ParexError, whose `cause` then becomes the ending.
"""

from pytest_parex.runners.built_in import built_in, known, lacking
from pytest_parex.runners.child import Answer, call_in_child
from pytest_parex.runners.waiting import every_few_seconds

__all__ = ["Answer", "built_in", "call_in_child", "every_few_seconds", "known", "lacking"]
