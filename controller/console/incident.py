"""One incident: where it stands, its picture, why, what each wave flips, who was asked, and its journal."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from controller.console.asked import expiries, turns_of
from controller.console.http.messages import Response
from controller.console.picture import BEFORE, ends, story_of
from controller.console.traffic import traffic_of
from controller.console.view_data import Seen
from controller.console.visit import Visit
from controller.console.waves import waves_of
from controller.core.decision.approval_chain import phrase
from controller.core.decision.decide import decide
from controller.core.explanation import decision_data
from controller.core.incident.state import ENDED, Incident
from controller.core.journal import Event
from controller.core.model import Decision
from controller.ports.errors import OutsideUnreachable
from controller.steps.context.deps import Deps
from controller.steps.context.situation import situation
from controller.steps.incident.approvals import next_ask

SPAN = 7_200.0
"""Seconds of assessments that a picture goes through at most."""


def show(visit: Visit) -> Response:
    seen = visit.look()
    incident = seen.memory.incidents.get(visit.id)
    if incident is None:
        return visit.page("says", 404, why="no such incident", title="No incident of that id is known",
                          text="It may be of another application.", again="/history")  # fmt: skip
    own = [event for event in seen.events if event.draft.incident == incident.id]
    assessed = _assessed(visit.deps, incident, seen.now)
    moved = traffic_of(visit, incident, own, seen.now)
    told = story_of(visit.deps.policy, incident, seen, assessed, moved.minutes if moved else ())
    drawn = visit.instruments.picture(told)
    judged = _judged(visit.deps, seen, incident)
    return visit.page(
        "incident",
        seen=seen,
        incident=incident,
        ended=incident.phase in ENDED,
        own=own,
        turns=turns_of(own),
        expires=expiries(visit.deps.policy, incident, seen, silence=_silence(visit.deps, incident)),
        picture=Markup(drawn),  # noqa: S704 - made by `audit.report.markup`, where all text is escaped
        record=_record(own, judged, [each for each in assessed if each[0] <= incident.changed]),
        waves=waves_of(
            visit.deps.policy, incident, own, plan=judged.plan if judged else None, controls=seen.controls
        ),
        moved=moved,
    )


def _judged(deps: Deps, seen: Seen, incident: Incident) -> Decision | None:
    """What would be decided now, with readiness as last kept; None once it has ended."""
    if incident.phase in ENDED:
        return None
    found = situation(deps, seen.memory, read_controls=False, controls=seen.controls)
    return decide(found, incident.source)


def _silence(deps: Deps, incident: Incident) -> str:
    """What comes of it where nobody answers the question that waits."""
    request = incident.request
    waits = request is not None and request.status == "waiting" and incident.phase not in ENDED
    then = next_ask(deps, incident, request) if waits and request is not None else None
    return f"then {phrase(then)} will be asked" if then else "silence is a denial; traffic stays where it is"


def _record(
    own: list[Event], judged: Decision | None, assessed: list[tuple[float, Mapping[str, Any]]]
) -> Mapping[str, Any] | None:
    """The decision as it stands; of an incident that has ended the last that was assessed or written down."""
    if judged is not None:
        return decision_data(judged)
    carried = [(event.at, event.data["decision"]) for event in own if "decision" in event.data]
    return max([*assessed, *carried], key=lambda pair: pair[0], default=(0.0, None))[1]


def _assessed(deps: Deps, incident: Incident, now: float) -> list[tuple[float, Mapping[str, Any]]]:
    start, end = incident.opened - BEFORE, ends(incident, now)
    try:
        found = deps.assessments.between(deps.application, max(start, end - SPAN), end)
    except OutsideUnreachable:
        return []
    return [
        (at, decision)
        for at, record in found
        for decision in record.get("decisions", ())
        if decision.get("region") == incident.source
    ]
