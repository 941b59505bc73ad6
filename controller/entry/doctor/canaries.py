"""The examination of canaries: they run, on a runtime that AWS keeps, and on nobody's word but their own.

A replica of a multilocation canary runs as its primary says:

```
 primary in a guarded Region ──stopped or deleted──> every replica stops, and with it the view from outside
```
AWS: CloudWatch Synthetics API Reference, DescribeCanaries and DescribeRuntimeVersions.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from controller.core.policy.validation import expected_signals
from controller.entry.doctor.finding import Finding, Patient, judged, tried
from controller.settings import CANARY_RUNTIME

PAGE = 20
"""The number of canaries that `DescribeCanaries` takes by name in one call."""
MOST_PAGES = 50

Described = Mapping[str, Mapping[str, Any]]
"""Canary's name -> its description."""


def canaries(patient: Patient) -> Iterator[Finding]:
    """Check in each Region that the policy's canaries run, and will go on to run."""
    deps, access = patient.deps, patient.deployment.evidence
    if access is not None:
        told = (
            f"they live in account {access.account}: `signals` says whether they report; runtimes, look there"
        )
        yield Finding("canaries", "", "skipped", told)
        return
    wanted: dict[str, list[str]] = {}
    for signal in expected_signals(deps.policy, deps.account):
        if signal.kind == "canary":
            wanted.setdefault(signal.observer, []).append(signal.name)
    for region, names in sorted(wanted.items()):
        read: list[Described] = []

        def look(region: str = region, names: list[str] = names, read: list[Described] = read) -> Finding:
            found = _described(patient, region, names)
            read.append(found)
            states = {
                name: found[name]["Status"]["State"] if name in found else "not there" for name in names
            }
            idle = [f"{name} is {state}" for name, state in states.items() if state != "RUNNING"]
            return judged("canaries", region, idle, f"{len(names)} canaries of the policy run here")

        yield tried(patient, "canaries", region, look)
        for found in read:
            yield _primaries(patient, region, found)
            yield _runtimes(patient, region, found)


def _described(patient: Patient, region: str, names: Sequence[str]) -> Described:
    client = patient.client("synthetics", region)
    return {
        canary["Name"]: canary
        for start in range(0, len(names), PAGE)
        for canary in client.describe_canaries(Names=names[start : start + PAGE])["Canaries"]
    }


def _primaries(patient: Patient, region: str, found: Described) -> Finding:
    """Check that no canary is steered from a Region that it may have to accuse."""
    guarded, led = patient.deps.policy.regions, []
    for name, canary in found.items():
        places = canary.get("MultiLocationConfig") or {}
        primary = places.get("PrimaryLocation") or (region if places.get("LocationType") == "Primary" else "")
        if primary in guarded:
            led.append(
                f"{name} runs by its primary in {primary}, which is guarded: what stops it there stops it"
            )
    return judged("canary primaries", region, led, "no canary here is led from a guarded Region")


def _runtimes(patient: Patient, region: str, found: Described) -> Finding:
    """Check the runtimes of the canaries here, and the one that the next deployment asks for."""
    check = "canary runtime"

    def look() -> Finding:
        ends = _withdrawn(patient.client("synthetics", region))
        used = {str(canary.get("RuntimeVersion")) for canary in found.values()}
        now = patient.deps.runtime.now()
        late = [told for name in sorted(used | {CANARY_RUNTIME}) if (told := _late(name, ends, used, now))]
        days = sorted(f"{name} until {_day(end)}" for name in used if (end := ends.get(name)) is not None)
        kept = ", ".join(days or sorted(used))
        return judged(check, region, late, f"{kept}: AWS keeps what runs here")

    return tried(patient, check, region, look)


def _withdrawn(client: Any) -> dict[str, float | None]:
    """Return runtime -> when AWS withdraws it, in seconds since 1970; None where no day is known."""
    ends: dict[str, float | None] = {}
    params: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = client.describe_runtime_versions(**params)
        for version in page["RuntimeVersions"]:
            end = version.get("DeprecationDate")
            ends[version["VersionName"]] = None if end is None else end.timestamp()
        if not page.get("NextToken"):
            break
        params["NextToken"] = page["NextToken"]
    return ends


def _late(name: str, ends: Mapping[str, float | None], used: set[str], now: float) -> str:
    """Return what is wrong with a runtime; "" where nothing is."""
    then = "canaries run on it here" if name in used else "the next deployment would be refused"
    if name not in ends:
        return f"AWS knows no runtime {name}: {then}"
    end = ends[name]
    return f"AWS withdrew {name} on {_day(end)}: {then}" if end is not None and end <= now else ""


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
