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
from controller.core.evidence.hearing import Hearing, Span, audible
from controller.core.evidence.timeline import LATE, History, Run, RunHistory, runs
from controller.core.model import RELAYED, Observation, Signal, Verdict
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals
from controller.lab.backtest.step_functions import Steps, Times, Values, constant, from_spans, least
from controller.lab.replay.alarm_states import Level, levels_of
from controller.lab.replay.events import BadFile, Recording
from controller.lab.replay.play import sort
from controller.rehearsal.service import ACCOUNT

UNHEARD, HEALTHY, BREACHING, SILENT, UNKNOWN, BLIND = 0, 1, 2, 3, 4, 5
"""What a signal says at a moment. BLIND: it is quiet, and so is its kind in all other Regions (S21)."""
CODES = {
    Verdict.HEALTHY: HEALTHY,
    Verdict.BREACHING: BREACHING,
    Verdict.SILENT: SILENT,
    Verdict.UNKNOWN: UNKNOWN,
}
ALARM = "alarm"
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


def lines_of(
    histories: Sequence[tuple[Signal, Sequence[Observation]]],
    begin: float,
    end: float,
    held: Mapping[str, Sequence[Span]] | None = None,
) -> tuple[Line, ...]:
    """Return the lines of all signals by the core's own rules (`core.evidence`).

    histories: what arrived of each signal, in order of event time. held: Region -> when it answers no poll;
    else the level of its alarms is known each minute. Observations that took longer than a quarter of an hour
    to arrive are left out, because they are history already.
    """
    fresh = [
        (signal, [o for o in seen if o.received - o.at <= LATE or signal.kind == HEALTH])
        for signal, seen in histories
    ]
    pasts = [RunHistory(History.of(seen), signal.silent_after) for signal, seen in fresh]
    hearing = Hearing([signal for signal, _ in fresh], pasts, {}, end, latest=end)
    shut = {
        signal.observer: (held or {}).get(signal.observer, ()) for signal, _ in fresh if signal.kind == ALARM
    }
    found = []
    for signal, seen in fresh:
        if signal.kind == HEALTH:
            past = runs(standing(seen, signal.silent_after, end), inf, end)
            found.append(Line(signal, _said(past, begin)))
        elif signal.kind == ALARM:
            said = _said(runs(seen, inf, end), begin)
            found.append(Line(signal, _silenced(said, signal, shut) if seen else said))
        else:
            heard = np.sort(np.array([o.received for o in seen if o.via != RELAYED]))
            past = runs(seen, signal.silent_after, end)
            found.append(Line(signal, _said(past, begin, signal, hearing), heard))
    return tuple(found)


def _said(
    past: Sequence[Run], begin: float, signal: Signal | None = None, hearing: Hearing | None = None
) -> Steps:
    """Return what the runs say over time; `hearing` says which of their silence counts."""
    if not past:
        return constant(UNHEARD, begin)
    told = [(begin, UNHEARD)]
    for run in past:
        if signal is not None and hearing is not None and run.verdict is Verdict.SILENT:
            parts = hearing.parted(signal, run)
            told += [(each.heard, SILENT if each.verdict is Verdict.SILENT else BLIND) for each in parts]
        else:
            told.append((run.heard, CODES[run.verdict]))
    times = np.array([max(begin, at) for at, _ in told])
    last = np.append(np.diff(times) > 0, True)
    return Steps(times[last], np.array([code for _, code in told], dtype=np.int8)[last])


def _silenced(said: Steps, signal: Signal, shut: Mapping[str, Sequence[Span]]) -> Steps:
    """Return `said`, silent while the alarm's Region does not answer and another Region does.

    The silence begins once the signal's `silent_after` is over, and ends when the Region answers again. While
    no Region answers, nobody can look: *blind*.
    """
    patience, begin = signal.silent_after, float(said.times[0])
    gaps = [(a, b) for a, b in shut[signal.observer] if b - a > patience]
    if not gaps:
        return said
    spans = _answering(
        [each for observer, each in shut.items() if observer != signal.observer], begin, patience
    )
    counts = [part for a, b in gaps for part in audible(a, b, patience, spans)]
    quiet = from_spans([(a + patience, b) for a, b in gaps], begin, inside=1, outside=0)
    silent = from_spans(counts, begin, inside=1, outside=0)
    times = np.unique(np.concatenate([said.times, quiet.times, silent.times]))
    values = np.where(quiet.at(times) == 1, BLIND, said.at(times))
    return Steps(times, np.where(silent.at(times) == 1, SILENT, values).astype(np.int8))


def _answering(others: Sequence[Sequence[Span]], begin: float, patience: float) -> list[Span]:
    """Return when at least one of the other Regions answers polls.

    That none does for no longer than `patience` goes unnoticed.
    """
    if not others:
        return []
    none = least([from_spans(held, begin, inside=1, outside=0) for held in others]).spans(1)
    edges = [begin, *(edge for a, b in none if b - a > patience for edge in (float(a), float(b))), inf]
    return list(zip(edges[::2], edges[1::2], strict=True))


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
    histories = []
    for signal in expected_signals(policy, ACCOUNT):
        history = list(seen.get(signal.id, {}).values())
        if signal.kind == ALARM:
            held = levels.held.get(signal.observer, ())
            history += _polled(levels.alarms.get((signal.observer, signal.name)), begin, held)
        history.sort(key=lambda each: (each.at, each.id))
        histories.append((signal, history))
    return Past(begin, end, lines_of(histories, begin, end, levels.held))


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
