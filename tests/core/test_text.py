"""Text from outside cannot forge a line, colour a terminal, reorder its neighbours or grow without end."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.text import sanitize, shorten

RLO, PDF, ZWSP, BOM = "\u202e", "\u202c", "\u200b", "\ufeff"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("storefront-us-east-1 ü→", "storefront-us-east-1 ü→"),
        ("Überlast in Zürich – 99 % ✓ 日本", "Überlast in Zürich – 99 % ✓ 日本"),
        ("", ""),
        ("  padded \t", "padded"),
        ("one\ntwo\r\n\r\nthree", "one two three"),
        ("one\u2028two\u2029three\x85four\x0bfive", "one two three four five"),
        ("tab\tand\u00a0hard\u3000blank", "tab and hard blank"),
        ("ok\n2026-11-23T09:14:00Z INFO armed", "ok 2026-11-23T09:14:00Z INFO armed"),
        ("\x1b[31mred\x1b[0m alert\x1b[2J", "red alert"),
        ("\x9b31mred", "red"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]never closed", "never closed"),
        ("\x1b[", ""),
        ("\x1b(Bcharset", "charset"),
        ("a\x00b\x07c\x7fd\x9fe", "abcde"),
        (f"{RLO}live{PDF} shadow", "live shadow"),
        ("\u2066left\u2069 \u061cmark", "left mark"),
        (f"{BOM}he{ZWSP}l\u00adlo\u2060", "hello"),
        ("tag\U000e0041\U000e007fged", "tagged"),
        ("filler\u3164\u115f\u2800\u034f\ufe0f\U000e0100!", "filler!"),
        ("half\ud800surrogate\udfff", "halfsurrogate"),
        ("private\ue000 nonchar\uffff", "private nonchar"),
    ],
)
def test_one_plain_line(text: str, expected: str) -> None:
    assert sanitize(text, 100) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abcd efg", 6, "abcd…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("abc", -5, ""),
        ("a\x00\x00\x00\x00\x00\x00b", 2, "ab"),
        ("\x00" * 100_000 + "tail", 10, "…"),
    ],
)
def test_clipped_with_an_ellipsis(text: str, limit: int, expected: str) -> None:
    assert sanitize(text, limit) == expected


def test_lines_are_kept_where_lines_are_wanted() -> None:
    page = "Moved\r\n\n  traffic\x1b[2J\u2028out\rof\u202e it\n"
    assert sanitize(page, 100, lines=True) == "Moved\n\n  traffic\nout\nof it"
    assert sanitize(page, 100) == "Moved traffic out of it"
    assert sanitize(page, 8, lines=True) == "Moved…"
    assert sanitize("a\nb\tc\x00", 10, lines=True) == "a\nb c"


@pytest.mark.parametrize("unit", [" ", "\n", "\x1b", "\x1b]", "\x1b[1", "\x9b0", " \n", "\u202e", "[", "é\t"])
def test_no_input_makes_it_slow(unit: str) -> None:
    """A quadratic pattern would need hours for these."""
    assert len(sanitize(unit * 1_000_000, 200)) <= 200
    assert len(sanitize(unit * 20_000, 10_000)) <= 10_000


@given(st.text(st.characters(categories=None), max_size=300), st.integers(0, 80), st.booleans())
def test_whatever_comes_in(text: str, limit: int, lines: bool) -> None:
    out = sanitize(text, limit, lines=lines)
    assert len(out) <= limit
    assert out == out.strip()
    shown = out.replace("\n", "") if lines else out
    assert shown.isprintable()
    assert not any(unicodedata.category(char)[0] == "C" for char in shown)
    assert sanitize(out, limit, lines=lines) == out
    out.encode()


@given(st.text(st.characters(categories=("L", "N", "P"), max_codepoint=0x24F), max_size=50))
def test_honest_text_passes_unchanged(text: str) -> None:
    assert sanitize(text, 50) == text


@pytest.mark.parametrize(
    "text", ["x" * 5000, "é" * 3000 + "\nend", "\n".join(["line " * 40] * 30), "", "…" * 900]
)
def test_a_brief_text_fits_and_keeps_its_short_lines(text: str) -> None:
    found = shorten(text, 1000)
    assert len(found.encode()) <= 1000
    assert found.count("\n") == text.count("\n")
    assert not text.endswith("\nend") or found.endswith("\nend")
    assert shorten("short\ntext", 1000) == "short\ntext"
