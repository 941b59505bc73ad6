"""Do all controllers run the same? Two that judge by different code or policies are no three that agree.

The sum of a function's package covers the policy, ARC's names and the code: it is the same in each Region.
"""

from collections.abc import Iterator, Sequence

from controller.entry.doctor.finding import Finding, Patient, short
from controller.entry.lambdas import HANDLERS

Sums = dict[str, str]
"""Handler -> `CodeSha256` (Lambda API Reference, GetFunctionConfiguration)."""


def versions(patients: Sequence[Patient]) -> Iterator[Finding]:
    """Each Region against the first that answers, and each function against the others of its Region."""
    found = [(patient.deployment.region, _sums(patient)) for patient in patients]
    first = next(((region, sums) for region, sums in found if isinstance(sums, dict)), None)
    for region, sums in found:
        if first is None or isinstance(sums, str):
            yield Finding("version", region, "unknown", f"cannot be seen: {sums}")
            continue
        where, measure = first
        if len(set(sums.values())) > 1:
            odd = sorted(name for name, each in sums.items() if each != sums["Tick"])
            told = f"{', '.join(odd)} run another build than Tick: a deployment ended half-way"
            yield Finding("version", region, "bad", told)
        elif sums != measure:
            told = f"runs another build or policy than {where}: deploy the older of the two again"
            yield Finding("version", region, "bad", told)
        else:
            yield Finding("version", region, "ok", f"all {len(sums)} functions run build {sums['Tick'][:12]}")


def _sums(patient: Patient) -> Sums | str:
    """Or why they cannot be seen."""
    client = patient.client("lambda")
    try:
        return {
            name: str(client.get_function_configuration(FunctionName=f"tidegate-{name}")["CodeSha256"])
            for name in HANDLERS
        }
    except patient.failures as error:
        return short(error)
