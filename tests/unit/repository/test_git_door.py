from __future__ import annotations

import os

import pytest

from pytest_parex.errors import GitError
from pytest_parex.repository import Git


def test_variables_of_a_surrounding_hook_lead_nowhere_else(lab, monkeypatch):
    victim = lab.repository(name="victim")
    before = lab.state(victim)
    monkeypatch.setenv("GIT_DIR", str(victim / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(victim / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(victim))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare=true'")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")

    other = lab.repository({"x": "x"}, name="other")

    assert Git(other)("rev-parse", "--show-toplevel") == str(other)
    assert Git(other).fields("ls-files", "-z") == ["x"]
    assert lab.state(victim) == before


def test_no_hook_and_no_signature_is_made(lab, home):
    repo = lab.repository()
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch hook-ran\nexit 1\n")
    hook.chmod(0o755)
    with (home / ".gitconfig").open("a") as config:
        config.write("[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false\n")

    lab.commit(repo, {"a.py": "changed\n"})

    assert not (repo / "hook-ran").exists()


def test_a_fault_gives_the_last_meaningful_line_and_the_command(tmp_path):
    with pytest.raises(GitError) as caught:
        Git(tmp_path)("rev-parse", "--verify", "HEAD")

    assert "git rev-parse --verify HEAD" in str(caught.value)
    assert "not a git repository" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_fetch_from_nowhere_says_what_is_missing_and_not_that_it_could_not_be_read(lab, tmp_path):
    with pytest.raises(GitError, match="does not appear to be a git repository"):
        Git(lab.repository())("fetch", str(tmp_path / "nowhere"))


def test_what_ssh_said_is_not_lost_in_advice(lab):
    ssh = "sh -c 'echo Host key verification failed. >&2; exit 255' ssh"

    with pytest.raises(GitError, match=r": Host key verification failed\.$"):
        Git(lab.repository(), settings={"core.sshCommand": ssh})("ls-remote", "ssh://example.org/x.git")


def test_names_survive_whatever_bytes_they_are_made_of(lab):
    names = ["with space", "café", "two\nlines", os.fsdecode(b"latin-\xe9"), "tab\there", 'quote"s']
    repo = lab.repository(dict.fromkeys(names, "x"))

    assert sorted(Git(repo).fields("ls-files", "-z")) == sorted(names)
    Git(repo)("rm", "-q", "--cached", "--", names[3])
    assert names[3] not in Git(repo).fields("ls-files", "-z")


def test_a_command_that_takes_too_long_is_killed(lab):
    repo = lab.repository()
    with pytest.raises(GitError, match=r"git wait.*killed"):
        Git(repo, settings={"alias.wait": "!sleep 60"})("wait", timeout=0.3)


def test_messages_are_english_wherever_it_runs(lab, monkeypatch):
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")

    environment = Git(lab.repository()).environment()

    assert environment["LC_ALL"] == "C"
    assert environment["LANGUAGE"] == "C"


def test_git_never_asks_for_a_password(lab):
    repo = lab.repository()
    asked = Git(repo).run("credential", "fill", input="protocol=https\nhost=example.org\n\n", timeout=20)

    assert asked.exit_code != 0
    assert b"prompts disabled" in asked.stderr


def test_that_git_is_not_installed_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(GitError, match="git"):
        Git(tmp_path)("version")
