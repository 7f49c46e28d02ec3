"""The checks of the spec, one after the other, in the workspace."""

from __future__ import annotations

from pytest_parex.grading import commands
from pytest_parex.grading.python import check_python
from pytest_parex.model import Check, CheckResult, Work


def run_checks(work: Work) -> list[CheckResult]:
    """Run every check of the spec, in its order, whatever the others say. Each has a log, `checks/<name>.log`."""
    results = []
    for name, check in work.plan.experiment.checks.items():
        result = _run(work, name, check)
        work.emit("check", check=name, passed=result.passed, message=result.message)
        results.append(result)
    return results


def _run(work: Work, name: str, check: Check) -> CheckResult:
    if not work.workspace.is_dir():
        gone = "failed: the workspace is gone, the variant removed it"
        return CheckResult(name=name, passed=False, required=check.required, message=gone)
    if check.command is None:
        return check_python(work, name, check)
    ran = commands.run(work, check.command, check.timeout, "checks", name)
    passed = ran.exit_code == 0 and not ran.timed_out
    return CheckResult(
        name=name,
        passed=passed,
        required=check.required,
        duration_s=ran.duration_s,
        exit_code=ran.exit_code,
        message="" if passed else ran.ending(check.timeout),
        log=commands.log_path("checks", name),
    )
