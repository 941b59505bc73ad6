"""Events that are about tidegate itself: the hourly probe of its intake, and executions that ended badly."""

from typing import Any

from controller.aws.fields import iso, member, name, region, text
from controller.aws.rules import EXECUTION_CHANGE, FAILED_STATES, PROBE_SOURCE
from controller.core.model import Ended, Probe


def own_news(event: dict[str, Any], *, received: float) -> Probe | Ended | None:
    """The probe or the ended execution in an EventBridge event; None where it is neither.

    Raises `Unusable` where it says that it is one and is not. Neither is ever evidence.
    """
    source = event.get("source")
    if source == PROBE_SOURCE:
        return Probe(region=region(event), sent=iso(event, "time"), received=received)
    if source != "aws.states" or event.get("detail-type") != EXECUTION_CHANGE:
        return None
    detail = event.get("detail")
    if not isinstance(detail, dict) or detail.get("status") not in FAILED_STATES:
        return None
    detail = member(event, "detail", "The event")
    return Ended(execution=name(detail.get("name"), "execution's name"), status=text(detail, "status", "It"))
