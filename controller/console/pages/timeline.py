"""The story of an incident, which the timeline draws.

It comes from the journal, the assessments and the evidence that is left.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.console.view_data import Seen
from controller.core.decision.traffic_share import Served
from controller.core.evidence.evaluation import Track
from controller.core.incident.fold import fold
from controller.core.incident.state import ENDED, GLASS, Incident
from controller.core.journal.event import Event
from controller.core.journal.moves import (
    Confirmed,
    Decided,
    ShiftApplied,
)
from controller.core.policy.schema import Policy
from controller.readmodel.run import Lane, Milestones, Said, Share, Shift, Story, Stretch

LEAD = 60.0
BEFORE = 600.0
"""Seconds before its opening at which an incident's story begins at the earliest."""
AFTER = 120.0


def ends(incident: Incident, now: float) -> float:
    return min(now, incident.changed + AFTER) if incident.phase in ENDED else now


def story_of(
    policy: Policy,
    incident: Incident,
    seen: Seen,
    assessed: Sequence[tuple[float, Mapping[str, Any]]],
    served: Sequence[Served] = (),
) -> Story:
    """Return the story of an incident.

    assessed: (time, decision about the incident's Region as stored), oldest first. served: each minute.
    """
    broke = _start(incident, seen)
    last = ends(incident, seen.now)
    own = tuple(e for e in seen.events if e.draft.incident == incident.id)
    shifts = _by_hand(policy, incident, broke) if incident.intent == GLASS else _shifts(policy, own, broke)
    before = _stood(policy, incident, seen)
    first = next((e.at for e in own if isinstance(e.body, Confirmed)), None)
    return Story(
        scenario=incident.id, says="", must="", region=incident.source, application=policy.application,
        approve="", speed=1.0, ok=True, findings=(), broke=broke, lasted=max(60.0, last - broke),
        milestones=_milestones(incident, broke, first, shifts),
        served=0, failed=0, bucket=10.0, traffic={},
        lanes=tuple(_lane(track, broke, last) for track in _about(policy, incident, seen)),
        decisions=_decisions(assessed, own, broke), judgements=(), why_not="",
        shifts=shifts, regions={region: tuple(entry.controls) for region, entry in policy.regions.items()},
        before=before, after=before | {shift.control: shift.on for shift in shifts},
        steps=(), pages=(), journal=own,
        shares=tuple(
            Share(max(-LEAD, each.start - broke), min(last, each.end) - broke, each.parts)
            for each in served
            if each.end > broke - LEAD and each.start < last
        ),
    )  # fmt: skip


def _stood(policy: Policy, incident: Incident, seen: Seen) -> dict[str, bool]:
    """Return every control as it stood before the incident.

    The incident keeps those alone that it moves; the rest is what the journal said when it opened. What
    nobody ever wrote down counts as On.
    """
    opened = next((e.seq for e in seen.events if e.draft.incident == incident.id), 0)
    known = fold(policy.application, (e for e in seen.events if e.seq < opened)).stand
    every = dict.fromkeys((c for entry in policy.regions.values() for c in entry.controls), True)
    return every | {name: on for name, on in ({**known, **incident.before}).items() if name in every}


def _milestones(
    incident: Incident, broke: float, confirmed: float | None, shifts: Sequence[Shift]
) -> Milestones:
    """Return the milestones; the last one is None.

    The controller knows nothing of failed requests.
    """
    signal = 0.0 if broke < incident.opened else None
    decided = None if confirmed is None else confirmed - broke
    return Milestones(signal, decided, shifts[0].at if shifts else None, None)


def _start(incident: Incident, seen: Seen) -> float:
    """Return the time since which a signal spoke against the Region.

    The evidence says so; the time is at most ten minutes before the opening.
    """
    starts = [
        run.heard
        for track in seen.tracks(incident.source)
        for run in track.runs
        if str(run.verdict) in ("breaching", "silent") and run.unheard > incident.opened
    ]
    earliest = incident.opened - BEFORE
    return max(earliest, min([at for at in starts if at <= incident.opened], default=incident.opened))


def carried(own: Sequence[Event]) -> list[tuple[float, Mapping[str, Any]]]:
    """Return the decisions that stand in the journal: (time, decision as stored)."""
    bodies = [(event.at, event.body) for event in own]
    return [(at, said.decision) for at, said in bodies if isinstance(said, Decided) and said.decision]


def _about(policy: Policy, incident: Incident, seen: Seen) -> list[Track]:
    """Return the signals about the Region that is left and its target."""
    subjects = [incident.source, incident.target or next(r for r in policy.regions if r != incident.source)]
    return [track for subject in subjects for track in seen.tracks(subject)]


def _lane(track: Track, broke: float, last: float) -> Lane:
    """Return a lane of one signal's verdicts.

    A run begins at the time it was heard; the time before all evidence stays blank.
    """
    signal, lasted = track.signal, last - broke
    stretches = [
        Stretch(max(-LEAD, run.heard - broke), min(lasted, run.unheard - broke), str(run.verdict))
        for run in track.runs
        if run.unheard > broke - LEAD and run.heard < last and run.unheard > run.heard
    ]
    return Lane(signal.name, signal.family, signal.kind, signal.subject, signal.observer, tuple(stretches))


def _by_hand(policy: Policy, incident: Incident, broke: float) -> tuple[Shift, ...]:
    """Return the changes of controls that a person made by break-glass."""
    names = {name for entry in policy.regions.values() for name in entry.controls}
    at = incident.moved - broke
    return tuple(Shift(at, name, on) for name, on in incident.put.items() if name in names)


def _shifts(policy: Policy, own: Sequence[Event], broke: float) -> tuple[Shift, ...]:
    """Return the real changes of controls, as read back."""
    names = {name for entry in policy.regions.values() for name in entry.controls}
    states: dict[str, bool] = {}
    found = []
    for event in own:
        if isinstance(event.body, ShiftApplied):
            for name, on in event.body.states.items():
                if name in names and states.get(name, True) is not on:
                    found.append(Shift(event.at - broke, name, on))
                states[name] = on
    return tuple(found)


def _decisions(
    assessed: Sequence[tuple[float, Mapping[str, Any]]], own: Sequence[Event], broke: float
) -> tuple[Said, ...]:
    """Return each change of code, from the assessments and from the journal."""
    found: list[Said] = []
    for at, record in sorted([*assessed, *carried(own)], key=lambda pair: pair[0]):
        if not found or found[-1].code != record["code"]:
            found.append(Said(at - broke, str(record["reason"]), str(record["code"])))
    return tuple(found)
