"""Drills as `tidegate status` shows them: the last one, the last success, the next, and what is amiss."""

from typing import Any

from controller.core.decision.drills import last_drill, last_success, what_is_amiss
from controller.core.explanation import stamp
from controller.core.incident.state import ENDED, Incident, Memory, Phase
from controller.core.policy.schedule import following
from controller.core.policy.schema import Policy


def drills_data(policy: Policy, memory: Memory, now: float) -> dict[str, Any]:
    """Plain data; `warning` is None where a drill succeeded lately, or where the policy has no `drills`."""
    drills = policy.drills
    cron = drills.cron if drills else None
    coming = following(cron, policy.timezone or "UTC", now) if cron else None
    good = last_success(memory)
    return {
        "last": _last(memory),
        "last_success": None if good is None else _told(good),
        "next": None if coming is None else stamp(coming),
        "warning": what_is_amiss(policy, memory, now),
    }


def _last(memory: Memory) -> dict[str, Any] | None:
    """The last drill, or the last that was skipped, whichever came later."""
    drill, skipped = last_drill(memory), memory.skipped
    if skipped is not None and (drill is None or drill.opened < skipped.at):
        data = skipped.data
        return {"region": data["source"], "at": stamp(skipped.at), "outcome": data["outcome"],
                "reason": data["reason"], "id": None}  # fmt: skip
    return None if drill is None else _told(drill)


def _told(drill: Incident) -> dict[str, Any]:
    outcome = drill.outcome if drill.phase in ENDED else "under way"
    kept = drill.reason if drill.phase is Phase.STOOD_DOWN else None
    return {"region": drill.source, "at": stamp(drill.changed), "outcome": outcome or None,
            "reason": kept, "id": drill.id}  # fmt: skip


def drill_lines(data: dict[str, Any]) -> list[tuple[str, bool]]:
    """What to print, and whether it is alarming."""
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
