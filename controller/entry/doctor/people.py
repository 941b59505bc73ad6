"""The examination of what people need: sign-in, last drill, break-glass's record.

The sign-in must not be lost with a Region, the drill must have gone as it should, and the record must be
whole and in the journal.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from controller.core.text import sanitize
from controller.entry.break_glass import standing
from controller.entry.doctor.finding import Finding, Patient, judged, short
from controller.entry.status import drills_data
from controller.ports.errors import ControllerError
from controller.steps.context.journalling import folded


def sign_in(patient: Patient) -> Finding:
    """Check that the issuer's address is of no guarded Region.

    AWS's issuers carry their Region in their address. What an address does not say, nobody can see.
    """
    issuer = patient.deployment.issuer
    if issuer is None:
        return Finding("sign-in", "", "skipped", "this deployment has no console")
    host = urlsplit(issuer).hostname or ""
    inside = [region for region in patient.deps.policy.regions if region in host.split(".")]
    if inside:
        told = (
            f"{sanitize(host, 100)} lies in {inside[0]}, which is guarded: nobody could approve when it fails"
        )
        return Finding("sign-in", "", "bad", told)
    return Finding("sign-in", "", "ok", f"the address of {sanitize(host, 100)} is of no guarded Region")


def last_drill(patient: Patient) -> Finding:
    deps = patient.deps
    try:
        state = folded(deps.application, deps.journal.read(deps.application))
    except ControllerError as error:
        return Finding("last drill", "", "unknown", short(error))
    told: Mapping[str, Any] = drills_data(deps.policy, state, deps.runtime.now())
    good = told["last_success"]
    says = told["warning"] or (f"{good['region']} at {good['at']}" if good else "none yet, and none is due")
    return Finding("last drill", "", "bad" if told["warning"] else "ok", sanitize(str(says), 300))


def break_glass(patient: Patient) -> Finding:
    """Check that this machine's record is whole, and that the journal has it."""
    check, deps = "break-glass record", patient.deps
    try:
        found = standing(patient.deployment, deps.journal.read(deps.application))
    except ControllerError as error:
        return Finding(check, "", "unknown", f"the journal cannot be read: {short(error)}")
    whole = f"{found.lines} lines on this machine, whole, and in the journal"
    return judged(check, "", list(found.sentences), whole if found.lines else "none on this machine")
