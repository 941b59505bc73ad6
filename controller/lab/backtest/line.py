"""What a signal said over time, by our clock; and when it was confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from controller.core.evidence.health_notices import KIND as HEALTH
from controller.core.evidence.health_notices import standing
from controller.core.evidence.timeline import LATE, runs
from controller.core.model import RELAYED, Observation, Signal, Verdict
from controller.lab.backtest.steps import Steps, Times, constant, from_spans

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
    """One signal. confirmed: the moments at which it said the same again; None: each minute."""

    signal: Signal
    said: Steps
    confirmed: Times | None = None

    def confirmations(self, after: Times) -> Times:
        """The first one not before each of `after`; infinity if none."""
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
    """The line of a signal by the core's own rules (`core.evidence.timeline.runs`).

    history: what arrived, in order of event time. held: when the Region of an alarm answers no poll; else its
    level is known each minute. What took longer than a quarter of an hour to arrive is history already.
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
    """An alarm whose Region does not answer is silent once its patience is over, until it answers again."""
    gaps = [(a + signal.silent_after, b) for a, b in held if b - a > signal.silent_after]
    if not gaps:
        return said
    begin = float(said.times[0])
    shut = from_spans(gaps, begin, inside=1, outside=0)
    times = np.unique(np.concatenate([said.times, shut.times]))
    values = np.where(shut.at(times) == 1, SILENT, said.at(times)).astype(np.int8)
    return Steps(times, values)
