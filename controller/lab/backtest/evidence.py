"""The evidence of a past: one line for each signal, over time.

A line holds what a signal said over time, by our clock, and the moments at which that was confirmed.
Lines come from a recording of raw events, or from bare changes of signals.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

import numpy as np

from controller.core.evidence.fold import clamp
from controller.core.evidence.health_notices import KIND as HEALTH
from controller.core.evidence.health_notices import standing
from controller.core.evidence.timeline import LATE, runs
from controller.core.model import RELAYED, Observation, Signal, Verdict
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals
from controller.lab.backtest.step_functions import Steps, Times, Values, constant, from_spans
from controller.lab.replay.alarm_states import Level, levels_of
from controller.lab.replay.events import BadFile, Recording
from controller.lab.replay.play import sort
from controller.rehearsal.service import ACCOUNT

UNHEARD, HEALTHY, BREACHING, SILENT, UNKNOWN = 0, 1, 2, 3, 4
CODES = {
    Verdict.HEALTHY: HEALTHY,
    Verdict.BREACHING: BREACHING,
    Verdict.SILENT: SILENT,
    Verdict.UNKNOWN: UNKNOWN,
}
POLL = 60.0
"""Seconds between two polls of an alarm: each confirms its state."""


@dataclass(frozen=True)
class Line:
    """Holds what one signal said over time.

    confirmed: the moments at which it said the same again; None: each minute.
    """

    signal: Signal
    said: Steps
    confirmed: Times | None = None

    def confirmations(self, after: Times) -> Times:
        """Return the first confirmation not before each of `after`; infinity if none."""
        if self.confirmed is None:
            return np.ceil(after / POLL) * POLL
        places = np.searchsorted(self.confirmed, after - 0.001)
        return np.append(self.confirmed, inf)[places]


def line_of(
    signal: Signal,
    history: Sequence[Observation],
    begin: float,
    end: float,
    held: Sequence[tuple[float, float]] = (),
) -> Line:
    """Return the line of a signal by the core's own rules (`core.evidence.timeline.runs`).

    history: what arrived, in order of event time. held: when the Region of an alarm answers no poll; else its
    level is known each minute. Observations that took longer than a quarter of an hour to arrive are left
    out, because they are history already.
    """
    polled = signal.kind == "alarm"
    fresh = [o for o in history if o.received - o.at <= LATE or signal.kind == HEALTH]
    if signal.kind == HEALTH:
        past = runs(standing(fresh, signal.silent_after, end), inf, end)
    else:
        past = runs(fresh, inf if polled else signal.silent_after, end)
    if not past:
        return Line(signal, constant(UNHEARD, begin))
    times = np.array([begin, *(max(begin, run.heard) for run in past)])
    values = np.array([UNHEARD, *(CODES[run.verdict] for run in past)], dtype=np.int8)
    last = np.append(np.diff(times) > 0, True)
    said = Steps(times[last], values[last])
    if polled:
        return Line(signal, _silenced(said, signal, held))
    heard = np.sort(np.array([o.received for o in fresh if o.via != RELAYED or signal.kind == HEALTH]))
    return Line(signal, said, None if signal.kind == HEALTH else heard)


def _silenced(said: Steps, signal: Signal, held: Sequence[tuple[float, float]]) -> Steps:
    """Return `said`, silent while the alarm's Region does not answer.

    The silence begins once the signal's `silent_after` is over, and ends when the Region answers again.
    """
    gaps = [(a + signal.silent_after, b) for a, b in held if b - a > signal.silent_after]
    if not gaps:
        return said
    begin = float(said.times[0])
    shut = from_spans(gaps, begin, inside=1, outside=0)
    times = np.unique(np.concatenate([said.times, shut.times]))
    values = np.where(shut.at(times) == 1, SILENT, said.at(times)).astype(np.int8)
    return Steps(times, values)


LEVELS = {"OK": Verdict.HEALTHY, "ALARM": Verdict.BREACHING}


@dataclass(frozen=True)
class Past:
    """Holds everything that the controller could know, between two moments in seconds since 1970."""

    begin: float
    end: float
    lines: tuple[Line, ...]

    @property
    def years(self) -> float:
        return (self.end - self.begin) / (365.25 * 86400.0)


def past_of(policy: Policy, recording: Recording, account: str | None = None) -> Past:
    """Return the past that a recording tells of. Raises `BadFile`.

    Alarms are polled as in a replay.
    """
    sorted_ = sort(policy, recording, account)
    played = sorted_.played
    if not played:
        raise BadFile("holds no event from a Region that this policy watches")
    levels = levels_of(played)
    seen: defaultdict[str, dict[str, Observation]] = defaultdict(dict)
    for found in sorted_.sightings:
        seen[found.signal].setdefault(found.observation.id, clamp(found.observation))
    begin, end = played[0].received - 60.0, played[-1].received
    lines = []
    for signal in expected_signals(policy, ACCOUNT):
        history = list(seen.get(signal.id, {}).values())
        held = levels.held.get(signal.observer, ())
        if signal.kind == "alarm":
            history += _polled(levels.alarms.get((signal.observer, signal.name)), begin, held)
        history.sort(key=lambda each: (each.at, each.id))
        lines.append(line_of(signal, history, begin, end, held))
    return Past(begin, end, tuple(lines))


def _polled(level: Level | None, begin: float, held: Iterable[tuple[float, float]]) -> Iterator[Observation]:
    """Yield observations of an alarm that polls showed and no event did.

    These are the state at the beginning, and the state after late news.
    """
    if level is None:
        return
    for moment in (begin, *(until for _, until in held)):
        at = ceil(moment / POLL) * POLL
        verdict = LEVELS.get(str(level.at(at).get("StateValue")), Verdict.UNKNOWN)
        yield Observation(at, at, verdict, "poll", f"poll/{at}")


def past_of_changes(
    policy: Policy, changes: Mapping[str, tuple[Times, Values]], begin: float, end: float
) -> Past:
    """Return the past of signals known by their changes alone.

    changes: signal's id or name -> moments and codes (`HEALTHY`, `BREACHING`…). What a signal says holds, and
    is confirmed each minute, until the next change. Before the first change it was never heard of.
    """
    lines = []
    for signal in expected_signals(policy, ACCOUNT):
        times, codes = changes.get(signal.id) or changes.get(signal.name) or ((), ())
        whole = np.concatenate([[begin - 1.0], times])
        lines.append(Line(signal, Steps(whole, np.concatenate([[UNHEARD], codes]).astype(np.int8))))
    return Past(begin, end, tuple(lines))
