"""The examination of the heartbeat: somebody outside would notice if a controller fell silent.

The secret is described and never read: its value is nobody's business here. Of a beat that was sent the
controller's next assessment tells. AWS: Secrets Manager API Reference, DescribeSecret.
"""

from collections.abc import Iterator

from controller.core.text import sanitize
from controller.entry.doctor.finding import Finding, Patient, tried
from controller.ports.errors import ControllerError
from controller.steps.context.own_records import own_records

CHECK = "heartbeat"
LATELY, STALE = 600.0, 240.0
"""Seconds in which a beat is looked for, and after which it is too old: a tick tells of the one before."""


def heartbeat(patient: Patient) -> Iterator[Finding]:
    """Check that the secret is there, and that the last beat was sent."""
    d = patient.deployment
    told = d.heartbeat
    if told is None:
        says = "not configured: nobody outside watches, and who is silent cannot say so (docs/watching.md)"
        yield Finding(CHECK, d.region, "skipped", says)
        return

    def look() -> Finding:
        patient.client("secretsmanager").describe_secret(SecretId=told.secret)
        return _last(patient, told.host)

    yield tried(patient, CHECK, d.region, look)


def _last(patient: Patient, host: str) -> Finding:
    deps, region = patient.deps, patient.deployment.region
    now = deps.runtime.now()
    try:
        records = own_records(deps, now - LATELY, now)
        found = next((r["heartbeat"] for _, r in records if isinstance(r.get("heartbeat"), dict)), None)
    except ControllerError as error:
        return Finding(CHECK, region, "unknown", f"assessments cannot be read: {sanitize(str(error), 200)}")
    if found is None:
        return Finding(CHECK, region, "bad", f"no tick told of a beat to {host} in {LATELY:.0f} s")
    age, why = now - float(found.get("at", 0.0)), sanitize(str(found.get("why", "")), 300)
    if why:
        return Finding(CHECK, region, "bad", f"the last one was not sent: {why}")
    if age > STALE:
        return Finding(CHECK, region, "bad", f"the last one was sent to {host} {age:.0f} s ago")
    return Finding(CHECK, region, "ok", f"sent to {host} {age:.0f} s ago, and the secret is there")
