"""Who was asked, until when, and what they said; and what else of an incident comes to an end by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from controller.console.view_data import Seen
from controller.core.incident.state import ENDED, Incident, Phase
from controller.core.journal import Event, Kind
from controller.core.policy.schema import Policy

ENDINGS = {Kind.APPROVAL_DENIED: "denied", Kind.APPROVAL_EXPIRED: "nobody answered in time"}


@dataclass(frozen=True, slots=True)
class Turn:
    """One ask of a chain. said: (who, what, when) of each answer. outcome: "" while it waits."""

    asked: float
    who: tuple[str, ...]
    people: int
    expires: float
    code: str
    reminded: float | None = None
    said: tuple[tuple[str, str, float], ...] = ()
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Expiry:
    """What ends by itself, when, and what comes of it."""

    at: float
    what: str
    then: str


def turns_of(own: Sequence[Event]) -> list[Turn]:
    """Every ask of an incident, oldest first."""
    found: list[Turn] = []
    for event in own:
        data = event.data
        if event.kind is Kind.APPROVAL_REQUESTED:
            if found and not found[-1].outcome:
                found[-1] = replace(found[-1], outcome="nobody answered in time; the next were asked")
            who = tuple(map(str, data.get("ask", ())))
            people, until = int(data.get("people", 1)), float(data["expires"])
            found.append(Turn(event.at, who, people, until, str(data["digest"])[:8]))
        elif not found:
            continue
        elif event.kind is Kind.REMINDED:
            found[-1] = replace(found[-1], reminded=event.at)
        elif event.kind is Kind.APPROVAL_GIVEN:
            said = (*found[-1].said, (event.draft.by, "approved", event.at))
            found[-1] = replace(found[-1], said=said, outcome="" if data.get("needed") else "approved")
        elif event.kind in ENDINGS:
            said = found[-1].said
            if event.kind is Kind.APPROVAL_DENIED:
                said = (*said, (event.draft.by, "denied", event.at))
            found[-1] = replace(found[-1], said=said, outcome=ENDINGS[event.kind])
        elif event.kind in (Kind.STOOD_DOWN, Kind.SETTLED) and not found[-1].outcome:
            found[-1] = replace(found[-1], outcome="withdrawn")
    return found


def expiries(policy: Policy, incident: Incident, seen: Seen, *, silence: str) -> list[Expiry]:
    """The next first. silence: what comes of no answer, as the question says it."""
    found = [
        Expiry(until, f"{what} says nothing", "it counts again")
        for what, until in seen.memory.muted.items()
        if until > seen.now
    ]
    request = incident.request
    if incident.phase not in ENDED and request is not None and request.status == "waiting":
        found.append(Expiry(request.expires, "the question", silence))
    if incident.phase is Phase.SHIFTED and policy.traffic is not None and incident.intent != "restore":
        until = incident.changed + policy.traffic.within
        found.append(Expiry(until, "the wait until customers have moved", "people are asked what to do"))
    last = seen.memory.last_blocking()
    if incident.phase in ENDED and last is not None and last.id == incident.id and not last.acknowledged_by:
        until = incident.changed + policy.limits.cooldown
        found.append(Expiry(until, "the cooldown", "it may move by itself; `tidegate ack` ends it sooner"))
    return sorted((each for each in found if each.at > seen.now), key=lambda each: each.at)
