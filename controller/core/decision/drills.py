"""The schedule of drills: the Region whose turn it is, and what prevents one.

```
 drills.cron strikes ─┬─ 0 s: the first controller ─ 30 s: the second ─ 60 s: the third: one of them opens it
                      └─ LATE: nobody did; it is skipped, and said so
```
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from controller.core.decision.guards import GuardInput, not_refused
from controller.core.decision.limits import open_window, window_sentence
from controller.core.decision.plan import SWITCH_SILENT, serving
from controller.core.decision.precedence import TURN, rank
from controller.core.decision.restore import must_be_left
from controller.core.explanation import format_time
from controller.core.incident.state import Incident, Phase, State
from controller.core.model import Truth
from controller.core.policy.schedule import previous
from controller.core.policy.schema import Policy
from controller.core.text import format_duration

LATE = 600.0
"""Seconds after the scheduled time until which a drill may begin; later it is skipped."""
SCHEDULE = "schedule"
"""The requester of a drill that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The reason why a drill must not begin: a code and a sentence."""

    code: str
    reason: str


def due(policy: Policy, state: State, now: float) -> float | None:
    """Return the last time of `drills.cron` that nobody has handled yet, if any.

    A time before this policy came into force is not made up for.
    """
    if policy.drills is None or policy.drills.cron is None:
        return None
    struck = previous(policy.drills.cron, policy.timezone or "UTC", now)
    return struck if struck is not None and struck > max(state.struck, state.deployed) else None


def turn(policy: Policy, state: State, controls: Mapping[str, bool] | None) -> str:
    """Return the Region whose last turn is the longest ago.

    Only Regions that carry traffic are considered, if any does.
    """
    carrying = [r for r in policy.regions if controls is not None and serving(policy, r, controls)]
    return min(carrying or policy.regions, key=lambda region: state.drilled.get(region, 0.0))


def my_turn(policy: Policy, here: str, region: str, *, since: float) -> bool:
    """Return True where the controllers before this one have had their time.

    since: seconds after the scheduled time.
    """
    return since >= TURN * rank(policy, here, region)


def missed(struck: float, now: float) -> Obstacle | None:
    """Return the reason to skip a drill, if it is too late to begin."""
    if now - struck <= LATE:
        return None
    late = (
        f"nobody began it within {format_duration(LATE)} of {format_time(struck)}, "
        f"and now it is {format_time(now)}"
    )
    return Obstacle("drill-missed", late)


def obstacle_to_drill(
    policy: Policy, state: State, region: str, now: float, controls: Mapping[str, bool] | None
) -> Obstacle | None:
    """Return what prevents a drill of `region` from beginning, if anything does.

    All other guards are checked once it is open.
    """
    if state.stopped:
        return Obstacle("disarmed", f"{state.stopped}; arm it first")
    if state.open is not None:
        return Obstacle("in-progress", f"{state.open.id} is in progress; one move at a time")
    if policy.drills is None:
        return Obstacle("no-drills", "the policy has no `drills`: it does not say how long to stay")
    shut = open_window(policy, now, policy.drills.stay)
    if shut is not None:
        return Obstacle("blackout", window_sentence(shut, now))
    if controls is None:
        return Obstacle("switch-unavailable", SWITCH_SILENT)
    for other, entry in policy.regions.items():
        if state.away(other) is not None and serving(policy, other, controls) < len(entry.controls):
            return Obstacle("away", f"{other} was left and has not come home")
    if not serving(policy, region, controls):
        return Obstacle("already-left", f"{region} carries no traffic: there is nothing to drill")
    return None


def obstacle_in_evidence(f: GuardInput) -> Obstacle | None:
    """Return what evidence, or a person's no, says against a scheduled drill.

    A drill is for a Region that is well; what a person stopped or denied is not done by another name.
    """
    if must_be_left(f, f.region):
        return Obstacle("source-failing", f"{f.region} fails: a drill is of a Region that is well")
    for intent in ("evacuate", "drill"):
        check = not_refused(replace(f, incident=None, intent=intent))
        if check.value is not Truth.TRUE:
            return Obstacle(check.code, check.sentence)
    return None


def last_success(state: State) -> Incident | None:
    """Return the drill that succeeded last, if any."""
    good = [i for i in state.incidents.values() if i.intent == "drill" and i.outcome == "succeeded"]
    return max((i for i in good if i.phase is Phase.SETTLED), key=lambda i: i.changed, default=None)


def last_drill(state: State) -> Incident | None:
    """Return the drill that was opened last, if any."""
    drills = [i for i in state.incidents.values() if i.intent == "drill"]
    return max(drills, key=lambda i: i.opened, default=None)


def what_is_amiss(policy: Policy, state: State, now: float) -> str | None:
    """Return the warning about drills for people, if there is one.

    It says that none ever succeeded, or that none did for too long.
    """
    if policy.drills is None:
        return None
    good = last_success(state)
    if good is None:
        return "no drill has ever succeeded: nobody knows whether leaving works"
    age = now - good.changed
    if age <= policy.drills.warn_after:
        return None
    return f"the last drill that succeeded is {age / 86400:.0f} days old"
