"""The examination of the way into other accounts, where evidence or ARC lives in one.

```
 you ─ AssumeRole ─> STS of each controller Region    whether a session is given, and where it is not
 the last tick here ─> its record                     whether the functions were let in: nobody else can tell
```
A role trusts exact functions, and people whom `accounts.desk` names. That you may not be it says nothing of
the functions.
"""

from collections.abc import Iterator
from typing import Any

from controller.aws.assumed_role import AssumedRole
from controller.core.text import sanitize
from controller.entry.doctor.controller import QUIET
from controller.entry.doctor.finding import Finding, Patient, Verdict, short
from controller.ports.errors import ControllerError
from controller.settings import Access
from controller.steps.context.own_records import own_records

SESSION = 900
"""Seconds of a session that nobody uses: the fewest that STS takes."""


def accounts(patient: Patient) -> Iterator[Finding]:
    """Check each role in another account: STS of every controller Region, and the last look by it."""
    d = patient.deployment
    for check, access in (("evidence account", d.evidence), ("arc account", d.arc_access)):
        if access is not None:
            yield _sessions(patient, check, access)
    if d.evidence is not None:
        yield _last_look(patient)
    elif d.arc_access is None:
        for check in ("evidence account", "evidence polls"):
            yield Finding(check, d.region, "skipped", "all lives in one account")


def role_of(patient: Patient, access: Access) -> AssumedRole:
    """Return the role in another account, to look with: one Region's STS is asked after the other."""
    d = patient.deployment
    return AssumedRole(
        clients={region: patient.client("sts", region) for region in _regions(patient)},
        role=access.role,
        external_id=access.external_id,
        name=_name(patient),
        runtime=patient.deps.runtime,
        timeout=max(1.0, 0.2 * d.speed),
    )


def _regions(patient: Patient) -> tuple[str, ...]:
    return tuple(dict.fromkeys((patient.deployment.region, *patient.deps.policy.controllers)))


def _name(patient: Patient) -> str:
    return f"{patient.deployment.prefix}-doctor"


def _sessions(patient: Patient, check: str, access: Access) -> Finding:
    answers = {region: _asked(patient, region, access) for region in _regions(patient)}
    given = [region for region, answer in answers.items() if answer == ""]
    refused = "; ".join(f"STS in {region}: {answer}" for region, answer in answers.items() if answer)
    verdict: Verdict = "ok" if not refused else "bad" if given else "unknown"
    if not refused:
        told = f"STS in {', '.join(given)} lets you be {access.role}"
    elif given:
        told = f"STS in {', '.join(given)} lets you be {access.role}, but {refused}"
    else:
        told = f"you may not be {access.role} (`accounts.desk` names who may): {refused}"
    return Finding(check, patient.deployment.region, verdict, sanitize(told, 600))


def _asked(patient: Patient, region: str, access: Access) -> str:
    """Return why STS of a Region gives no session; "" where it does. The session is not used."""
    client: Any = patient.client("sts", region)
    try:
        client.assume_role(
            RoleArn=access.role,
            RoleSessionName=_name(patient),
            ExternalId=access.external_id,
            DurationSeconds=SESSION,
        )
    except patient.failures as error:
        return short(error)
    return ""


def _last_look(patient: Patient) -> Finding:
    """Return whether the functions were let in at their last tick."""
    deps, here = patient.deps, patient.deployment.region
    now, check = deps.runtime.now(), "evidence polls"
    try:
        ticks = (r for _, r in own_records(deps, now - QUIET, now) if r.get("by") == "tick")
        last = next(ticks, None)
    except ControllerError as error:
        return Finding(check, here, "unknown", f"assessments cannot be read: {short(error)}")
    if last is None:
        return Finding(check, here, "unknown", f"no tick was recorded for {QUIET:.0f} s")
    refused = last.get("refused_regions") or {}
    if refused:
        region, why = sorted(refused.items())[0]
        told = f"refused for {', '.join(sorted(refused))}; of {region}: {why}"
        return Finding(check, here, "bad", sanitize(told, 600))
    return Finding(check, here, "ok", "the last tick was let into the other account")
