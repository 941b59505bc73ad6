"""The examination of a deployment: everything that an evacuation needs, present and fresh.

Each answer is a finding with a sentence. A question without an answer is `unknown`, which is not well.
"""

from controller.entry.doctor import (
    accounts,
    canaries,
    concurrency,
    controller,
    dns_records,
    heartbeat,
    objects,
    people,
    permissions,
    signals,
    switch,
    versions,
)
from controller.entry.doctor.finding import Finding as Finding
from controller.entry.doctor.finding import Patient as Patient


def examine(patients: list[Patient]) -> list[Finding]:
    """Return every finding, in the order in which an evacuation would need them."""
    first = patients[0]
    found = [*switch.endpoints(first), *switch.controls(first), switch.safety_rules(first)]
    found += [*objects.seen(first), objects.addresses(first)]
    found += [*dns_records.record_tree(first), dns_records.zone_recovery(first)]
    for patient in patients:
        found += [*controller.journal(patient), controller.watching(patient), signals.signals(patient)]
        found += [controller.workflow(patient), *controller.tables(patient), controller.names(patient)]
        found += [controller.protection(patient), controller.dead_letters(patient)]
        found += heartbeat.heartbeat(patient)
        found += [*permissions.permissions(patient), *accounts.accounts(patient)]
        found += concurrency.concurrency(patient)
    found += controller.forward_letters(first)
    found += [*versions.versions(patients), *signals.alarms(first), *canaries.canaries(first)]
    found += [*signals.probes(first), people.sign_in(first), people.last_drill(first)]
    return [*found, people.break_glass(first)]
