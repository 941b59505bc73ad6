"""The comparison of a deployed shadow controller with the backtest of the same time.

It answers whether the policy is ready to be promoted.
```
 backtest   ──────●─────────────────●──────     evacuations of the policy on the recorded events
 shadow     ──────○───────○────────────────     when its decision became `shadow`: it would have left
              agreed   shadow alone   backtest alone
```
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from controller.core.text import sanitize
from controller.lab.backtest.moves import Move
from controller.lab.backtest.score import Score

LARGEST = 256 * 1024 * 1024
TOGETHER = 300.0
"""Seconds that two evacuations may lie apart and still be the same."""
GAP = 300.0
"""Seconds without a record after which nobody was watching."""
DAYS = 14.0
SEEN = 0.99
DAY = 86400.0


class BadExport(Exception):  # noqa: N818
    """The file is no export of assessments or of a journal.

    The message is one sentence, with the line where there is one.
    """


@dataclass(frozen=True)
class Export:
    """Holds what a shadow controller decided, and when it wrote anything.

    decisions: (when, Region, code), oldest first. moments: when anything was written at all.
    """

    decisions: tuple[tuple[float, str, str], ...]
    moments: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """Holds the evacuations that both found, and those that one found alone.

    days: from the first to the last record. watched: the share of them that was not blind. agreed: (Region,
    backtest's moment, shadow's moment). reasons: the sentences against promoting it; none: it is ready.
    """

    days: float
    watched: float
    agreed: tuple[tuple[str, float, float], ...]
    shadow_alone: tuple[tuple[str, float], ...]
    backtest_alone: tuple[tuple[str, float], ...]
    reasons: tuple[str, ...]

    @property
    def ready(self) -> bool:
        return not self.reasons


def read_export(path: Path) -> Export:
    """Read a JSONL of assessments or of journal events. Raises `BadExport`.

    An assessment has `at` and `decisions`; a journal event has `draft`.
    """
    decisions: list[tuple[float, str, str]] = []
    moments: list[float] = []
    try:
        if not path.is_file():
            raise BadExport("is not there, or not a regular file")
        if path.stat().st_size > LARGEST:
            raise BadExport(f"is larger than {LARGEST >> 20} MiB")
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadExport(f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadExport("is not UTF-8") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            at, found = _record(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            message = f"line {number}: neither an assessment nor a journal event"
            raise BadExport(message) from error
        moments.append(at)
        decisions += [(at, sanitize(region, 40), sanitize(code, 40)) for region, code in found]
    if not moments:
        raise BadExport("holds no record")
    return Export(tuple(sorted(decisions)), tuple(sorted(moments)))


def _record(found: Mapping[str, Any]) -> tuple[float, list[tuple[str, str]]]:
    if "draft" in found:
        draft = found["draft"]
        told = [draft["data"]["decision"]] if isinstance(draft["data"].get("decision"), dict) else []
        return float(draft["at"]), [(str(each["region"]), str(each["code"])) for each in told]
    told = found["decisions"]
    return _moment(found["at"]), [(str(each["region"]), str(each["code"])) for each in told]


def _moment(found: object) -> float:
    if isinstance(found, str):
        return datetime.fromisoformat(found).timestamp()
    if isinstance(found, int | float) and not isinstance(found, bool):
        return float(found)
    raise ValueError("not a time")


def compare(export: Export, moves: Sequence[Move], scored: Score | None) -> Comparison:
    """Compare the shadow's evacuations with the backtest's, over the time that both know."""
    begin, end = export.moments[0], export.moments[-1]
    theirs = list(_evacuations(export.decisions))
    agreed: list[tuple[str, float, float]] = []
    alone: list[tuple[str, float]] = []
    for move in (m for m in moves if begin - TOGETHER <= m.left <= end + TOGETHER):
        near = [t for r, t in theirs if r == move.region and abs(t - move.left) <= TOGETHER]
        if near:
            at = min(near, key=lambda t: abs(t - move.left))
            agreed.append((move.region, move.left, at))
            theirs.remove((move.region, at))
        else:
            alone.append((move.region, move.left))
    days = (end - begin) / DAY
    blind = sum(b - a - GAP for a, b in pairwise(export.moments) if b - a > GAP)
    watched = 1.0 - blind / (end - begin) if end > begin else 0.0
    reasons = tuple(_against(days, watched, agreed, alone, theirs, scored))
    return Comparison(days, watched, tuple(agreed), tuple(theirs), tuple(alone), reasons)


def _evacuations(decisions: Sequence[tuple[float, str, str]]) -> Iterator[tuple[str, float]]:
    """Yield (Region, moment) where a Region's decision became `shadow`.

    Then all that is missing is the permission to act.
    """
    codes: dict[str, str] = {}
    for at, region, code in decisions:
        if code == "shadow" and codes.get(region) != "shadow":
            yield region, at
        codes[region] = code


def _against(
    days: float,
    watched: float,
    agreed: Sequence[object],
    backtest: Sequence[object],
    shadow: Sequence[object],
    scored: Score | None,
) -> Iterator[str]:
    """Yield each reason not to promote it yet, as a sentence."""
    if days < DAYS:
        yield f"it ran for {days:.1f} days; {DAYS:.0f} are wanted"
    if watched < SEEN:
        yield f"it watched {watched:.1%} of that time; {SEEN:.0%} is wanted"
    if shadow:
        yield f"{len(shadow)} times it would have left a Region and the backtest would not"
    if backtest:
        yield f"{len(backtest)} times the backtest would have left a Region and it would not"
    if not agreed:
        yield "it never had to decide to leave: let it see a drill"
    if scored is None:
        yield "no labels were given: nobody says whether it was right"
    elif scored.false or scored.missed:
        yield f"of the labels it missed {scored.missed}, and {scored.false} evacuations were false"
