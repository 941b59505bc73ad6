"""The page of one incident.

It shows the phase, the picture, the reason, the controls that each wave changes, and the journal. It shows
the people who were asked, their time limit and their answers; and what else ends by itself.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from controller.console.http.messages import Response
from controller.console.pages.timeline import BEFORE, carried, ends, story_of
from controller.console.pages.traffic import traffic_of, waves_of
from controller.console.pages.visit import Visit
from controller.console.view_data import Seen
from controller.core.decision.approval_chain import phrase
from controller.core.decision.cooldown import cooldown_ends
from controller.core.decision.decide import decide
from controller.core.decision.recurrence import FLAPPING
from controller.core.explanation import decision_data
from controller.core.incident.state import ENDED, MOVES, Incident, Phase
from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.core.journal.moves import (
    AnswerRefused,
    ApprovalDenied,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRequested,
    Reminded,
    Settled,
    StoodDown,
)
from controller.core.model import Decision
from controller.core.policy.schema import Policy
from controller.ports.errors import OutsideUnreachable
from controller.ports.storage import ReadStopped
from controller.readmodel.run import at_door
from controller.steps.context.deps import Deps
from controller.steps.context.governance import governed_if_read
from controller.steps.context.situation import situation
from controller.steps.incident.approvals import next_ask

SPAN = 7_200.0
"""Seconds of assessments that a picture reads at most."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One ask of a chain.

    said: (who, answer, time, where it came in) of each answer, also of those that did not count. outcome: ""
    while it waits. id: of the request.
    """

    id: str
    asked: float
    who: tuple[str, ...]
    people: int
    expires: float
    code: str
    reminded: float | None = None
    said: tuple[tuple[str, str, float, str], ...] = ()
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Expiry:
    """A thing that ends by itself, its time, and the consequence."""

    at: float
    what: str
    then: str


def turns_of(own: Sequence[Event]) -> list[Turn]:
    """Return every ask of an incident, oldest first."""
    found: list[Turn] = []
    for event in own:
        if isinstance(event.body, ApprovalRequested):
            if found and not found[-1].outcome:
                found[-1] = replace(found[-1], outcome="nobody answered in time; the next were asked")
            asked = event.body
            code = asked.digest[:8]
            found.append(Turn(asked.approval, event.at, asked.ask, asked.people, asked.expires, code))
        elif isinstance(event.body, AnswerRefused):
            _refused(found, event, event.body)
        elif found:
            found[-1] = _followed(found[-1], event)
    return found


def _followed(turn: Turn, event: Event) -> Turn:
    """Return the ask after an event that came later."""
    match event.body:
        case Reminded():
            return replace(turn, reminded=event.at)
        case ApprovalGiven(needed=needed) as given:
            said = (*turn.said, (event.draft.by, "approved", event.at, at_door(given)))
            return replace(turn, said=said, outcome="" if needed else "approved")
        case ApprovalDenied() as denied:
            said = (*turn.said, (event.draft.by, "denied", event.at, at_door(denied)))
            return replace(turn, said=said, outcome="denied")
        case ApprovalExpired():
            return replace(turn, outcome="nobody answered in time")
        case StoodDown() | Settled() if not turn.outcome:
            return replace(turn, outcome="withdrawn")
        case _:
            return turn


def _refused(turns: list[Turn], event: Event, refused: AnswerRefused) -> None:
    """Put an answer that did not count to the last ask of its own request."""
    own = [number for number, turn in enumerate(turns) if turn.id == refused.approval]
    if own:
        turn = turns[own[-1]]
        what = f"said {'yes' if refused.approve else 'no'}, which did not count: {refused.reason}"
        turns[own[-1]] = replace(turn, said=(*turn.said, (event.draft.by, what, event.at, at_door(refused))))


def expiries(policy: Policy, incident: Incident, seen: Seen, *, silence: str) -> list[Expiry]:
    """Return the things that end by themselves, the next first.

    silence: the consequence of no answer, as the question says it.
    """
    found = [
        Expiry(until, f"{what} says nothing", "it counts again")
        for what, until in seen.state.muted.items()
        if until > seen.now
    ]
    request = incident.request
    if incident.phase not in ENDED and request is not None and request.status == "waiting":
        found.append(Expiry(request.expires, "the question", silence))
    if incident.phase is Phase.SHIFTED and policy.traffic is not None and incident.intent != "restore":
        until = incident.changed + policy.traffic.within
        found.append(Expiry(until, "the wait until customers have moved", "people are asked what to do"))
    last = seen.state.last_moved()
    if incident.phase in ENDED and last is not None and last.id == incident.id and not last.acknowledged_by:
        until = cooldown_ends(policy, incident)
        found.append(Expiry(until, "the cooldown", "it may move by itself; `tidegate ack` ends it sooner"))
    return sorted((each for each in found if each.at > seen.now), key=lambda each: each.at)


def show(visit: Visit) -> Response:
    seen = visit.look()
    incident = seen.state.incidents.get(visit.id)
    if incident is None:
        return visit.page("says", 404, why="no such incident", title="No incident of that id is known",
                          text="It may be of another application.", again="/history")  # fmt: skip
    own = [event for event in seen.events if event.draft.incident == incident.id]
    assessed = _assessed(visit.deps, incident, seen.now)
    moved = traffic_of(visit, incident, own, seen.now)
    by = governed_if_read(visit.deps, seen.state, incident)
    policy = by.policy
    told = story_of(policy, incident, seen, assessed, moved.minutes if moved else ())
    drawn = visit.instruments.picture(told)
    judged = _judged(visit.deps, seen, incident)
    return visit.page(
        "incident",
        seen=seen,
        incident=incident,
        ended=incident.phase in ENDED,
        own=own,
        end=_end(own) if incident.phase in ENDED else None,
        turns=turns_of(own),
        expires=expiries(policy, incident, seen, silence=_silence(by, incident, judged)),
        picture=Markup(drawn),  # noqa: S704 - made by `audit.report.markup`, where all text is escaped
        record=_record(own, judged, [each for each in assessed if each[0] <= incident.changed]),
        waves=waves_of(policy, incident, own, plan=judged.plan if judged else None, controls=seen.controls),
        moved=moved,
    )


def _end(own: Sequence[Event]) -> Event:
    """Return the event that ended an incident: late answers, and who acknowledged it, come after."""
    ends_it = (
        e for e in reversed(own) if e.kind is Kind.BROKE_GLASS or MOVES.get(e.kind, (0, None))[1] in ENDED
    )
    return next(ends_it, own[-1])


def _judged(deps: Deps, seen: Seen, incident: Incident) -> Decision | None:
    """Return the decision that would be made now; None after the incident's end.

    It uses readiness as it was last kept.
    """
    if incident.phase in ENDED:
        return None
    found = situation(deps, seen.state, read_controls=False, controls=seen.controls)
    return decide(found, incident.source)


def _silence(deps: Deps, incident: Incident, judged: Decision | None) -> str:
    """Return the consequence of no answer to the question that waits."""
    if judged is not None and judged.code == FLAPPING:
        return "while it is well that is no denial: the time to answer begins anew"
    request = incident.request
    waits = request is not None and request.status == "waiting" and incident.phase not in ENDED
    then = next_ask(deps, incident, request) if waits and request is not None else None
    return f"then {phrase(then)} will be asked" if then else "silence is a denial; traffic stays where it is"


def _record(
    own: list[Event], judged: Decision | None, assessed: list[tuple[float, Mapping[str, Any]]]
) -> Mapping[str, Any] | None:
    """Return the decision as it stands.

    For an incident that has ended it is the last one that was assessed or written down.
    """
    if judged is not None:
        return decision_data(judged)
    return max([*assessed, *carried(own)], key=lambda pair: pair[0], default=(0.0, None))[1]


def _assessed(deps: Deps, incident: Incident, now: float) -> list[tuple[float, Mapping[str, Any]]]:
    start, end = incident.opened - BEFORE, ends(incident, now)
    found: list[tuple[float, Mapping[str, Any]]] = []
    with suppress(OutsideUnreachable, ReadStopped):
        for at, record in deps.assessments.newest_first(deps.application, max(start, end - SPAN), end):
            about = [d for d in record.get("decisions", ()) if d.get("region") == incident.source]
            # Hours of whole trees would need much memory, and `_record` shows one of the last.
            last = not found or found[-1][0] > incident.changed
            found += [(at, d if last else {key: d[key] for key in ("code", "reason")}) for d in about]
    return found
