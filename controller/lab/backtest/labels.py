"""When a Region was truly impaired, as somebody says: a CSV of region,start,end and perhaps a name."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from controller.core.text import plain

LARGEST = 4 * 1024 * 1024
HEADER = ("region", "start", "end")


class BadLabels(Exception):  # noqa: N818
    """The file holds no labels; one sentence, with the line where there is one."""


@dataclass(frozen=True, slots=True)
class Window:
    """`region` was impaired from `start` to `end`, in seconds since 1970."""

    region: str
    start: float
    end: float
    name: str = ""


def read_labels(path: Path) -> tuple[Window, ...]:
    """The windows in order of their start. An empty end: it lasts. Raises `BadLabels`."""
    try:
        if not path.is_file():
            raise BadLabels("is not there, or not a regular file")
        if path.stat().st_size > LARGEST:
            raise BadLabels(f"is larger than {LARGEST >> 20} MiB")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadLabels(f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadLabels("is not UTF-8") from error
    found = []
    try:
        rows = list(csv.reader(text.splitlines(), strict=True))
    except csv.Error as error:
        raise BadLabels(f"is not CSV: {error}") from error
    if not rows or tuple(cell.strip().lower() for cell in rows[0][:3]) != HEADER:
        raise BadLabels("line 1: expected the header region,start,end[,name]")
    for number, row in enumerate(rows[1:], start=2):
        if row and any(cell.strip() for cell in row):
            found.append(_window(row, number))
    return tuple(sorted(found, key=lambda each: (each.start, each.region)))


def _window(row: list[str], number: int) -> Window:
    if len(row) < 3:
        raise BadLabels(f"line {number}: expected region,start,end")
    start = _moment(row[1], number)
    end = _moment(row[2], number) if row[2].strip() else inf
    if end <= start:
        raise BadLabels(f"line {number}: the end is not after the start")
    return Window(plain(row[0], 40), start, end, plain(row[3], 80) if len(row) > 3 else "")


def _moment(text: str, number: int) -> float:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadLabels(f"line {number}: {plain(text, 40)!r} is not a time") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
