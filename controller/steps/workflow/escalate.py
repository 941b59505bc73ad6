"""The step Escalate: tell people the obstacle, once for each cause, and hold.

The tick tells it again each hour (`steps.tick.alert_pages`): one rule, and one record of what people know.
"""

from collections.abc import Mapping
from math import inf
from typing import Any

from controller.core.decision.decide import Situation
from controller.core.decision.remedies import remedy
from controller.core.decision.telling import AGAIN, SHADOW
from controller.core.incident.alert_keys import kept_by, known_by_page
from controller.core.incident.state import ENDED, State
from controller.core.journal.notes import Escalated
from controller.ports.errors import JournalUnreadable
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import require_driver, write
from controller.steps.context.paging import incident_key, page
from controller.steps.payload import StepPayload

UNREAD = "journal-unreadable"


def escalate(deps: Deps, payload: StepPayload, error: str = "", cause: str = "") -> StepPayload:
    """Page and write `Escalated` once for each code of an incident; then hold.

    In this order: a page may come twice, but a page that is written down was sent. Of what an incident
    before it told less than an hour ago people know: then it is `quiet`.

    error, cause: what the workflow caught, where a step failed rather than said no.
    """
    try:
        state, incident = require_driver(deps, payload.incident, payload.epoch)
    except JournalUnreadable as unread:
        return _unread(deps, payload, str(unread))
    code = payload.code if payload.next == "escalate" and payload.code else _code(error)
    reason = payload.reason if payload.next == "escalate" and payload.reason else f"{error}: {cause}"[:500]
    if incident.phase not in ENDED and code not in incident.escalated:
        about = kept_by(incident.source, code)
        if deps.runtime.now() - state.pages.get(about, -inf) < AGAIN:
            write(deps, state, Escalated(code=code, reason=reason, quiet=True), incident=incident)
            return payload.to("hold", code=code, reason=reason, wait=payload.wait_seconds)
        can = remedy(_standing(deps, state), code, incident.source, intent=incident.intent)
        text = f"{reason}\nNothing moves until this is put right.\nYou can: {can}."
        mark = SHADOW if deps.policy.enforcement == "shadow" else ""
        known = known_by_page(incident, code)
        if page(deps, f"{mark}{incident.id}: {code}", text, incident=incident, about=known):
            said = Escalated(code=code, reason=reason, key=incident_key(deps, incident))
            write(deps, state, said, incident=incident)
    return payload.to("hold", code=code, reason=reason, wait=payload.wait_seconds)


def _standing(deps: Deps, state: State) -> Situation:
    """Return the situation by the journal alone.

    The controls stand as they were put last.
    """
    return Situation(deps.policy, deps.account, deps.here, deps.runtime.now(), state, None, None)


def _unread(deps: Deps, payload: StepPayload, reason: str) -> StepPayload:
    """Hold, and keep in the payload itself that people were told.

    Nothing can be written down while the journal is unreadable.
    """
    subject, key = f"{payload.incident}: {UNREAD}", f"{payload.application}/journal"
    paged = payload.code == UNREAD or page(deps, subject, f"{reason}\nNothing moves.", key=key)
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
