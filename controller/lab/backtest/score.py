"""The score of moves against labels: how many were right, false, missed or late.

It also counts how often traffic went to and fro. Labels are a CSV of region,start,end and perhaps a name:
they tell when a Region was truly impaired, as somebody says.
"""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

from controller.core.text import sanitize
from controller.lab.backtest.moves import Move

LARGEST = 4 * 1024 * 1024
HEADER = ("region", "start", "end")


class BadLabels(Exception):  # noqa: N818
    """The file holds no labels; one sentence, with the line where there is one."""


@dataclass(frozen=True, slots=True)
class Window:
    """Records that `region` was impaired from `start` to `end`, in seconds since 1970."""

    region: str
    start: float
    end: float
    name: str = ""


def read_labels(path: Path) -> tuple[Window, ...]:
    """Return the windows of a file, in order of their start. Raises `BadLabels`.

    An empty end means that the impairment lasts.
    """
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
    return Window(sanitize(row[0], 40), start, end, sanitize(row[3], 80) if len(row) > 3 else "")


def _moment(text: str, number: int) -> float:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadLabels(f"line {number}: {sanitize(text, 40)!r} is not a time") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


FLAP = 6 * 3600.0
"""Seconds after coming home within which leaving again is a flap."""
SLACK = 600.0
"""Seconds after an impairment in which leaving still answers it, if late."""


@dataclass(frozen=True, slots=True)
class Score:
    """Holds the counts of one policy's moves, and its delay and hours away.

    evacuations, approvals, false, missed, flaps: counts over all `years`; `a_year` gives them for one year.
    false: evacuations of a Region that was not impaired. missed: labelled windows, out of `labels`, in which
    the Region was not left (or away already). delay: median in seconds; None where no label was answered.
    flaps: evacuations within six hours after coming home. away: hours.
    """

    policy: str
    years: float
    evacuations: int
    approvals: int
    false: int
    missed: int
    labels: int
    delay: float | None
    flaps: int
    away: float

    def a_year(self, count: float) -> float:
        return count / self.years if self.years > 0 else 0.0

    def data(self) -> dict[str, Any]:
        """Return the score as JSON has it: counts, and the same for one year."""
        yearly = {
            f"{name}_a_year": round(self.a_year(getattr(self, name)), 2)
            for name in ("evacuations", "approvals", "false", "flaps", "away")
        }
        kept = {key: value for key, value in asdict(self).items() if key not in ("years", "away")}
        return {**kept, **yearly, "years": round(self.years, 4)}


def score(policy: str, moves: Sequence[Move], labels: Sequence[Window], *, begin: float, end: float) -> Score:
    """Score the moves of one policy between `begin` and `end`.

    Labels outside of the past are not counted.
    """
    counted = [each for each in labels if each.start < end and each.end > begin]
    delays: list[float] = []
    missed = 0
    for window in counted:
        answering = [m for m in moves if m.region == window.region and _answers(m, window)]
        if answering:
            delays.append(max(0.0, min(m.left for m in answering) - window.start))
        else:
            missed += 1
    wrong = [m for m in moves if not any(m.region == w.region and _caused(m, w) for w in counted)]
    flaps = sum(
        any(b.region == a.region and 0 <= a.left - b.home <= FLAP for b in moves if b is not a) for a in moves
    )
    return Score(
        policy,
        years=(end - begin) / (365.25 * 86400.0),
        evacuations=len(moves),
        approvals=sum(m.asked for m in moves),
        false=len(wrong),
        missed=missed,
        labels=len(counted),
        delay=median(delays) if delays else None,
        flaps=flaps,
        away=sum(min(m.home, end) - m.left for m in moves) / 3600.0,
    )


def _caused(move: Move, window: Window) -> bool:
    """Return True where the Region was impaired when it was left, or shortly before."""
    return window.start <= move.left <= window.end + SLACK


def _answers(move: Move, window: Window) -> bool:
    """Return True where the Region was left in the window or was away before.

    Away before means: it was away when the window began.
    """
    return move.left <= window.end + SLACK and move.home > window.start
