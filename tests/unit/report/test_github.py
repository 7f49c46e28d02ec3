from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as any_

from pytest_parex.report.github import Section, code, fenced, fit, sentence, table_head, table_rows, text
from pytest_parex.report.table import Cell, Column, Row, Table


@pytest.mark.parametrize(
    ("hostile", "written"),
    [
        ("a | b", r"a \| b"),
        ("<img src=x>", "&lt;img src=x>"),
        ("&lt;", "&amp;lt;"),
        ("[x](http://evil)", r"\[x\](http://evil)"),
        ("*now* _this_ `code`", r"\*now\* \_this\_ \`code\`"),
        ("success_rate", "success_rate"),
        ("@everybody see #12", "@<!-- -->everybody see #<!-- -->12"),
        ("# title", r"\# title"),
        ("- item", r"\- item"),
        ("-3.5 ms", "-3.5 ms"),
        ("12. item", r"12\. item"),
        ("86.7 %", "86.7 %"),
        ("$x$", r"\$x$"),
        ("$0.12", "$0.12"),
        ("two\nlines", "two ⏎ lines"),
    ],
)
def test_text_means_nothing_but_its_characters(hostile, written):
    assert text(hostile) == written


@pytest.mark.parametrize(
    ("hostile", "written"),
    [("oop", "`oop`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("``x", "``` ``x ```"), ("", ""), ("a\nb", "`a ⏎ b`")],
)
def test_a_code_span_cannot_be_left(hostile, written):
    assert code(hostile) == written


def test_a_fence_is_longer_than_any_in_the_text():
    block = fenced(["````", "<b>", "\x1b[31mred"])

    assert block.split("\n") == ["`````text", "````", "<b>", "red", "`````"]


def test_names_between_backticks_become_code_in_sentences():
    assert sentence("`a_*b` leads `c`, 100 % <now>") == "`a_*b` leads `c`, 100 % &lt;now>"
    assert sentence("one ` only") == r"one \` only"


def test_a_table_keeps_its_columns_whatever_the_cells_hold():
    table = Table(
        (Column("name|x"), Column("time", numeric=True)),
        (Row((Cell("a|b`c", "name"), Cell("1 | 2\n3")), best=True), Row((Cell("", "trial"), Cell("")))),
    )

    assert table_head(table) == "| name\\|x | time |\n| --- | ---: |"
    assert table_rows(table) == (r"| **``a\|b`c``** | 1 \| 2 ⏎ 3 |", "|   |   |")


@given(any_.lists(any_.lists(any_.text("ab\n", max_size=30), max_size=20), max_size=6), any_.integers(200, 2000))
def test_fitting_keeps_heads_and_says_what_is_left_out(rows, limit):
    sections = [Section("t", head="head", rows=tuple(each)) for each in rows]

    fitted = fit(sections, limit)

    total = sum(len(str(section)) + 2 for section in fitted)
    assert total <= limit or not any(section.rows for section in fitted)
    for before, after in zip(sections, fitted, strict=True):
        assert before.rows[: len(after.rows)] == after.rows
        assert after.cut == len(before.rows) - len(after.rows)
        assert "head" in str(after)
        assert ("left out to fit" in str(after)) == (after.cut > 0)
