"""The report of a replay, as the document `tidegate.replay/v1`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from controller.core.incident.state import Incident
from controller.core.journal.event import Event
from controller.core.journal.kind import Kind
from controller.core.journal.moves import Answer, Decided
from controller.lab.replay.events import Refusal
from controller.lab.replay.stage import ReplayCloud
from controller.steps.context.journalling import load_state
from controller.steps.context.names import Names

ANSWERS = {
    Kind.APPROVAL_REQUESTED: "requested",
    Kind.APPROVAL_GIVEN: "given",
    Kind.APPROVAL_DENIED: "denied",
    Kind.APPROVAL_EXPIRED: "expired",
}


def utc(seconds: float) -> str:
    """Return the moment as `2021-12-07T15:42:00.250Z`."""
    moment = datetime.fromtimestamp(round(seconds, 3), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def document(
    theatre: ReplayCloud, digest: str, read: int, used: int, ignored: Sequence[Refusal]
) -> dict[str, Any]:
    deps = theatre.operator
    journal = deps.journal.read(deps.application)
    state = load_state(deps)
    return {
        "application": theatre.policy.application,
        "digest": digest,
        "events": {
            "read": read,
            "used": used,
            "ignored": [{"line": each.line, "reason": each.reason} for each in ignored],
        },
        "decisions": list(_decisions(theatre, journal)),
        "shifts": [
            {"at": utc(at), "control": name, "state": "On" if on else "Off"}
            for at, name, on in theatre.shifts
        ],
        "approvals": [_approval(e, theatre.operator.names) for e in journal if e.kind in ANSWERS],
        "final": {
            "controls": _controls(theatre),
            "incidents": [_incident(each) for each in state.incidents.values()],
        },
    }


def _decisions(theatre: ReplayCloud, journal: Sequence[Event]) -> Iterator[dict[str, Any]]:
    """Yield each change of code, Region by Region.

    It comes from what was assessed and from what was written to the journal.
    """
    deps, end = theatre.operator, theatre.kernel.now()
    stored: list[tuple[float, int, Mapping[str, Any]]] = []
    for at, record in deps.assessments.between(deps.application, 0.0, end):
        stored += [(at, 0, each) for each in record.get("decisions", ())]
    stored += [
        (e.at, 1, e.body.decision)
        for e in journal
        if isinstance(e.body, Decided) and e.body.decision is not None
    ]
    codes: dict[str, str] = {}
    for at, _, decision in sorted(stored, key=lambda each: each[:2]):
        region, code = str(decision["region"]), str(decision["code"])
        if codes.get(region) != code:
            codes[region] = code
            yield {"at": utc(at), "region": region, "code": code, "reason": str(decision["reason"])}


def _approval(event: Event, names: Names) -> dict[str, Any]:
    return {
        "at": utc(event.at),
        "incident": event.draft.incident,
        "outcome": ANSWERS[event.kind],
        "by": names.text(event.draft.by) if isinstance(event.body, Answer) else None,
    }


def _controls(theatre: ReplayCloud) -> dict[str, str]:
    names = [name for entry in theatre.policy.regions.values() for name in entry.controls]
    return {name: "On" if theatre.cloud.switch.is_on(name) else "Off" for name in names}


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "intent": incident.intent,
        "region": incident.source,
        "target": incident.target,
        "phase": str(incident.phase),
        "opened": utc(incident.opened),
        "changed": utc(incident.changed),
        "outcome": incident.outcome or None,
    }
