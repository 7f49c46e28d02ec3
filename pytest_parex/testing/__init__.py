"""Test your own specs, hooks and assertions: a real repository, a real run, and what came of it.

from pytest_parex.testing import Project

def test_my_spec(tmp_path):
    project = Project(tmp_path / "repo", {"solve.py": "print(42)"})
    project.spec({"variants": {"a": "…"}, "runner": {"shell": "python solve.py"}})
    run = project.run("-n", "2")
    assert run.outcomes == {"passed": 1}

`ScriptedModel` stands in for the model of real agent sessions, at no cost.
"""

from pytest_parex.rehearsal import ScriptedModel
from pytest_parex.testing.project import Finished, Project

__all__ = ["Finished", "Project", "ScriptedModel"]
