"""The progress of a move, and the order of several.

```
 order of work:  evacuation ─ before ─> return ─ before ─> drill

 an open restore or drill, and a Region that must be left
   has moved nothing                            it yields at once
   takes traffic out of that Region             it is finished: that is the way out
   brings traffic into it, on the way out       it turns back by itself
   brings traffic into it, on the way back      it ends where it stands, and the Region is left
   is about other Regions                       it ends where it stands, and the Region is left
```
Order changes who waits, never which guard binds: the cooldown of what has moved counts all the same.
"""

from collections.abc import Mapping

from controller.core.incident.state import BEFORE_SHIFT, MOVING, Incident, Phase, State, heading
from controller.core.policy.schema import Policy

LANDED = 45.0
"""Seconds after an intent until no call of it can still land: only then may it be dropped or contradicted."""


def begun(policy: Policy, incident: Incident, controls: Mapping[str, bool] | None) -> bool:
    """Return True where traffic has begun to move.

    Then the move is finished whatever the evidence says now. A shift that is only intended, while every
    control that it changes still stands as it was, has not begun: it may be dropped.
    """
    if incident.phase is not Phase.SHIFTING or controls is None or incident.put:
        return incident.phase in MOVING
    here = policy.regions.get(incident.source)
    intended = incident.intended or dict.fromkeys(here.controls if here else (), False)
    return any(controls.get(name) is on for name, on in intended.items())


def idle(incident: Incident, controls: Mapping[str, bool] | None, now: float) -> bool:
    """Return True where no call is under way, nor can one still land.

    A wave of which nothing is applied, long after its intent, will never be applied by that call.
    """
    if incident.phase is not Phase.SHIFTING:
        return True
    return now >= incident.changed + LANDED and not in_part(incident, controls)


def in_part(incident: Incident, controls: Mapping[str, bool] | None) -> bool:
    """Return True where a part of the present wave is applied, or nobody knows."""
    return controls is None or any(controls.get(name) is on for name, on in incident.intended.items())


def under_way(
    policy: Policy, incident: Incident | None, controls: Mapping[str, bool] | None
) -> tuple[str, ...]:
    """Return the controls of a begun wave that is not yet recorded as applied."""
    if incident is None or incident.phase is not Phase.SHIFTING or not begun(policy, incident, controls):
        return ()
    return tuple(incident.intended)


def yields(
    policy: Policy, other: Incident, region: str, controls: Mapping[str, bool] | None, now: float
) -> bool:
    """Return True where `other`, which is open, makes way for leaving `region`.

    An evacuation never does; nor does anything whose last call may still land.
    """
    if other.intent == "evacuate":
        return False
    if not begun(policy, other, controls):
        return other.phase in BEFORE_SHIFT or now >= other.changed + LANDED
    if other.phase is Phase.SHIFTING:
        return False
    left, reached = heading(other)
    return region != left and (region != reached or other.leg == "home")


HELD = frozenset({"source-failing", "target-failing", "switch-refused", "approval-denied", "approval-expired",
                  "policy-removed", "policy-unreadable"})  # fmt: skip
"""Codes at which a drill that is away may never come home by itself."""


def may_stand_down(incident: Incident) -> bool:
    """Return True where `stand-down` ends an open incident; `hand-to-people` ends the others.

    Not while a call may be under way, and not a drill that is away and goes home by itself.
    """
    away = incident.intent == "drill" and incident.phase not in BEFORE_SHIFT
    return incident.phase is not Phase.SHIFTING and not (away and not incident.escalated & HELD)


def lands_until(state: State, incident: Incident) -> float:
    """Return the time until which a call of another incident may land.

    Seconds since 1970; 0 where there is no such call. It was sent before this incident opened, which bounds
    it where the other's clock was ahead.
    """
    others = [intent.at for intent in state.intents if intent.incident != incident.id]
    return min(max(others, default=-LANDED), incident.opened) + LANDED
