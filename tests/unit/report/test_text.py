from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as any_

from pytest_parex.report.text import one_line, shortened, visible


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07after", "after"),
        ("\x9b2Jcleared", "cleared"),
        ("a\x1b(Bb", "ab"),
        ("10%\r20%\r\ndone", "10%\n20%\ndone"),
        ("bell\x07 back\x08 nul\x00 del\x7f", "bell␇ back␈ nul␀ del␡"),
        ("if admin\u202e } \u2066", "if admin⟨U+202E⟩ } ⟨U+2066⟩"),
        ("zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("half\ud800", "half\ufffd"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("grüße, 世界, 👩\u200d💻", "grüße, 世界, 👩\u200d💻"),
    ],
)
def test_what_is_invisible_or_acts_on_its_surroundings_is_shown_or_taken_out(hostile, shown):
    assert visible(hostile) == shown


def test_an_escape_sequence_that_does_not_end_hides_nothing():
    assert "secret line" in visible("\x1b]0;title\nsecret line\n")
    assert "same line" in visible("\x1b]0;same line")


@given(any_.text(any_.characters(codec=None)))
def test_visible_text_has_no_control_or_format_characters_and_can_be_encoded(text):
    shown = visible(text)

    shown.encode("utf-8")
    assert not [each for each in shown if unicodedata.category(each) == "Cc" and each not in "\n\t"]
    assert not [each for each in shown if unicodedata.bidirectional(each) in ("LRE", "RLE", "LRO", "RLO", "LRI", "RLI")]


def test_one_line_shows_where_lines_ended_and_is_cut_in_the_middle():
    assert one_line(" first \r\n\n second\x1b[0m ") == "first ⏎ second"
    assert one_line("abcdefghijklmnop", 10) == "abcdef…nop"


@given(any_.text(max_size=50), any_.integers(1, 60))
def test_a_shortened_text_is_never_longer_than_asked(text, limit):
    assert len(shortened(text, limit)) <= max(limit, 1)
