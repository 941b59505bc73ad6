"""Text from outside, made safe to print in a terminal, log, page or report.

It cannot end a line, colour or move a terminal, reorder what stands beside it, or hide in it. Escaping
for HTML is the page's own work.
"""

import re

NOTICE = 1_000
"""Bytes of the text of a page to people: they read it at 3 a.m., on a telephone."""
SUBJECT, SUBJECT_END = 100, 60
"""Characters of a page's subject (SNS's own limit), and of its end that is kept: it says the matter."""

# Longest form first; the last alternative takes every escape character that is left.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"  # CSI: colour, cursor
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*+(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, …: window title, clipboard, links
    r"|\x1b[(-/][ -~]|\x1b[0-~]|\x1b"
)
_BREAK = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1f\x85\u2028\u2029]")
_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1f\x85\u2028\u2029]\s*+")

# Python calls these printable, yet nothing is seen: fillers, joiners, variation selectors, blank braille.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def sanitize(text: str, limit: int, *, lines: bool = False) -> str:
    """Return `text` as one line of at most `limit` visible characters.

    Line breaks become one space (`lines` keeps each as a newline), and each other blank becomes a space.
    Control, bidirectional, invisible, private, unassigned and half (surrogate) characters and whole terminal
    escape sequences are removed. A text that is cut ends in an ellipsis. Applied to its own result, the
    function returns the same. It reads no more than 16 × limit + 4096 characters, so that the cost does not
    grow with the input.
    """
    if limit <= 0:
        return ""
    read = text[: 16 * limit + 4096]
    if not read.isprintable():
        read = _ESCAPE.sub("", read)
        read = _BREAK.sub("\n", read) if lines else _BREAKS.sub(" ", read)
        read = "".join(
            char if char.isprintable() or (lines and char == "\n") else " " if char.isspace() else ""
            for char in read
        )
    if not read.isascii():
        read = _INVISIBLE.sub("", read)
    read = read.strip()
    if len(read) <= limit and len(text) <= 16 * limit + 4096:
        return read
    return read[: limit - 1].rstrip() + "…"


def shorten(text: str, limit: int = NOTICE) -> str:
    """Return `text` in at most `limit` bytes of UTF-8.

    It cuts the longest lines first, so that no line is lost.
    """
    lines = text.split("\n")
    while len("\n".join(lines).encode()) > limit:
        longest = max(range(len(lines)), key=lambda n: len(lines[n]))
        over = len("\n".join(lines).encode()) - limit
        kept = max(0, len(lines[longest]) - max(2, over // 4 + 2))
        lines[longest] = lines[longest][:kept].rstrip("…") + "…" if kept else ""
        if not any(lines):
            break
    return "\n".join(lines)


def abridge(text: str, limit: int = SUBJECT, end: int = SUBJECT_END) -> str:
    """Return `text` in at most `limit` characters.

    It is cut in its middle: at its beginning stands whose it is, and at its end what happened.
    """
    return text if len(text) <= limit else f"{text[: limit - end - 2].rstrip()}..{text[-end:].lstrip()}"


def format_duration(seconds: float) -> str:
    """Return seconds as text: `200.4` -> `3m20s`."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
