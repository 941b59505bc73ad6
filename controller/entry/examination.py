"""A deployment examined: is everything there that an evacuation will need, and is it fresh?

Each answer is a finding with a sentence. What was asked and did not answer is `unknown`, which is not well.
"""

from controller.entry.checkup import builds, hearing, house, people, records, rights, switch
from controller.entry.checkup.finding import Finding as Finding
from controller.entry.checkup.finding import Patient as Patient


def examine(patients: list[Patient]) -> list[Finding]:
    """Every finding, in the order in which an evacuation would need them."""
    first = patients[0]
    found = [*switch.endpoints(first), *switch.controls(first), switch.safety_rules(first)]
    found += records.record_tree(first)
    for patient in patients:
        found += [*house.journal(patient), house.watching(patient), hearing.signals(patient)]
        found += [house.workflow(patient), *house.tables(patient), house.dead_letters(patient)]
        found += rights.permissions(patient)
    found += [*builds.versions(patients), *hearing.alarms(first), *hearing.canaries(first)]
    return [*found, *hearing.probes(first), people.sign_in(first), people.last_drill(first)]
