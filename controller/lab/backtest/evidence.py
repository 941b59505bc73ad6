"""Lines from a recording of raw events, or from bare changes of signals."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

from controller.core.evidence.fold import clamp
from controller.core.model import Observation, Verdict
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals
from controller.lab.backtest.line import POLL, UNHEARD, Line, line_of
from controller.lab.backtest.steps import Steps, Times, Values
from controller.lab.replay.levels import Level, levels_of
from controller.lab.replay.lines import BadFile, Recording
from controller.lab.replay.play import sort
from controller.rehearsal.api import ACCOUNT

LEVELS = {"OK": Verdict.HEALTHY, "ALARM": Verdict.BREACHING}


@dataclass(frozen=True)
class Past:
    """Everything that the controller could know, between two moments in seconds since 1970."""

    begin: float
    end: float
    lines: tuple[Line, ...]

    @property
    def years(self) -> float:
        return (self.end - self.begin) / (365.25 * 86400.0)


def past_of(policy: Policy, recording: Recording, account: str | None = None) -> Past:
    """The past that a recording tells of. Alarms are polled as in a replay. Raises `BadFile`."""
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
    """What polls showed and no event did: the state at the beginning, and after late news."""
    if level is None:
        return
    for moment in (begin, *(until for _, until in held)):
        at = ceil(moment / POLL) * POLL
        verdict = LEVELS.get(str(level.at(at).get("StateValue")), Verdict.UNKNOWN)
        yield Observation(at, at, verdict, "poll", f"poll/{at}")


def past_of_changes(
    policy: Policy, changes: Mapping[str, tuple[Times, Values]], begin: float, end: float
) -> Past:
    """The past of signals known by their changes alone: moments and codes (`line.HEALTHY`…), by id or name.

    What a signal says holds, and is confirmed each minute, until the next change. Before the first one it was
    never heard of.
    """
    lines = []
    for signal in expected_signals(policy, ACCOUNT):
        times, codes = changes.get(signal.id) or changes.get(signal.name) or ((), ())
        whole = np.concatenate([[begin - 1.0], times])
        lines.append(Line(signal, Steps(whole, np.concatenate([[UNHEARD], codes]).astype(np.int8))))
    return Past(begin, end, tuple(lines))
