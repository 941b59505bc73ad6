"""An incident as plain data."""

from typing import Any

from controller.core.incident import Incident


def as_data(incident: Incident) -> dict[str, Any]:
    """Plain data for `--json`; holds no secret."""
    request = incident.request
    return {
        "id": incident.id,
        "intent": incident.intent,
        "source": incident.source,
        "target": incident.target,
        "phase": str(incident.phase),
        "opened": incident.opened,
        "opened_by": incident.opened_by,
        "requested_by": incident.requested_by,
        "epoch": incident.epoch,
        "driver": incident.driver or None,
        "approval": None
        if request is None
        else {
            "id": request.id,
            "status": request.status,
            "by": request.by,
            "stage": request.stage,
            "needed": request.needed(),
            "override": list(request.rules),
        },
        "escalated": sorted(incident.escalated),
        "reason": incident.reason,
        "outcome": incident.outcome or None,
        "acknowledged_by": incident.acknowledged_by,
    }
