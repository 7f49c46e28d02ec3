from __future__ import annotations

import pytest

from pytest_parex.endings import Cause
from pytest_parex.report.material import Material
from pytest_parex.report.words import commands, facts, headline, moment, spec_path


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ({"verdict": "winner", "winner": "a"}, "Winner: `a`"),
        ({"verdict": "no acceptable variant", "leader": None}, "No acceptable variant"),
        ({"leader": None}, "No leader: the best variants are equal"),
        ({"leader": "a"}, "`a` leads, but that is not established"),
    ],
)
def test_the_headline_says_no_more_than_the_verdict(story, update, words):
    told = story()
    told.ended("a")
    told.ended("b", Cause.CHECK_FAILED)

    assert headline(told.comparison.model_copy(update=update)) == words


def test_a_variant_that_was_run_alone_is_not_called_leader(story):
    told = story()
    told.ended("a")

    assert headline(told.comparison) == "`a` was run alone"


def test_times_are_in_one_zone_and_what_is_no_time_is_left_as_it_is():
    assert moment("2026-11-20T18:42:10.123+02:00") == "2026-11-20 16:42:10 UTC"
    assert moment("yesterday") == "yesterday"


def test_commands_can_be_pasted_also_with_blanks_in_paths(story):
    told = story()
    told.ended("a")
    plan = told.plan.model_copy(update={"spec": "/repo/my specs/x.yaml"})

    assert commands(plan)[0][1] == "pytest --parex 'my specs/x.yaml'"


def test_a_spec_outside_every_checkout_is_named_in_full(story):
    told = story()
    told.ended("a")

    assert spec_path(told.plan.model_copy(update={"spec": "/elsewhere/x.yaml"})) == "/elsewhere/x.yaml"


def test_the_facts_name_bases_versions_and_notices(story):
    told = story()
    told.ended("a", containment="subreaper")
    plan = told.plan.model_copy(update={"versions": {"pytest": "9.2", "git": "2.39"}, "notices": ("snapshot taken",)})

    found = facts(Material(plan, told.comparison, told.results, told.directory, {}))

    assert ("base", "bbbbbbbbbbbb (HEAD of main) of .") in found
    assert ("versions", "git 2.39, pytest 9.2") in found
    assert ("processes held by", "subreaper") in found
    assert ("notice", "snapshot taken") in found
