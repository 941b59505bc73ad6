"""The examination of Lambda's quotas: the functions that an evacuation needs may run, all at once.

They share the account's quota in their Region with whatever else runs there:
```
 quota (1,000; a new account's may be 10) ─┬─ reserved, for one function each: its share, and its limit
                                           └─ unreserved, 100 at least: first come, first served
```
A reservation of 0 is how a function is switched off by hand. AWS: Lambda API Reference, GetAccountSettings,
GetFunctionConcurrency.
"""

from collections.abc import Iterator
from typing import Any

from controller.entry.doctor.finding import Finding, Patient, judged, tried

CHECK, STORAGE = "concurrency", "code storage"
FULL = 0.8
"""The share of the code storage from which on it is too full: each deployment adds a version of each."""
GIB = 1024.0**3


def concurrency(patient: Patient) -> Iterator[Finding]:
    """Compare what the account allows with what the deployment needs, and with what it reserved."""
    d = patient.deployment
    read: list[dict[str, Any]] = []

    def look() -> Finding:
        settings = patient.client("lambda").get_account_settings()
        read.append(settings)
        if not d.at_once:
            return Finding(
                CHECK, d.region, "skipped", "this deployment names no sizes (a rehearsal has none)"
            )
        limit = settings["AccountLimit"]
        kept = {name: _reserved(patient, name) for name in d.at_once}
        problems = [*_held(kept, d.at_once, d.reserved), *_short(limit, d.at_once, kept)]
        free = limit["UnreservedConcurrentExecutions"]
        well = (
            f"up to {sum(d.at_once.values())} functions at once, {sum(d.reserved.values())} reserved; "
            f"the quota is {limit['ConcurrentExecutions']}, of which {free} are for whoever comes first"
        )
        return judged(CHECK, d.region, problems, well)

    yield tried(patient, CHECK, d.region, look)
    for settings in read:
        yield _storage(d.region, settings)


def _reserved(patient: Patient, name: str) -> int | None:
    """Return how many are reserved for a function; None where it takes from what is left to all."""
    found = patient.client("lambda").get_function_concurrency(
        FunctionName=f"{patient.deployment.prefix}-{name}"
    )
    count = found.get("ReservedConcurrentExecutions")
    return None if count is None else int(count)


def _held(kept: dict[str, int | None], at_once: dict[str, int], wanted: dict[str, int]) -> Iterator[str]:
    for name, count in kept.items():
        if count == 0:
            yield f"{name} may not run at all: somebody reserved 0 for it"
        elif name in wanted and count != wanted[name]:
            yield f"{name} has {count if count is not None else 'none'} reserved, not {wanted[name]}"
        elif count is not None and count < at_once[name]:
            yield f"{name} is held to {count} at once, and needs {at_once[name]}"


def _short(limit: dict[str, Any], at_once: dict[str, int], kept: dict[str, int | None]) -> Iterator[str]:
    """Yield a problem where what has no reservation finds too little left."""
    needs = sum(count for name, count in at_once.items() if kept[name] is None)
    free = int(limit["UnreservedConcurrentExecutions"])
    if free < needs:
        yield (
            f"up to {needs} functions run at once, and {free} may, of a quota of "
            f"{limit['ConcurrentExecutions']}: have it raised (Lambda, Concurrent executions)"
        )


def _storage(region: str, settings: dict[str, Any]) -> Finding:
    """Judge how full the account's storage for code is; a full one refuses the next deployment."""
    most, used = settings["AccountLimit"].get("TotalCodeSize"), settings["AccountUsage"].get("TotalCodeSize")
    if most is None or used is None:
        return Finding(STORAGE, region, "unknown", "AWS does not say how much of it is used")
    told = f"{used / GIB:.1f} of {most / GIB:.0f} GiB are used"
    full = [f"{told}: delete versions that no alias points at"] if used > FULL * most else []
    return judged(STORAGE, region, full, told)
