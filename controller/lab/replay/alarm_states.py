"""The answers to polls in a replay: alarm states by the events so far.

Nothing more is known of an alarm than the events that had arrived.
```
 state      previousState of its first event │ value of the last event that has arrived, by its own time
 no answer  while something that happened in the Region is under way to us for longer than two minutes:
            whoever cannot be heard by its events is not heard by polls either
```
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.aws.events.fields import Unusable, iso, name, name_in_arn
from controller.aws.events.rules import ALARM_STATE_CHANGE
from controller.lab.replay.events import Arrival
from controller.rehearsal.service import AwsError, Call

HELD = 120.0
"""Seconds that an event may take before its Region counts as not answering."""
UNHEARD: Mapping[str, Any] = {"StateValue": "INSUFFICIENT_DATA", "StateReason": "the file never mentions it"}


@dataclass
class Level:
    """Holds the states of one alarm, oldest first.

    since: when each had arrived. members: the members of DescribeAlarms. happened: the last state's own time.
    """

    since: list[float] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    happened: float = 0.0

    def at(self, now: float) -> Mapping[str, Any]:
        return self.members[max(0, bisect_right(self.since, now) - 1)]


@dataclass(frozen=True)
class Levels:
    """Holds everything that polls may say.

    held: Region -> when it does not answer, as (from, until).
    """

    alarms: Mapping[tuple[str, str], Level]
    held: Mapping[str, tuple[tuple[float, float], ...]]

    def silent(self, region: str, now: float) -> bool:
        return any(begin <= now < end for begin, end in self.held.get(region, ()))

    def describe(self, region: str, alarm: str, now: float) -> Mapping[str, Any]:
        level = self.alarms.get((region, alarm))
        return UNHEARD if level is None else level.at(now)


def levels_of(arrivals: Iterable[Arrival]) -> Levels:
    """Return what polls answer while these events arrive."""
    alarms: dict[tuple[str, str], Level] = {}
    held: dict[str, list[tuple[float, float]]] = {}
    for arrival in arrivals:
        region = str(arrival.event["region"])
        happened = iso(arrival.event, "time")
        if arrival.received - happened > HELD:
            _hold(held.setdefault(region, []), happened, arrival.received)
        if arrival.event["detail-type"] == ALARM_STATE_CHANGE:
            _remember(alarms, region, arrival)
    return Levels(alarms, {region: tuple(sorted(each)) for region, each in held.items()})


def _hold(known: list[tuple[float, float]], begin: float, end: float) -> None:
    """Add a time without answer; a backlog is one stretch, however many its events."""
    for index in range(len(known) - 1, max(-1, len(known) - 9), -1):
        first, last = known[index]
        if begin <= last and first <= end:
            known[index] = (min(first, begin), max(last, end))
            return
    known.append((begin, end))


def _remember(alarms: dict[tuple[str, str], Level], region: str, arrival: Arrival) -> None:
    detail = arrival.event.get("detail")
    state = detail.get("state") if isinstance(detail, dict) else None
    if not isinstance(detail, dict) or not isinstance(state, dict):
        return
    try:
        called = name(detail["alarmName"] if "alarmName" in detail else name_in_arn(arrival.event), "name")
        happened = iso(arrival.event, "time") if state.get("timestamp") is None else iso(state, "timestamp")
    except Unusable:
        return
    level = alarms.setdefault((region, called), Level())
    if not level.since:
        before = detail.get("previousState")
        level.since.append(0.0)
        level.members.append(_members(before) if isinstance(before, dict) else dict(UNHEARD))
    if happened >= level.happened:
        level.since.append(arrival.received)
        level.members.append(_members(state))
        level.happened = happened


def _members(state: Mapping[str, Any]) -> dict[str, Any]:
    theirs = {
        "StateValue": "value",
        "StateReason": "reason",
        "ActionsSuppressedBy": "actionsSuppressedBy",
        "EvaluationState": "evaluationState",
    }
    return {key: state[ours] for key, ours in theirs.items() if isinstance(state.get(ours), str)}


class ReplayedAlarms:
    """The `monitoring` service of one Region: it knows states and nothing else."""

    def __init__(self, region: str, levels: Levels, now: Callable[[], float]) -> None:
        self._region, self._levels, self._now = region, levels, now

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        return {"DescribeAlarms": self._describe, "PutMetricData": lambda _call: {}}

    def _describe(self, call: Call) -> dict[str, Any]:
        now = self._now()
        if self._levels.silent(self._region, now):
            raise AwsError("ServiceUnavailable", "Its events do not arrive either.", status=503)
        names = call.params.get("AlarmNames") or []
        answers = [{"AlarmName": each, **self._levels.describe(self._region, each, now)} for each in names]
        return {"MetricAlarms": answers, "CompositeAlarms": []}
