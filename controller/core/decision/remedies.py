"""The remedies: commands by which a person can do something about a code.

None of them is refused in the state that the code is about.

```
 what is open ── would not make way ──> it is ended first: `stand-down`, or `hand-to-people` half way
 nothing moves: disarmed ─────────────> `arm` first
 the Region, on a person's word ──────> `evacuate`; past a doubt about the target `--despite`, by two people
```
An evacuation never yields, so while a Region's own is open, `evacuate` for it would be refused: it comes
after the end of that one. WHY stands for the person's own words.
"""

from controller.core.decision.decide import Situation, decide
from controller.core.decision.plan import serving
from controller.core.decision.precedence import BY_PERSON, makes_way, without
from controller.core.decision.progress import may_stand_down
from controller.core.incident.state import ENDED, Incident, Phase, State, heading

WHY = "--reason WHY"
BY_TWO = ("target-not-ready", "shared-cause")
"""Codes of what two people may set aside."""
RESTS = ("refused", "unanswered", "stopped")
"""Codes of the rests that an acknowledgement of the incident itself ends."""


def remedy(s: Situation, code: str, region: str, *, intent: str = "evacuate", doubt: bool = False) -> str:
    """Return what a person can do about the code that keeps `region`.

    It is ready to be typed. The journal must have been read; evidence need not be. doubt: nobody knows
    whether the Region fails, so that it may be what is heard of it that is wrong.
    """
    state = s.state
    assert state is not None
    own = state.open if state.open is not None and state.open.source == region else None
    muted = f"; or, if what is heard of it is wrong, `tidegate mute {region} --for 1h {WHY}`" if doubt else ""
    if own is not None:
        return _of_its_own(s, code, own) + (muted if code == "unknown" else "")
    last = state.last_moved()
    leave = _leave(s, code, region)
    match code:
        case "disarmed":
            return _armed(state, region)
        case "policy-superseded":
            return f"redeploy the policy; {_by_hand(region)}"
        case "policy-removed" | "policy-unreadable":
            return f"deploy the policy that is meant anew; {_by_hand(region)}"
        case "cut-off":
            return f"go through another controller: {leave}; {_by_hand(region)}"
        case "switch-unavailable":
            return f"look at the ARC cluster's endpoints; {_by_hand(region)}"
        case "shadow":
            return f"deploy the policy with `enforcement: live`; {_by_hand(region)}"
        case "cooldown" if last is not None and last.phase in ENDED and not last.acknowledged_by:
            return f"{acknowledgement(last)}, or {leave}"
        case code if code in RESTS and (said := state.last_of(region, intent)) is not None:
            return f"{acknowledgement(said)}, or {leave}"
        case _:
            return leave + muted


def ending(incident: Incident) -> str:
    """Return the command that ends an open incident where it stands.

    A call that may be under way, and a drill that is away, end only by the hand-over to people.
    """
    return (
        f"`tidegate stand-down {incident.id} {WHY}`" if may_stand_down(incident) else _handed_over(incident)
    )


def acknowledgement(incident: Incident) -> str:
    """Return the command that lifts every rest after an incident that has ended."""
    return f"`tidegate ack {incident.id} {WHY}`"


def _handed_over(incident: Incident) -> str:
    # Until the last call has landed it is refused, and says in how many seconds it is not.
    landing = " (45 s after its last call)" if incident.phase is Phase.SHIFTING else ""
    return f"`tidegate hand-to-people {incident.id} {WHY}`{landing}"


def _of_its_own(s: Situation, code: str, own: Incident) -> str:
    """Return what to do about a Region whose own incident is open."""
    assert s.state is not None
    last = s.state.last_moved()
    match code:
        case "disarmed":
            return _armed(s.state, own.source)
        case "policy-removed" | "policy-unreadable":
            return f"deploy a policy that has what it needs, or {_handed_over(own)}"
        case "policy-superseded":
            return f"redeploy the policy, or {ending(own)}"
        case "switch-unavailable" | "switch-refused":
            return f"put right what it names, or {ending(own)}, then {_by_hand(own.source)}"
        case "shadow":
            return f"deploy the policy with `enforcement: live`, or {_by_hand(own.source)}"
        case "cut-off":
            return f"put right the network of {s.here}, or {ending(own)}, then {_by_hand(own.source)}"
        case "cooldown" if last is not None and last.phase in ENDED and not last.acknowledged_by:
            return f"{acknowledgement(last)}, or {ending(own)}, then {_evacuate(s, code, own.source)}"
        case "no-target" | "floor":
            return f"bring another Region home, or {ending(own)}, then {_by_hand(own.source)}"
        case "target-failing":
            return f"put right what it names, or {ending(own)}, then {_evacuate(s, code, heading(own)[1])}"
        case _ if own.intent != "evacuate":  # once it has ended, a Region that fails is left by itself
            return f"put right what it names, or {ending(own)}"
        case code if code in BY_TWO:
            return f"{ending(own)}, then {_evacuate(s, code, own.source)}"
        case _:
            return f"put right what it names, or {ending(own)}, then {_evacuate(s, code, own.source)}"


def _leave(s: Situation, code: str, region: str) -> str:
    """Return how to leave a Region that has no open incident of its own."""
    assert s.state is not None
    other, first = s.state.open, []
    if s.state.stopped:
        first.append(_armed(s.state, region))
    if other is not None and not _makes_way(s, other, region):
        first.append(ending(other))
    return ", then ".join((*first, _evacuate(s, code, region)))


def _makes_way(s: Situation, other: Incident, region: str) -> bool:
    """Return True where what is open makes way for a person's evacuation."""
    if s.state is None or s.evidence is None or region not in s.policy.regions:
        return False
    return makes_way(s, other, decide(s.after(without(s.state, other)), region), BY_PERSON)


def _evacuate(s: Situation, code: str, region: str) -> str:
    aside = code if code in BY_TWO else "target-not-ready" if _is_last_on(s, region) else ""
    words = ("tidegate evacuate", region, *([f"--despite {aside}"] if aside else []), WHY)
    return f"`{' '.join(words)}`"


def _is_last_on(s: Situation, region: str) -> bool:
    """Return True where nothing else serves: one person alone may not leave it."""
    assert s.state is not None
    on = {**s.state.stand, **(s.controls or {})}
    return [r for r in s.policy.regions if serving(s.policy, r, on)] == [region]


def _armed(state: State, region: str) -> str:
    if state.fleet_unread:
        return f"look at the fleet's journal (`*fleet*` in the journal's table); {_by_hand(region)}"
    words = ["`tidegate arm`"] if not state.armed else []
    words += ["`tidegate arm --fleet`"] if state.fleet is not None else []
    return ", then ".join(words or ["`tidegate arm`"])


def _by_hand(region: str) -> str:
    return f"`tidegate break-glass {region} {WHY}`"
