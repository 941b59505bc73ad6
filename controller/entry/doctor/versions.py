"""The examination of versions: all controllers run the same build and policy.

Three controllers agree only if they judge by the same code and policies. What runs is what the alias `live`
points at: neither the newest upload, which nobody calls, nor a version that was rolled back.
The checksum of a function's package covers the policy, ARC's names and the code. It is the same in each
Region.
"""

from collections.abc import Iterator, Sequence

from controller.entry.doctor.finding import Finding, Patient, short
from controller.entry.lambdas import HANDLERS

LIVE = "live"
Sums = dict[str, str]
"""Handler -> `CodeSha256` (Lambda API Reference, GetFunctionConfiguration)."""


def versions(patients: Sequence[Patient]) -> Iterator[Finding]:
    """Compare each Region with the first that answers, and its functions with each other."""
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
    """Return the checksums, or a sentence that says why they cannot be seen."""
    client = patient.client("lambda")
    try:
        named = {handler: f"{patient.deployment.prefix}-{handler}" for handler in HANDLERS}
        return {
            handler: str(client.get_function_configuration(FunctionName=name, Qualifier=LIVE)["CodeSha256"])
            for handler, name in named.items()
        }
    except patient.failures as error:
        return short(error)
