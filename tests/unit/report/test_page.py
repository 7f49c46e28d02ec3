from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from pytest_parex import report
from pytest_parex.endings import Cause
from pytest_parex.model import FileChange

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """The page as a browser would take it apart: tags with attributes, and the text inside each tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, tag=None):
        return "".join(data for name, data in self.texts if tag in (None, name))


def page(told, **sections):
    return report.page(told.plan, told.comparison, told.results, sections=sections)


@pytest.fixture
def told(story):
    told = story(
        description="Which is best?",
        task="Do it.\nWell.",
        variants={"oop": "Use classes.\nAnd more.", "functional": "Use functions."},
        compare={"rank": ["success_rate", "time"]},
        metrics={"time": {"command": "x", "unit": "ms", "better": "lower"}},
        checks={"tests": "pytest"},
    )
    changed = [FileChange(path="a.py", status="modified", lines_added=3, lines_removed=1)]
    patch = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n same\n-old <b>\n+new\n"
    told.ended("oop", metrics={"time": 4.0}, checks={"tests": True}, changed=changed, files={"changes.patch": patch})
    told.ended("oop", Cause.RATE_LIMITED, "429, try later", repeat=2)
    told.ended(
        "functional",
        Cause.CHECK_FAILED,
        "tests failed: exit code 1",
        metrics={"time": 2.0},
        checks={"tests": False},
        files={"checks/tests.log": "E   assert 1 == 2\n", "run.log": "working\n", "RESULTS.md": "I did it\n"},
        phases={"execute": 61.0, "checks": 1.0},
        artifacts=("artifacts/a b#1.txt", "../../../../etc/passwd", "gone.txt"),
    )
    (told.directory / "trials/functional/attempt-1/artifacts").mkdir()
    (told.directory / "trials/functional/attempt-1/artifacts/a b#1.txt").write_text("x")
    told.planned("functional", repeat=2)
    return told


def test_the_page_is_well_formed_and_says_the_verdict_first(told):
    parsed = Page(page(told))

    assert parsed.open == []
    headings = [data.strip() for tag, data in parsed.texts if tag in ("h1", "h2") and data.strip()]
    assert headings[0] == "limiter"
    assert headings[1:4] == ["leads, but that is not established", "Variants", "Trial by trial"]
    for reason in told.comparison.reasons:
        assert reason.replace("`", "") in parsed.text()


def test_every_section_that_a_reader_needs_is_there(told):
    parsed = Page(page(told))

    titles = " ".join(data.strip() for tag, data in parsed.texts if tag == "h2")
    for title in (
        "Checks",
        "Failures",
        "Missing trials",
        "Configuration differences",
        "Metrics",
        "Differences",
        "Changes",
        "Trials",
        "How to reproduce",
    ):
        assert title in titles


def test_nothing_is_requested_and_nothing_runs(told):
    parsed = Page(page(told))

    assert not {tag for tag, _ in parsed.tags} & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    for tag, attributes in parsed.tags:
        assert not {name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")}, tag
    for link in parsed.named("a"):
        assert re.match(r"#(t\d+|differences)$|trials/", link["href"])
    css = parsed.text("style")
    assert "url(" not in css
    assert "@import" not in css


def test_the_policy_allows_this_style_sheet_and_nothing_else(told):
    parsed = Page(page(told))

    (policy,) = (
        meta["content"] for meta in parsed.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    )
    digest = base64.b64encode(hashlib.sha256(parsed.text("style").encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_light_dark_and_narrow_windows_are_provided_for(told):
    parsed = Page(page(told))

    assert "prefers-color-scheme: dark" in parsed.text("style")
    assert "max-width: 40rem" in parsed.text("style")
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in parsed.named("meta")


def test_tables_have_headings_for_rows_and_columns(told):
    parsed = Page(page(told))

    scopes = [attributes.get("scope") for attributes in parsed.named("th")]
    assert set(scopes) == {"col", "row"}
    assert len(parsed.named("thead")) == len(parsed.named("table")) == len(parsed.named("tbody"))


def test_links_within_the_page_lead_somewhere(told):
    parsed = Page(page(told))

    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in parsed.named("a") if link["href"].startswith("#")} <= set(ids)


def test_links_to_files_lead_to_files_of_the_attempt_only(told):
    parsed = Page(page(told))

    links = [unquote(link["href"]) for link in parsed.named("a") if not link["href"].startswith("#")]
    assert "trials/functional/attempt-1/artifacts/a b#1.txt" in links
    assert all((told.directory / link).is_file() for link in links)
    assert not any(".." in link or "gone" in link for link in links)


def test_a_dot_stands_for_each_counted_trial_with_a_number(told):
    parsed = Page(page(told))

    assert [circle["class"] for circle in parsed.named("circle")] == ["passed", "failed"]
    assert [data for tag, data in parsed.texts if tag == "title"][1:] == ["oop: 4 ms", "functional: 2 ms"]


def test_a_trial_unfolds_to_message_phases_logs_and_diff(told):
    parsed = Page(page(told))
    text = parsed.text()

    assert len([each for each in parsed.named("details") if each.get("class") == "trial"]) == 3
    for part in (
        "tests failed: exit code 1",
        "execute 1 min 1 s",
        "E   assert 1 == 2",
        "working",
        "I did it",
        "time 2 ms",
    ):
        assert part in text
    assert parsed.text("ins") == "+3+new\n"
    assert parsed.text("del") == "-1-old <b>\n"


HOSTILE = "\x1b[31m</pre><script>alert(1)</script><img src=x onerror=y>\u202e\x00{{ 7*7 }} & \"q\" 'q' \ud800"


def test_hostile_logs_diffs_names_and_messages_stay_text(story):
    evil = '"><script>alert(1)</script>'
    told = story(variants={evil: HOSTILE.replace("\ud800", "")}, description=evil, task=evil, checks={evil: "x"})
    raw = HOSTILE.encode("utf-8", "surrogatepass") + b"\xff\n"
    told.ended(
        "b\u202ename<i>",
        Cause.CHECK_FAILED,
        HOSTILE.replace("\ud800", ""),
        checks={"t": False},
        metrics={evil: 1.0, "m": 2.0},
        matrix={evil: evil},
        changed=[FileChange(path=evil, status="renamed", old_path=HOSTILE.replace("\ud800", ""), lines_added=1)],
        files={"checks/t.log": raw, "changes.patch": b"+" + raw, "run.log": raw, "RESULTS.md": raw},
        contaminated=(evil,),
        protected=(evil,),
        workspace=evil,
        artifacts=(evil,),
    )
    told.experiment["variants"]["b\u202ename<i>"] = "x"

    text = page(told, **{evil: HOSTILE.replace("\ud800", "")})
    parsed = Page(text)

    assert parsed.open == []
    assert not {tag for tag, _ in parsed.tags} & {"script", "img"}
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    assert "{{ 7*7 }}" in parsed.text()
    assert "⟨U+202E⟩␀" in parsed.text("pre")
    text.encode("utf-8")


def test_added_sections_are_labelled_and_not_interpreted(told):
    parsed = Page(page(told, Costs="| a |\n<b>bold</b>"))

    assert "Costs" in parsed.text("h2")
    assert "Added by a plugin or a conftest.py; not measured by parex." in parsed.text("p")
    assert "| a |\n<b>bold</b>" in parsed.text("pre")


def test_a_run_without_any_result_still_makes_a_page(story):
    told = story()
    told.planned("a")

    parsed = Page(page(told))

    assert parsed.open == []
    assert "No acceptable variant" in parsed.text("h2")


@pytest.mark.parametrize(
    ("cause", "name", "title"),
    [(Cause.SETUP_FAILED, "setup.log", "Setup"), (Cause.GRADING_FAILED, "traceback.txt", "Traceback")],
)
def test_the_log_that_explains_the_ending_is_in_the_trial(story, cause, name, title):
    told = story()
    told.ended("a", cause, files={name: "because of this\n", "run.log": "\n"})

    parsed = Page(page(told))

    assert parsed.text("h4") == title
    assert "because of this" in parsed.text("pre")


def test_a_cut_log_says_so_and_links_to_the_whole(story):
    told = story()
    told.ended("a", files={"run.log": "line\n" * 100_000})

    parsed = Page(page(told))

    assert re.search(r"4\d\d,\d\d\d bytes left out", parsed.text("span"))
    assert {"href": "trials/a/attempt-1/run.log"} in parsed.named("a")


def test_very_long_tables_are_cut_and_say_so(story):
    told = story()
    for repeat in range(1, 331):
        told.planned("a", repeat=repeat)

    parsed = Page(page(told))

    assert "30 rows left out; comparison.json has them all." in parsed.text("p")


def test_a_page_of_500_trials_stays_below_5_megabytes_also_when_everything_in_it_is_hostile(story):
    told = story(checks={"tests": "pytest"}, compare={"rank": ["success_rate", "m0"]})
    log = '"<\x01\u202e' * 1_000
    changed = [FileChange(path=f"src/file{number}<.py", status="added", lines_added=number) for number in range(60)]
    for number in range(500):
        told.ended(
            f"variant-{number % 10}",
            Cause.CHECK_FAILED if number % 4 else Cause.PASSED,
            '"' * 2000 + str(number),
            case=f"case-{number // 10}",
            checks={"tests": number % 4 == 0},
            metrics={f"m{each}": float(number + each) for each in range(30)},
            files={"checks/tests.log": log, "run.log": log, "changes.patch": log, "RESULTS.md": log},
            changed=changed,
            phases={"prepare": 1.0, "setup": 1.0, "execute": 60.0, "capture": 1.0, "checks": 1.0, "metrics": 1.0},
        )

    size = len(page(told).encode())

    assert 1_000_000 < size < 5_000_000
