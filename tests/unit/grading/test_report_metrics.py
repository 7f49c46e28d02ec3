"""JUnit and coverage reports, as the tools write them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_parex.grading import read_metrics
from pytest_parex.model import Metric

Read = Callable[..., tuple[dict[str, float], dict[str, str]]]

MAVEN = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="com.acme.LimiterTest" time="1,200.5" tests="4"
 errors="1" skipped="1" failures="0">
  <properties><property name="java.version" value="21"/></properties>
  <testcase name="allows" classname="com.acme.LimiterTest" time="0.1"/>
  <testcase name="flaky" classname="com.acme.LimiterTest" time="0.2"><flakyFailure message="x"/></testcase>
  <testcase name="breaks" classname="com.acme.LimiterTest" time="0.2">
    <error message="boom" type="E">trace</error><rerunError/><system-out><![CDATA[<failure/>]]></system-out></testcase>
  <testcase name="later" classname="com.acme.LimiterTest" time="0"><skipped message="not yet"/></testcase>
</testsuite>
"""
JEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="jest tests" tests="3" failures="1" errors="0" time="0.61">
  <testsuite name="limiter" errors="0" failures="1" skipped="0" tests="2" time="0.4">
    <testcase classname="limiter" name="one" time="0.003"></testcase>
    <testcase classname="limiter" name="two" time="0.001"><failure>Error: expect(received)</failure></testcase>
  </testsuite>
  <testsuite name="other" errors="0" failures="0" skipped="0" tests="1" time="0.2">
    <testcase classname="other" name="three" time="0.003"></testcase>
  </testsuite>
</testsuites>
"""
COBERTURA = """<?xml version="1.0"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="0.8" branch-rate="0.5" lines-covered="8" lines-valid="10" branches-covered="1" branches-valid="2"
 complexity="0" version="2.0" timestamp="1"><packages/></coverage>
"""


def test_a_report_of_pytest_is_read(make_work: Callable[..., Any]) -> None:
    work = make_work(metrics={"suite": {"junit": "report.xml"}})
    (work.workspace / "test_it.py").write_text(
        "import pytest\n"
        "def test_one(): pass\n"
        "def test_two(): pass\n"
        "def test_bad(): assert 0\n"
        "def test_error(missing): pass\n"
        "@pytest.mark.skip\ndef test_skipped(): pass\n"
        "@pytest.mark.xfail\ndef test_xfail(): assert 0\n"
    )
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:parex", "--junitxml=report.xml", "--rootdir=."]
    subprocess.run([sys.executable, "-m", "pytest", *options], cwd=work.workspace, check=False, capture_output=True)
    metrics = read_metrics(work)
    assert metrics.pop("suite.duration_s").unit == "s"
    assert metrics == {
        "suite.tests": Metric(value=6),
        "suite.passed": Metric(value=2, better="higher"),
        "suite.failed": Metric(value=1, better="lower"),
        "suite.errors": Metric(value=1, better="lower"),
        "suite.skipped": Metric(value=2),
        "suite.pass_rate": Metric(value=0.5, better="higher"),
    }


def test_a_report_of_maven_is_read(read: Read, workspace: Path) -> None:
    found, _ = read(lambda: (workspace / "r.xml").write_text(MAVEN), junit="r.xml")
    assert found == {
        "m.tests": 4,
        "m.passed": 2,
        "m.failed": 0,
        "m.errors": 1,
        "m.skipped": 1,
        "m.duration_s": 1200.5,
        "m.pass_rate": pytest.approx(2 / 3),
    }


def test_a_report_of_jest_is_read(read: Read, workspace: Path) -> None:
    found, _ = read(lambda: (workspace / "r.xml").write_text(JEST), junit="r.xml")
    assert (found["m.tests"], found["m.passed"], found["m.failed"]) == (3, 2, 1)
    assert found["m.duration_s"] == 0.61


def test_reports_of_one_suite_in_many_files_are_added(read: Read, workspace: Path) -> None:
    def write() -> None:
        (workspace / "target").mkdir()
        (workspace / "target" / "TEST-a.xml").write_text(MAVEN)
        (workspace / "target" / "TEST-b.xml").write_text(JEST)

    found, _ = read(write, junit="target/TEST-*.xml")
    assert (found["m.tests"], found["m.passed"], found["m.duration_s"]) == (7, 4, 1201.11)


def test_totals_are_used_where_there_are_no_cases(read: Read, workspace: Path) -> None:
    text = '<testsuites><testsuite tests="5" failures="1" skipped="1" time="2"/><testsuite tests="2"/></testsuites>'
    found, _ = read(lambda: (workspace / "r.xml").write_text(text), junit="r.xml")
    assert (found["m.tests"], found["m.passed"], found["m.skipped"], found["m.duration_s"]) == (7, 5, 1, 2)


@pytest.mark.parametrize("text", ["<testsuites/>", '<testsuite><testcase name="a"><skipped/></testcase></testsuite>'])
def test_a_pass_rate_of_no_tests_is_missing(read: Read, workspace: Path, text: str) -> None:
    found, missing = read(lambda: (workspace / "r.xml").write_text(text), junit="r.xml")
    assert "m.pass_rate" not in found
    assert found["m.passed"] == 0
    assert missing == {"m.pass_rate": "no test was executed"}


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><testsuites>&i;</testsuites>"
)


@pytest.mark.parametrize("kind", ["junit", "coverage"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BOMB, "document type definition"),
        (
            '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><testsuite>&e;</testsuite>',
            "document type definition",
        ),
        ("<testsuite>", "is not well-formed XML|is no Cobertura report"),
        ("", "is not well-formed XML"),
        ("<html/>", "outermost element is <html>"),
        ('<?xml version="1.0" encoding="no-such"?><testsuite/>', "unknown encoding"),
        ("not xml at all", "is not well-formed XML"),
        ("<" + "x" * 300 + "/>", "outermost element is <x+…>"),
    ],
)
def test_hostile_xml_is_missing_with_its_reason(
    read: Read, workspace: Path, kind: str, content: str, reason: str
) -> None:
    import re

    found, missing = read(lambda: (workspace / "r.xml").write_text(content), **{kind: "r.xml"})
    assert found == {}
    assert re.search(reason, missing["m"]), missing
    assert "r.xml" in missing["m"]


def test_deep_and_long_xml_is_read_without_harm(read: Read, workspace: Path) -> None:
    text = "<testsuites>" + "<testsuite>" * 200_000 + "</testsuite>" * 200_000 + "</testsuites>"
    found, _ = read(lambda: (workspace / "r.xml").write_text(text), junit="r.xml")
    assert found["m.tests"] == 0


def test_xml_that_is_too_large_is_not_read(read: Read, workspace: Path) -> None:
    def write() -> None:
        with (workspace / "r.xml").open("wb") as file:
            file.write(b"<testsuites>")
            file.truncate(50 * 1024**3)

    assert read(write, junit="r.xml")[1]["m"] == "r.xml is larger than 64 MiB, the most that is read"


@pytest.mark.parametrize("text", ['<testsuite tests="-1"/>', '<testsuite tests="1" failures="2"/>'])
def test_totals_that_cannot_be_are_missing(read: Read, workspace: Path, text: str) -> None:
    found, missing = read(lambda: (workspace / "r.xml").write_text(text), junit="r.xml")
    assert found == {}
    assert "not a count" in missing["m"] or "contradict each other" in missing["m"]


def test_both_forms_of_one_coverage_measurement_give_the_same_numbers(make_work: Callable[..., Any]) -> None:
    work = make_work(metrics={"xml": {"coverage": "coverage.xml"}, "json": {"coverage": "coverage.json"}})
    (work.workspace / "it.py").write_text("def f(x):\n    if x:\n        return 1\n    return 2\nf(1)\n")
    for arguments in (["run", "--branch", "it.py"], ["xml"], ["json"]):
        subprocess.run(
            [sys.executable, "-m", "coverage", *arguments], cwd=work.workspace, check=True, capture_output=True
        )
    metrics = read_metrics(work)
    for form in ("xml", "json"):
        assert metrics[form] == Metric(value=80, unit="%", better="higher")
        assert metrics[f"{form}.lines"] == Metric(value=5, unit="lines")
        assert metrics[f"{form}.lines_covered"] == Metric(value=4, unit="lines")
        assert metrics[f"{form}.branches"] == Metric(value=50, unit="%", better="higher")


def test_a_report_of_cobertura_is_read_although_it_names_a_definition(read: Read, workspace: Path) -> None:
    found, missing = read(lambda: (workspace / "c.xml").write_text(COBERTURA), coverage="c.xml")
    assert found == {"m": 80, "m.lines": 10, "m.lines_covered": 8, "m.branches": 50}
    assert missing == {}


def test_a_rate_is_used_where_there_are_no_counts(read: Read, workspace: Path) -> None:
    text = '<coverage line-rate="0.75" branch-rate="1"/>'
    assert read(lambda: (workspace / "c.xml").write_text(text), coverage="c.xml")[0] == {"m": 75}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"totals": {"num_statements": 0, "covered_lines": 0}}', "it measured no lines"),
        ('<coverage line-rate="1" lines-valid="0" lines-covered="0"/>', "it measured no lines"),
        ('{"totals": {}}', "no report of coverage.py"),
        ('{"totals": []}', "no report of coverage.py"),
        ('{"totals": {"num_statements": 5, "covered_lines": 6}}', "cannot be"),
        ('<coverage line-rate="7"/>', "cannot be"),
        ('<coverage line-rate="high"/>', "`high` is not a number"),
        ('<coverage generated="1"><project/></coverage>', "no Cobertura report"),
        ("{", "is not JSON"),
    ],
)
def test_coverage_of_nothing_or_nonsense_is_missing(read: Read, workspace: Path, content: str, reason: str) -> None:
    found, missing = read(lambda: (workspace / "c").write_text(content), coverage="c")
    assert found == {}
    assert reason in missing["m"]
