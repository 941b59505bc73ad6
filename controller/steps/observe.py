"""The intake of events: a batch becomes evidence, and evidence may open an incident.

It also watches the controller itself: the probe that went through the intake, and executions that ended too
soon.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from controller.core.decision.decide import decide
from controller.core.evidence.registry import roster_of, why_unnamed
from controller.core.explanation import decision_data
from controller.core.model import Ended, Ignored, Probe, Sighting
from controller.core.text import sanitize
from controller.ports.errors import ControllerError, JournalConflict, TokenClosed
from controller.steps.context.deps import Deps
from controller.steps.context.governance import governed_if_read
from controller.steps.context.journalling import load_state, read_state
from controller.steps.context.paging import note
from controller.steps.context.situation import situation
from controller.steps.incident.driver import MOST_LOST, execution_name
from controller.steps.incident.opening import RegionAssessments, assess_regions_retrying
from controller.steps.tick.keep_alive import keep_alive

WHOLE = 20
"""Refused events of one batch that are kept word for word."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The result of one batch: events used, events ignored, and the incident opened.

    ignored: with the reason why each was not used.
    """

    used: int
    ignored: tuple[Ignored, ...]
    opened: str | None
    probes: tuple[Probe, ...] = ()


def observe(deps: Deps, bodies: Sequence[str]) -> Observed:
    """Record the evidence in the events, then decide.

    An event that is no evidence is recorded as ignored, with a reason. Raises `EvidenceUnavailable` and
    `OutsideUnreachable`: the queue delivers the batch again.
    """
    now = deps.runtime.now()
    read = [deps.read_event(body, now) for body in bodies]
    named = _named(deps, read)
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
    # A composite alarm is no evidence of its own, but a cause to look again at what is known.
    rung = bool(ended) or any(isinstance(each, Sighting) for each in read)
    assessed = _assessed(deps) if rung else None
    opened = assessed.opened if assessed else None
    waits = assessed.waits if assessed else {}
    if ignored or opened or waits:
        record = {
            "by": "observe",
            **ignored_summary(ignored),
            "decisions": [decision_data(d) for d in assessed.decisions] if assessed and opened else [],
        } | ({"waits": dict(waits)} if assessed else {})
        note(deps, now, record)
    if probes:
        note(deps, now, probe_record(deps, probes))
    if assessed and not opened:
        revive(deps, assessed, ended)
    return Observed(len(sightings), ignored, opened.id if opened else None, probes)


def _named(deps: Deps, read: Sequence[object]) -> frozenset[str]:
    """Return the signals that count: this policy's, and those of the open incident's.

    The journal is asked only where a signal is not this policy's own.
    """
    named = roster_of(deps.policy, deps.account).named
    if all(not isinstance(each, Sighting) or each.signal in named for each in read):
        return named
    with suppress(ControllerError):
        state = read_state(deps)
        if state.open is not None:
            began = governed_if_read(deps, state, state.open).policy
            return named | roster_of(began, deps.account).named
    return named


def _assessed(deps: Deps) -> RegionAssessments:
    state = load_state(deps)
    return assess_regions_retrying(deps, situation(deps, state, read_controls=False), state)


def ignored_summary(ignored: Sequence[Ignored]) -> dict[str, object]:
    """Return the part of the ignored events that an assessment keeps.

    The first `WHOLE` are kept word for word, the rest are counted by reason.
    """
    record: dict[str, object] = {
        "ignored": [{"reason": each.reason, "sample": each.sample} for each in ignored[:WHOLE]]
    }
    rest = Counter(each.reason for each in ignored[WHOLE:])
    if not rest:
        return record
    kept = dict(rest.most_common(WHOLE))
    others = rest.total() - sum(kept.values())
    return record | {"ignored_more": kept | ({"for other reasons": others} if others else {})}


def probe_record(deps: Deps, probes: Sequence[Probe]) -> dict[str, Any]:
    """Return the record of each probe's round trip and of the present decisions.

    round_trip_s: seconds that a probe was under way. would: the decision now; nothing is opened.
    """
    record: dict[str, Any] = {
        "by": "probe",
        "decisions": [],
        "probes": [{"region": p.region, "round_trip_s": round(p.received - p.sent, 3)} for p in probes],
    }
    try:
        seen = situation(deps, load_state(deps), read_controls=False)
    except ControllerError as error:
        return record | {"failed": type(error).__name__}
    return record | {"would": {r: decide(seen, r, tree=False).code for r in seen.regions}}


def revive(deps: Deps, assessed: RegionAssessments, ended: Sequence[str]) -> None:
    """Go on at once where the open incident's execution is among the `ended`.

    Only while that is news: an incident whose executions keep ending goes on at the tick's pace.
    """
    incident = assessed.state.open
    if incident is None or execution_name(incident, incident.runs) not in ended:
        return
    deps = governed_if_read(deps, assessed.state, incident)
    if incident.lost + 1 < MOST_LOST:
        about = next(d for d in assessed.decisions if d.region == incident.source)
        with suppress(JournalConflict, TokenClosed):  # another process or the tick was faster
            keep_alive(deps, assessed.seen, assessed.state, incident, about)


def _unnamed(deps: Deps, each: Sighting) -> Ignored:
    return Ignored(why_unnamed(each.signal, deps.policy, deps.account), sanitize(each.signal, 120))
