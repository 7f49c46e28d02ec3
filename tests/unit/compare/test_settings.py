from __future__ import annotations

from typing import Any

from pytest_parex.compare.settings import differing_settings
from pytest_parex.model import Experiment


def differing(variants: dict[str, Any], **more: Any) -> dict[str, dict[str, str]]:
    return differing_settings(Experiment.model_validate({"experiment": "e", "variants": variants, **more}))


def test_only_what_differs_is_listed():
    found = differing(
        {
            "a": {"prompt": "same", "env": {"STYLE": "x", "LEVEL": "1"}},
            "b": {"prompt": "same", "env": {"STYLE": "y", "LEVEL": "1"}},
        }
    )

    assert found == {"env.STYLE": {"a": "x", "b": "y"}}


def test_a_variant_that_does_not_set_it_has_no_entry():
    found = differing({"a": {"ref": "origin/one"}, "b": {"patch": "b.patch"}, "c": {"files": {".claude/": "v2/"}}})

    assert found == {"ref": {"a": "origin/one"}, "patch": {"b": "b.patch"}, "files..claude/": {"c": "v2/"}}


def test_runner_options_are_flattened_over_those_of_the_experiment():
    found = differing(
        {"a": {}, "b": {"runner": {"claude": {"model": "opus", "tools": {"allow": ["Bash"]}}}}},
        runner={"claude": {"model": "sonnet", "max_turns": 40}},
    )

    assert found == {
        "runner.claude.model": {"a": "sonnet", "b": "opus"},
        "runner.claude.tools.allow": {"b": '["Bash"]'},
    }


def test_variants_with_different_runners_differ_in_the_runner():
    found = differing({"a": {"runner": "none"}, "b": {"runner": {"shell": "./solve.sh"}}})

    assert found == {"runner": {"a": "none", "b": "shell"}, "runner.shell": {"b": "./solve.sh"}}


def test_what_the_experiment_sets_for_all_is_part_of_the_comparison():
    found = differing(
        {"a": {"timeout": "90s"}, "b": {"env": {"STYLE": "y"}}, "c": {"setup": "make"}},
        timeout="10m",
        env={"STYLE": "x"},
        setup=["uv sync", {"verify": "uv run true"}],
    )

    assert found == {
        "env.STYLE": {"a": "x", "b": "y", "c": "x"},
        "setup": {"a": "uv sync; uv run true", "b": "uv sync; uv run true", "c": "make"},
        "timeout": {"a": "1 min 30 s", "b": "10 min", "c": "10 min"},
    }


def test_long_prompts_are_shown_by_their_first_line_and_told_apart_by_a_digest():
    found = differing({"a": "Write it.\nUse classes.", "b": "Write it.\nUse functions."})["prompt"]

    assert found["a"].startswith("Write it. … (2 lines, digest ")
    assert found["a"] != found["b"]


def test_secrets_are_known_to_differ_and_not_repeated():
    found = differing(
        {
            "a": {"env": {"API_TOKEN": "one-long-token", "DB": "postgres://me:hunter22@host/db"}},
            "b": {"env": {"MONKEY": "george"}, "runner": {"claude": {"api_key": "sk-123456", "max_tokens": 100000}}},
        }
    )

    assert found == {
        "env.API_TOKEN": {"a": "***"},
        "env.DB": {"a": "postgres://me:***@host/db"},
        "env.MONKEY": {"b": "george"},
        "runner": {"a": "none", "b": "claude"},
        "runner.claude.api_key": {"b": "***"},
        "runner.claude.max_tokens": {"b": "100000"},
    }
