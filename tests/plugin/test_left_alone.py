"""Trials are not touched by what a suite does to its tests; its tests still are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_parex.testing import Finished, Project

CONFTEST = """
    import os
    from pathlib import Path
    import pytest

    def seen(request, what):
        with Path(os.environ["TRACES"], what).open("a") as file:
            file.write(f"{request.node.nodeid}\\n")

    @pytest.fixture(autouse=True)
    def for_functions(request):
        seen(request, "function")

    @pytest.fixture(autouse=True, scope="module")
    def for_modules(request):
        seen(request, "module")

    @pytest.fixture(autouse=True, scope="session")
    def for_sessions(request):
        seen(request, "session")

    @pytest.fixture
    def from_ini(request):
        seen(request, "ini")
"""
PLUGIN = """
    import pytest

    @pytest.fixture(autouse=True)
    def from_plugin(request):
        from conftest import seen
        seen(request, "plugin")
"""
PACKAGE = """
    import os
    from pathlib import Path

    def setup_module():
        Path(os.environ["TRACES"], "package").write_text("set up")
"""
INI = """
    [pytest]
    timeout = 0.3
    reruns = 2
    usefixtures = from_ini
"""
TEST_FILE = """
    import os
    from pathlib import Path

    def test_flaky():
        mark = Path(os.environ["TRACES"], "tried")
        tried = mark.exists()
        mark.touch()
        assert tried
"""


@pytest.fixture(scope="module", params=["-n0", "-n2"])
def session(
    request: pytest.FixtureRequest, shared_project: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Finished, dict[str, str]]:
    traces = tmp_path_factory.mktemp("traces")
    repo = shared_project(
        {
            "conftest.py": CONFTEST,
            "every_test.py": PLUGIN,
            "pytest.ini": INI,
            "package/__init__.py": PACKAGE,
            "test_flaky.py": TEST_FILE,
        }
    )
    repo.spec(
        {
            "variants": {"long": {"runner": {"shell": "sleep 0.6"}}, "failing": {"runner": {"shell": "exit 1"}}},
            "setup": f'echo begun >> "{traces}/attempts of $PAREX_VARIANT"',
        },
        "package/spec.yaml",
    )
    run = repo.run(
        request.param,
        *("-p", "every_test", "-p", "timeout", "-p", "rerunfailures", "test_flaky.py"),
        spec="package/spec.yaml",
        env={"TRACES": str(traces), "PYTHONPATH": f"{repo.path}:{repo.environment().get('PYTHONPATH', '')}"},
    )
    return run, {file.name: file.read_text() for file in traces.iterdir()}


def test_no_autouse_fixture_of_any_scope_runs_for_a_trial(session: tuple[Finished, dict[str, str]]) -> None:
    run, traces = session

    for what in ("function", "module", "session", "plugin", "ini"):
        assert "test_flaky.py" in traces[what] or what == "session", run.out
        assert "spec.yaml" not in traces[what], what


def test_no_time_limit_of_the_suite_ends_a_trial(session: tuple[Finished, dict[str, str]]) -> None:
    run, _ = session

    assert run.results["long"].passed, run.out


def test_no_rerun_of_the_suite_repeats_a_trial(session: tuple[Finished, dict[str, str]]) -> None:
    run, traces = session

    assert traces["attempts of failing"] == "begun\n"
    assert run.outcomes == {"passed": 2, "failed": 1, "rerun": 1}, run.out


def test_no_setup_of_a_package_runs_for_a_trial(session: tuple[Finished, dict[str, str]]) -> None:
    run, traces = session

    assert "package" not in traces, run.out
