"""Who watches the watcher, as `tidegate status` shows it: last probe, dead letters, drift, a stuck step."""

from collections.abc import Callable, Iterable
from typing import Any

from controller.core.explanation import stamp
from controller.core.incident.state import Memory
from controller.core.incident.step_durations import stuck

LATE = 7200.0
"""Seconds: a probe goes out each hour, so two are missing."""


def last_probes(
    between: Callable[[str, float, float], Iterable[tuple[float, dict[str, Any]]]],
    application: str,
    regions: Iterable[str],
    now: float,
) -> dict[str, Any]:
    """Region -> when its last probe came through the intake and how long it took; None: not lately."""
    found: dict[str, Any] = dict.fromkeys(regions)
    for at, record in between(application, now - 1.5 * LATE, now):
        for probe in record.get("probes", ()) if record.get("by") == "probe" else ():
            if probe["region"] in found:
                found[probe["region"]] = {"at": stamp(at), "age_s": round(now - at), **probe}
    return found


def drift_told(memory: Memory) -> dict[str, Any] | None:
    """The last drift that was seen, and when."""
    event = memory.drift
    return None if event is None else {"at": stamp(event.at), "reason": event.data["reason"]}


def stuck_told(memory: Memory, now: float) -> dict[str, Any] | None:
    """The open incident's step, if it is slow against its own history."""
    found = stuck(memory.pace, now)
    if found is None:
        return None
    return {"step": found.step, "seconds": round(found.seconds), "p75_s": round(found.usual, 1),
            "runs": found.runs, "reason": found.sentence}  # fmt: skip


def watching_lines(fields: dict[str, Any]) -> list[tuple[str, bool]]:
    """What to print, and whether it is alarming."""
    lines: list[tuple[str, bool]] = []
    for region, probe in fields["probes"].items():
        if probe is None:
            lines.append((f"no probe from {region} came through the intake in the last hours", True))
        elif probe["age_s"] > LATE:
            lines.append((f"the last probe from {region} is {probe['age_s'] // 60} minutes old", True))
        else:
            text = (
                f"probe from {region} {probe['age_s'] // 60} min ago, {probe['round_trip_s']:.1f} s under way"
            )
            lines.append((text, False))
    letters = fields["dead_letters"]
    told = "dead letters cannot be counted" if letters is None else f"{letters} dead letters"
    lines.append((told, bool(letters)))
    if fields["stuck"]:
        lines.append((f"stuck: {fields['stuck']['reason']}", True))
    if fields["drift"]:
        lines.append((f"drift at {fields['drift']['at']}: {fields['drift']['reason']}", False))
    return lines
