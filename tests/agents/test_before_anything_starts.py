"""What is missing or not allowed is said before anything is created, all of it at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.testing import Project

from .stories import LEAN, claude


class Gateway(BaseHTTPRequestHandler):
    """Lists models for the key `good`."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["x-api-key"] == "good" else 401)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def refused(tmp_path: Path, spec: dict[str, Any], *args: str, **env: str) -> str:
    project = Project(tmp_path / "repo", {"rehearsal.yaml": "sessions: [{turns: [Done.]}]\n"})
    project.spec({"task": "t", "variants": {"a": "go", "b": "go"}, **spec})
    none = dict.fromkeys(("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "IS_SANDBOX"), "")
    done = project.run(*LEAN, *args, env={**none, "HOME": str(tmp_path / "home"), "CLAUDE_CONFIG_DIR": "", **env})
    assert done.exit_code == 4, done.out
    assert not (project.path / ".parex").exists()
    assert not list(tmp_path.glob("repo.parex"))
    return done.out


def test_without_a_login_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    said = refused(tmp_path, {"runner": claude()})

    assert said.count("Claude Code is not logged in: set ANTHROPIC_API_KEY") == 1


def test_a_key_that_the_provider_refuses_is_found_out_before_the_first_trial(tmp_path: Path, gateway: str) -> None:
    said = refused(tmp_path, {"runner": claude()}, ANTHROPIC_API_KEY="bad", ANTHROPIC_BASE_URL=gateway)

    assert f"{gateway} refuses the ANTHROPIC_API_KEY (401): check the key" in said
    assert "bad" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is asked for leave")
def test_bypassing_permissions_as_root_needs_leave(tmp_path: Path) -> None:
    said = refused(tmp_path, {"runner": claude(permission_mode="bypassPermissions")}, "--parex-rehearse")

    assert "as root lets an agent do anything" in said
    assert "allow_root: true" in said


def test_a_sandbox_whose_parts_are_missing_is_an_error_and_never_ignored(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "git").symlink_to("/usr/bin/git")

    said = refused(tmp_path, {"runner": claude(sandbox=True)}, "--parex-rehearse", PATH=str(tools))

    assert "`sandbox` needs bwrap and socat: install bubblewrap and socat" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mdoel": "x"}, "there is no option `mdoel`; did you mean `model`?"),
        ({"cwd": "/"}, "`cwd` cannot be set: it is the trial's workspace"),
        ({"max_turns": 0}, "`max_turns`: input should be greater than or equal to 1"),
        ({"thinking": 3}, "`thinking`: input should be a valid dictionary"),
        ({"effort": "huge"}, "`effort`: input should be 'low', 'medium', 'high', 'xhigh' or 'max'"),
        ({"steps": ["a {{ nobody }}"]}, "the template uses `nobody`"),
    ],
)
def test_options_are_checked_against_the_installed_sdk(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    out = refused(tmp_path, {"runner": {"claude": options}}, "--parex-rehearse")

    assert said in out
    assert "spec.yaml:" in out


def test_a_budget_without_anybody_who_spends_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, {"runner": {"shell": "true"}, "budget": {"usd": 3, "trial_usd": 1}})

    assert "budget" in said
