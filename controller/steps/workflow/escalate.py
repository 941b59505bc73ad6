"""The step Escalate: tell people the obstacle, once for each cause, and hold."""

from collections.abc import Mapping
from typing import Any

from controller.core.incident.state import ENDED
from controller.core.journal import Kind
from controller.ports.errors import JournalUnreadable
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import require_driver, write
from controller.steps.context.paging import page
from controller.steps.payload import StepPayload

UNREAD = "journal-unreadable"


def escalate(deps: Deps, payload: StepPayload, error: str = "", cause: str = "") -> StepPayload:
    """Page and write `Escalated` once for each code of an incident; then hold.

    In this order: a page may come twice, but a page that is written down was sent.

    error, cause: what the workflow caught, where a step failed rather than said no.
    """
    try:
        state, incident = require_driver(deps, payload.incident, payload.epoch)
    except JournalUnreadable as unread:
        return _unread(deps, payload, str(unread))
    code = payload.code if payload.next == "escalate" and payload.code else _code(error)
    reason = payload.reason if payload.next == "escalate" and payload.reason else f"{error}: {cause}"[:500]
    if incident.phase not in ENDED and code not in incident.escalated:
        paged = page(deps, f"{incident.id}: {code}", f"{reason}\nNothing moves until this is so no longer.")
        if paged:
            write(deps, state, Kind.ESCALATED, data={"code": code, "reason": reason}, incident=incident)
    return payload.to("hold", code=code, reason=reason, wait=payload.wait_seconds)


def _unread(deps: Deps, payload: StepPayload, reason: str) -> StepPayload:
    """Hold, and keep in the payload itself that people were told.

    Nothing can be written down while the journal is unreadable.
    """
    paged = payload.code == UNREAD or page(deps, f"{payload.incident}: {UNREAD}", f"{reason}\nNothing moves.")
    return payload.to("hold", code=UNREAD if paged else "", reason=reason, wait=60)


def hold_unknown(deps: Deps, payload: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Hold a payload of another version as it is, and page once.

    A later version may know what to do.
    """
    code = "payload-unknown"
    paged = payload.get("code") == code or page(
        deps, f"{deps.application}: {code}", f"{reason}\nNothing moves."
    )
    return {**payload, "next": "hold", "code": code if paged else "", "reason": reason, "wait_seconds": 60}


def _code(error: str) -> str:
    """Return the code of an error: `SwitchUnavailable` -> `switch-unavailable`."""
    words = "".join(f"-{c.lower()}" if c.isupper() else c for c in error if c.isalnum() or c == ".")
    return words.strip("-.").replace(".-", "-") or "step-failed"
