"""Escalate: tell people what stands in the way, once for each cause, and hold."""

from controller.core.incident import ENDED
from controller.core.journal import Kind
from controller.steps.carry import Carry
from controller.steps.context import Deps, announce, driven, page, write


def escalate(deps: Deps, carry: Carry, error: str = "", cause: str = "") -> Carry:
    """Page and write `Escalated`, unless this code was paged for this incident; then hold.

    In this order: a page may come twice, but what is written down as told was told.

    error, cause: what the workflow caught, where a step failed rather than said no.
    """
    memory, incident = driven(deps, carry.incident, carry.epoch)
    code = carry.code if carry.next == "escalate" and carry.code else _code(error)
    reason = carry.reason if carry.next == "escalate" and carry.reason else f"{error}: {cause}"[:500]
    if incident.phase not in ENDED and code not in incident.escalated:
        told = page(deps, f"{incident.id}: {code}", f"{reason}\nNothing moves until this is so no longer.")
        announce(deps, {"kind": "Escalated", "incident": incident.id, "code": code, "reason": reason})
        if told:
            write(deps, memory, Kind.ESCALATED, data={"code": code, "reason": reason}, incident=incident)
    return carry.to("hold", code=code, reason=reason, wait=carry.wait_seconds)


def _code(error: str) -> str:
    """`SwitchUnavailable` -> `switch-unavailable`."""
    words = "".join(f"-{c.lower()}" if c.isupper() else c for c in error if c.isalnum() or c == ".")
    return words.strip("-.").replace(".-", "-") or "step-failed"
