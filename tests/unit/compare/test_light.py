from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "pytest_parex.compare",
        "pytest_parex.report",
        "pytest_parex.cli.group",
        "pytest_parex.cli.plan",
        "pytest_parex.plugin.controller",
        "pytest_parex.plugin.xdist",
        "pytest_parex.plugin.execution",
    ],
)
def test_who_does_not_compare_does_not_wait_for_scipy(module):
    code = f"import sys, {module}; print(sorted({{'numpy', 'scipy'}} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.strip() == "[]"


def test_comparing_loads_no_more_of_scipy_than_its_special_functions():
    code = (
        "import sys, pytest_parex.compare.verdict, pytest_parex.compare.summaries;"
        "print([name for name in ('scipy.stats', 'scipy.optimize', 'pandas') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.strip() == "[]"
