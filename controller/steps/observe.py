"""Observe: a batch of raw events becomes evidence; evidence may open an incident."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from controller.core.evidence.registry import roster_of, why_unnamed
from controller.core.explanation import decision_data
from controller.core.model import Ended, Ignored, Probe, Sighting
from controller.core.text import plain
from controller.steps.context import Deps, note, remember
from controller.steps.judge import judge_again_if_late
from controller.steps.watchdog import probe_record, revive

WHOLE = 20
"""Refused events of one batch that are kept word for word."""


@dataclass(frozen=True, slots=True)
class Observed:
    """How many events were used, why others were not, and what was opened."""

    used: int
    ignored: tuple[Ignored, ...]
    opened: str | None
    probes: tuple[Probe, ...] = ()


def observe(deps: Deps, bodies: Sequence[str]) -> Observed:
    """Record what the events say, then decide. What is no evidence is recorded as ignored, with a reason.

    Raises `EvidenceUnavailable` and `OutsideUnreachable`: the queue delivers the batch again.
    """
    now = deps.runtime.now()
    read = [deps.read_event(body, now) for body in bodies]
    named = roster_of(deps.policy, deps.account).named
    sightings = [each for each in read if isinstance(each, Sighting) and each.signal in named]
    ignored = tuple(
        each if isinstance(each, Ignored) else _unnamed(deps, each)
        for each in read
        if isinstance(each, Ignored) or (isinstance(each, Sighting) and each.signal not in named)
    )
    if sightings:
        deps.evidence.record(deps.application, sightings)
    probes = tuple(each for each in read if isinstance(each, Probe))
    ended = [each.execution for each in read if isinstance(each, Ended)]
    # A composite alarm is no evidence of its own, but it rings: look again at what is known.
    rung = bool(ended) or any(isinstance(each, Sighting) for each in read)
    judged = judge_again_if_late(deps, remember(deps)) if rung else None
    opened = judged.opened if judged else None
    waits = judged.waits if judged else {}
    if ignored or opened or waits:
        record = {
            "by": "observe",
            **told(ignored),
            "decisions": [decision_data(d) for d in judged.decisions] if judged and opened else [],
        } | ({"waits": dict(waits)} if judged else {})
        note(deps, now, record)
    if probes:
        note(deps, now, probe_record(deps, probes))
    if judged and not opened:
        revive(deps, judged, ended)
    return Observed(len(sightings), ignored, opened.id if opened else None, probes)


def told(ignored: Sequence[Ignored]) -> dict[str, object]:
    """What an assessment keeps of what was not used: the first ones whole, the rest counted by reason."""
    record: dict[str, object] = {
        "ignored": [{"reason": each.reason, "sample": each.sample} for each in ignored[:WHOLE]]
    }
    rest = Counter(each.reason for each in ignored[WHOLE:])
    if not rest:
        return record
    kept = dict(rest.most_common(WHOLE))
    others = rest.total() - sum(kept.values())
    return record | {"ignored_more": kept | ({"for other reasons": others} if others else {})}


def _unnamed(deps: Deps, each: Sighting) -> Ignored:
    return Ignored(why_unnamed(each.signal, deps.policy, deps.account), plain(each.signal, 120))
