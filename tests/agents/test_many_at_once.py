"""Sessions side by side: they know nothing of each other, and share what is scarce."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from pytest_parex.endings import Cause
from pytest_parex.testing import Project, ScriptedModel

from .stories import LEAN, Story, bash, claude, rehearsable, session

GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta")


def test_seven_agents_at_once_see_nothing_of_each_other(tmp_path: Path) -> None:
    look = "env; pwd; git log --all --oneline; git branch -a; find $CLAUDE_CONFIG_DIR $TMPDIR -maxdepth 3"
    turns = [{"calls": [bash("date > own.txt"), bash(look)]}, "Done."]
    script = {"scripts": dict.fromkeys(GREEK, turns)}
    project = Project(tmp_path / "repo")
    variants = {name: f"SECRET-OF-{name}. [[script:{name}]]" for name in GREEK}

    with ScriptedModel(script) as model:
        rehearsable(project, {"variants": variants}, script)
        own = {"HOME": str(tmp_path / "home"), **model.environment()}
        done = project.run(*LEAN, "-n7", env=own)
        asked = [json.dumps(request.body) for request in model.requests if request.body.get("messages")]

    assert done.outcomes == {"passed": 7}, done.out
    for name in GREEK:
        own_questions = [text for text in asked if f"SECRET-OF-{name}" in text]
        assert len(own_questions) == 2
        others = [other for other in GREEK if other != name]
        assert not [other for other in others if any(f"SECRET-OF-{other}" in text for text in own_questions)]
        assert not [other for other in others if any(f"/{other}" in text for text in own_questions)]
        assert "own.txt" not in own_questions[0]


def test_a_provider_that_is_not_there_is_told_from_a_variant_that_fails(tmp_path: Path) -> None:
    project = rehearsable(Project(tmp_path / "repo"), {"variants": {"a": "go"}, "retries": 0}, {"sessions": []})
    nowhere = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9", "ANTHROPIC_API_KEY": "sk-ant-not-one", "NO_PROXY": "*"}

    done = project.run(*LEAN, env=nowhere)

    assert done.results["a"].cause is Cause.NETWORK, done.out
    assert "ECONNREFUSED" in done.results["a"].message


@pytest.fixture(scope="module")
def twenty(told: Callable[..., Story]) -> Story:
    spec = {"variants": {f"v{number}": "go" for number in range(20)}, "max_parallel": 5, "runner": claude()}
    return told("twenty", spec, {"sessions": [{"turns": ["Done."]}]}, "-n8")


def test_twenty_agents_run_five_at_a_time(twenty: Story) -> None:
    assert twenty.outcomes == {"passed": 20}, twenty.out
    changes = []
    for trial in (f"v{number}" for number in range(20)):
        for name, step in (("phase", 1), ("phase-end", -1)):
            (event,) = (one for one in twenty.events(trial, name) if one.data["phase"] == "execute")
            changes.append((datetime.fromisoformat(event.time), step))
    running = most = 0
    for _, step in sorted(changes):
        running += step
        most = max(most, running)

    assert 2 <= most <= 5


@pytest.fixture(scope="module")
def budgeted(told: Callable[..., Story]) -> Story:
    dear = {"calls": [bash("true")], "usage": {"input_tokens": 100_000, "output_tokens": 10_000}}
    spec = {
        "variants": dict.fromkeys(GREEK, "go"),
        "budget": {"usd": 3, "trial_usd": 1},
        "runner": claude(max_turns=50),
    }
    return told("budget", spec, {"sessions": [{"turns": [], "after": dear}]}, "-n7")


def test_seven_agents_at_once_stay_within_the_budget(budgeted: Story) -> None:
    by_cause: dict[Cause, list[float]] = {}
    for result in budgeted.results.values():
        cost = result.metrics["cost_usd"].value if "cost_usd" in result.metrics else 0.0
        by_cause.setdefault(result.cause, []).append(cost)

    assert set(by_cause) == {Cause.MONEY_LIMIT, Cause.BUDGET_SPENT}
    assert len(by_cause[Cause.MONEY_LIMIT]) == 3
    assert by_cause[Cause.MONEY_LIMIT] == pytest.approx([0.9] * 3)
    assert sum(by_cause[Cause.BUDGET_SPENT]) == 0


@pytest.mark.parametrize(
    ("status", "kind", "message", "said"),
    [
        (401, "authentication_error", "invalid x-api-key", "Invalid API key"),
        (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", "Credit balance"),
    ],
)
def test_refused_credentials_stop_the_run_with_one_message(
    tmp_path: Path, status: int, kind: str, message: str, said: str
) -> None:
    refusal = {"kind": "http", "status": status, "type": kind, "message": message}
    script = {"sessions": [{"turns": [{"fail": refusal}]}]}
    project = rehearsable(Project(tmp_path / "repo"), {"variants": {f"v{n}": "go" for n in range(8)}}, script)

    done = project.run("--parex-rehearse", *LEAN, "-n2")

    executed = [result for result in done.results.values() if result.attempt]
    assert 1 <= len(executed) <= 2
    assert {result.cause for result in executed} == {Cause.CREDENTIALS}
    assert said in executed[0].message
    assert sum("is stopped: " in line for line in done.out.splitlines()) == 1, done.out
    assert done.exit_code != 0


def test_a_rate_limit_holds_back_the_next_trial(told: Callable[..., Story]) -> None:
    limited = {"kind": "http", "status": 429, "type": "rate_limit_error", "message": "slow down"}
    sessions = [session("first", [{"text": "x", "fail": limited}]), session("second", ["Done."])]
    spec = {"variants": {"first": "go", "second": "go"}, "retries": 0}

    story = told("rate-limit", spec, {"sessions": sessions}, "-n0")

    assert story.result("first").cause is Cause.RATE_LIMITED
    assert story.events("second", "cooling-down")
    assert story.result("second").cause is Cause.PASSED
