"""The drills and the controller's own health, as `tidegate status` shows them.

Drills: the last one, the last success, the next, and any warning.
The controller's own health: the last probe, dead letters, drift, a stuck step.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from controller.core.decision.drift import standing_drift
from controller.core.decision.drills import last_drill, last_success, what_is_amiss
from controller.core.explanation import format_time
from controller.core.incident.state import ENDED, Incident, Phase, State
from controller.core.incident.step_durations import stuck
from controller.core.journal.restoration import story
from controller.core.policy.schedule import following
from controller.core.policy.schema import Policy
from controller.ports.storage import ReadStopped

LATE = 7200.0
"""Seconds without a probe that are too many. A probe is sent each hour, so two are missing."""


def drills_data(policy: Policy, state: State, now: float) -> dict[str, Any]:
    """Return the drills as plain data.

    `warning` is None where a drill succeeded lately, or where the policy has no `drills`.
    """
    drills = policy.drills
    cron = drills.cron if drills else None
    coming = following(cron, policy.timezone or "UTC", now) if cron else None
    good = last_success(state)
    return {
        "last": _last(state),
        "last_success": None if good is None else _drill_fields(good),
        "next": None if coming is None else format_time(coming),
        "warning": what_is_amiss(policy, state, now),
    }


def _last(state: State) -> dict[str, Any] | None:
    """Return the last drill or the last skipped one, whichever came later."""
    drill, skipped = last_drill(state), state.skipped
    if skipped is not None and (drill is None or drill.opened < skipped.at):
        said = skipped.said
        return {"region": said.source, "at": format_time(skipped.at), "outcome": said.outcome,
                "reason": said.reason, "id": None}  # fmt: skip
    return None if drill is None else _drill_fields(drill)


def _drill_fields(drill: Incident) -> dict[str, Any]:
    outcome = drill.outcome if drill.phase in ENDED else "under way"
    kept = drill.reason if drill.phase is Phase.STOOD_DOWN else None
    return {"region": drill.source, "at": format_time(drill.changed), "outcome": outcome or None,
            "reason": kept, "id": drill.id}  # fmt: skip


def drill_lines(data: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return the lines to print, each with True if it is alarming."""
    lines: list[tuple[str, bool]] = []
    last, good = data["last"], data["last_success"]
    if last is not None and last != good:
        why = f": {last['reason']}" if last["reason"] else ""
        lines.append((f"last drill: {last['region']} {last['outcome']} at {last['at']}{why}", False))
    succeeded = f"{good['region']} at {good['at']}" if good else "none yet"
    lines.append((f"last drill that succeeded: {succeeded}", False))
    if data["next"]:
        lines.append((f"next drill: {data['next']}", False))
    if data["warning"]:
        lines.append((data["warning"], True))
    return lines


def last_probes(
    newest_first: Callable[[str, float], Iterable[tuple[float, dict[str, Any]]]],
    application: str,
    regions: Iterable[str],
    now: float,
) -> dict[str, Any]:
    """Return for each Region its last probe; None where none came lately.

    A probe says when it came through the intake (`at`, `age_s`) and how long it took.
    """
    found: dict[str, Any] = dict.fromkeys(regions)
    with suppress(ReadStopped):  # so much was written since: what lies before it is late by then
        for at, record in newest_first(application, now - 1.5 * LATE):
            probes = record.get("probes", ()) if record.get("by") == "probe" and at <= now else ()
            for probe in reversed(probes):
                if probe["region"] in found and found[probe["region"]] is None:
                    found[probe["region"]] = {"at": format_time(at), "age_s": round(now - at), **probe}
            if None not in found.values():
                break
    return found


def drift_data(state: State) -> dict[str, Any] | None:
    """Return the last drift that was seen, and its time, while it still is one."""
    drift = standing_drift(state)
    return None if drift is None else {"at": format_time(drift.at), "reason": drift.said.reason}


def restored_data(state: State) -> dict[str, Any] | None:
    """Return the last time that the journal was restored from a backup.

    `armed_since` is False until a person has armed.
    """
    if not state.restored:
        return None
    last = state.restored[-1]
    return {"at": format_time(last.at), "by": last.by, "reason": story(last.said), "first": last.said.first,
            "last": last.said.last, "armed_since": state.review is None}  # fmt: skip


def stuck_step_data(state: State, now: float) -> dict[str, Any] | None:
    """Return the open incident's step if it is slow against its own history."""
    found = stuck(state.pace, now)
    if found is None:
        return None
    return {"step": found.step, "seconds": round(found.seconds), "p75_s": round(found.usual, 1),
            "runs": found.runs, "reason": found.sentence}  # fmt: skip


def watching_lines(fields: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return the lines to print, each with True if it is alarming."""
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
    if fields["restored"]:
        restored = fields["restored"]
        lines.append(
            (f"{restored['reason']}, by {restored['by']} at {restored['at']}", not restored["armed_since"])
        )
    if fields["drift"]:
        lines.append((f"drift at {fields['drift']['at']}: {fields['drift']['reason']}", False))
    return lines
