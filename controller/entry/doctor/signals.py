"""The examination of signals, alarms and probes.

Alarms of the policy exist, and what alarms and canaries say reaches every controller.
"""

from collections.abc import Iterator

from controller.core.model import Ignored
from controller.core.policy.validation import expected_signals
from controller.core.text import sanitize
from controller.entry.doctor.finding import Finding, Patient, short
from controller.entry.status import LATE, last_probes
from controller.ports.errors import ControllerError, EvidenceUnavailable


def signals(patient: Patient) -> Finding:
    """Check that alarms and canaries of the policy reached this controller lately."""
    deps, region = patient.deps, patient.deployment.region
    now = deps.runtime.now()
    try:
        kept = deps.evidence.read(deps.application)
    except ControllerError as error:
        return Finding("signals", region, "unknown", f"evidence cannot be read: {short(error)}")
    silent = []
    expected = [signal for signal in expected_signals(deps.policy, deps.account) if signal.kind != "health"]
    for signal in expected:
        newest = max((seen.received for seen in kept.get(signal.id, ())), default=0.0)
        if now - newest > signal.silent_after:
            silent.append(f"{signal.name} seen from {signal.observer}")
    told = f"{len(expected)} signals are fresh"
    if silent:
        told = f"{len(silent)} of {len(expected)} are silent: {sanitize(', '.join(silent), 300)}"
    return Finding("signals", region, "bad" if silent else "ok", told)


def alarms(patient: Patient) -> Iterator[Finding]:
    deps = patient.deps
    for region in deps.policy.regions:
        names = [s.name for s in expected_signals(deps.policy, deps.account, [region]) if s.kind == "alarm"]
        try:
            seen = deps.polls.poll(region, names)
        except ControllerError as error:
            refused = isinstance(error, EvidenceUnavailable) and error.refused
            told = "CloudWatch refuses the poll" if refused else "CloudWatch does not answer"
            yield Finding("alarms", region, "unknown", f"{told}: {short(error)}")
            continue
        lost = [sanitize(each.reason, 200) for each in seen if isinstance(each, Ignored)]
        told = "; ".join(lost) if lost else f"{len(names)} alarms of the policy are there"
        yield Finding("alarms", region, "bad" if lost else "ok", told)


def probes(patient: Patient) -> Iterator[Finding]:
    deps = patient.deps
    now = deps.runtime.now()
    try:
        found = last_probes(deps.assessments.newest_first, deps.application, deps.policy.regions, now)
    except ControllerError as error:
        yield Finding("probe", "", "unknown", short(error))
        return
    for region, probe in found.items():
        late = probe is None or probe["age_s"] > LATE
        told = (
            "none came through the intake in the last hours" if probe is None else f"{probe['age_s']} s ago"
        )
        yield Finding("probe", region, "bad" if late else "ok", told)
