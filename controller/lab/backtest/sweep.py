"""The same past by many variants of a policy: other `for`, other `observers`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.core.policy.schema import Policy
from controller.core.policy.terms import seconds
from controller.core.policy.validation import PolicyError, compiled, parse_policy
from controller.lab.backtest.evidence import Past
from controller.lab.backtest.labels import Window
from controller.lab.backtest.score import Score, score
from controller.lab.backtest.truth import Judge
from controller.lab.backtest.walk import walk

MOST = 400
_UNIT = {"s": 1, "m": 60, "h": 3600}


class BadSweep(ValueError):  # noqa: N818
    """What to sweep is not understood; one sentence."""


@dataclass(frozen=True, slots=True)
class Point:
    """One variant. refused: why such a policy does not load; then it has no score."""

    for_: str | None
    observers: int | None
    score: Score | None
    refused: str | None = None

    @property
    def name(self) -> str:
        parts = [f"for {self.for_}" if self.for_ else "", f"{self.observers} obs." if self.observers else ""]
        return ", ".join(part for part in parts if part)


def parse_sweep(text: str) -> Mapping[str, Sequence[Any]]:
    """`for=1m..10m,observers=1..3` to the values of each. Raises `BadSweep`."""
    found: dict[str, Sequence[Any]] = {}
    for part in text.split(","):
        key, _, values = part.strip().partition("=")
        first, _, last = values.partition("..")
        if key in found or key not in ("for", "observers"):
            raise BadSweep(f"{key!r}: expected for=1m..10m or observers=1..3, each once")
        found[key] = _durations(first, last or first) if key == "for" else _counts(first, last or first)
    if sum(1 for _ in _variants(found)) > MOST:
        raise BadSweep(f"more than {MOST} variants")
    return found


def _durations(first: str, last: str) -> list[str]:
    try:
        low, high = seconds(first), seconds(last)
    except ValueError as error:
        raise BadSweep(f"for={first}..{last}: {error}") from error
    unit = re.sub("[0-9]", "", first)
    step = _UNIT.get(unit)
    if step is None or high < low or (high - low) / step > MOST:
        raise BadSweep(f"for={first}..{last}: expected a rising range such as 1m..10m, in steps of its unit")
    return [f"{value}{unit}" for value in range(int(low) // step, int(high) // step + 1)]


def _counts(first: str, last: str) -> list[int]:
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last) <= 20):
        raise BadSweep(f"observers={first}..{last}: expected a rising range from 1 to 20")
    return list(range(int(first), int(last) + 1))


def _variants(wanted: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str | None, int | None]]:
    for observers in wanted.get("observers", (None,)):
        for for_ in wanted.get("for", (None,)):
            yield for_, observers


def sweep(
    policy: Policy, past: Past, labels: Sequence[Window], wanted: Mapping[str, Sequence[Any]],
    tick: Callable[[float], None] = lambda _share: None,
) -> list[Point]:  # fmt: skip
    """Each variant's score. `for` and `observers` are set in every leaf of `evacuate.when` that has them."""
    variants = list(_variants(wanted))
    found = []
    for number, (for_, observers) in enumerate(variants, start=1):
        try:
            other = varied(policy, for_, observers)
        except PolicyError as error:
            found.append(Point(for_, observers, None, str(error.problems[0].message)))
        else:
            moves = walk(Judge(other, past))
            named = Point(for_, observers, None).name
            found.append(Point(for_, observers, score(named, moves, labels, begin=past.begin, end=past.end)))
        tick(number / len(variants))
    return found


def varied(policy: Policy, for_: str | None, observers: int | None) -> Policy:
    """The policy with other numbers in `evacuate.when`. Raises `PolicyError`."""
    data = compiled(policy)
    _vary(data["evacuate"]["when"], for_, observers)
    for named in data.get("conditions", {}).values():
        _vary(named, for_, observers)
    return parse_policy(data)


def _vary(node: Any, for_: str | None, observers: int | None) -> None:
    if isinstance(node, list):
        for each in node:
            _vary(each, for_, observers)
    elif isinstance(node, dict):
        if "family" in node:
            node |= {"for": for_} if for_ and "for" in node else {}
            node |= {"observers": observers} if observers and "observers" in node else {}
        for child in node.values():
            _vary(child, for_, observers)
