"""The order of moves, and of several controllers.

```
 condition true ─ 0 s: the first ─ 30 s: the second ─ 60 s: the third, always the one in the impaired Region
```
"""

from collections.abc import Mapping
from dataclasses import replace

from controller.core.decision.decide import Situation, decide, guard_input, may_open
from controller.core.decision.guards import GuardInput, not_cut_off, policy_valid
from controller.core.decision.plan import may_carry
from controller.core.decision.progress import begun, idle, yields
from controller.core.decision.recurrence import FLAPPING
from controller.core.decision.restore import must_be_left, why_not_back
from controller.core.incident.state import INTERRUPTED, Incident, Phase, State, heading
from controller.core.model import Decision, Truth
from controller.core.policy.schema import Policy

TURN = 30.0
"""Seconds by which each controller leaves the first move to the one before it."""
TICKS_APART = 150.0
"""Seconds from one tick to the next, at most: one is lost, and the next is half a minute late.

A longer time in which a controller did not look is a gap: it knows nothing of what was so meanwhile.
"""


def rank(policy: Policy, here: str, source: str) -> int:
    """Return the place of the controller in `here` about leaving `source`, from 0.

    The controller in the impaired Region comes last; one that the policy does not name comes after all.
    """
    order = sorted(policy.controllers, key=lambda region: region == source)
    return order.index(here) if here in order else len(order)


def patience(policy: Policy, here: str, source: str, driver: str) -> float:
    """Return the seconds for which a takeover from `driver` is left to others.

    The others are the controllers before this one in the order.
    """
    ahead = [region for region in policy.controllers if region != driver]
    mine = rank(policy, here, source)
    return TURN * sum(rank(policy, region, source) < mine for region in ahead)


def abstains(s: Situation) -> tuple[str, str] | None:
    """Return the code and sentence of why this controller must abstain, or None.

    A controller that abstains must neither open, drive nor take over an incident. While one is open it need
    not have the policy in force itself, but must have read it, and the one by which the incident goes on.
    """
    if s.state is None:
        return "journal-unreadable", "the journal does not answer"
    if s.evidence is None:
        return "evidence-unreadable", "the evidence table does not answer"
    about = s.state.open
    if about is not None and s.driving is None:
        return "policy-unreadable", s.unreadable
    found = GuardInput(s.policy, "", s.now, s.here, s.state, about, s.seen, s.controls, in_force=s.in_force)
    kept = (policy_valid(found), not_cut_off(found))
    return next(((check.code, check.sentence) for check in kept if check.value is not Truth.TRUE), None)


URGENCY: Mapping[str, int] = {"act": 2, "ask": 1}
"""Action -> how near a move is to leaving a Region that must be left; a person's word is nearer than any."""
BY_PERSON = 3


def to_open(s: Situation, decision: Decision) -> Decision | None:
    """Return the decision by which an incident opens now, or None.

    An evacuation opens also beside what makes way for it. The Region is judged then as if that one had ended
    where it stands: its cooldown counts, and so does all else that it has moved.
    """
    other, region = (s.state.open if s.state else None), decision.region
    if region not in s.policy.regions:  # of an open incident alone: nothing else opens about it
        return None
    if other is None or s.state is None:
        return decision if may_open(decision) else None
    carries = may_carry(s.policy, region, s.controls, s.state.stand)
    if other.source == region and begun(s.policy, other, s.controls) and not carries:
        return None  # its own move left nothing there to leave
    alone = decide(s.after(without(s.state, other)), region)
    if alone.intent != "evacuate" or not may_open(alone):
        return None
    return alone if makes_way(s, other, alone, URGENCY.get(alone.action, 0)) else None


def without(state: State, other: Incident) -> State:
    """Return the state as it would be had `other` ended where it stands."""
    phase = Phase.SETTLED if other.put else Phase.STOOD_DOWN
    ended = replace(other, phase=phase, outcome=INTERRUPTED if other.put else other.outcome)
    return replace(state, incidents={**state.incidents, other.id: ended})


def makes_way(s: Situation, other: Incident, alone: Decision, urgency: int) -> bool:
    """Return True where the open `other` makes way for leaving a Region.

    ```
     a return or a drill                         by what it has moved (`progress.yields`)
     an evacuation whose Region is well again    to any of another Region, and to a person's
     any other that has moved nothing            to one that is nearer to leaving: asks < acts < a person
     anything that can go neither on nor back    to one that can be made, or that a person asks for
    ```
    So nothing waits behind what stands still, and no two make way for each other in turn.
    """
    region = alone.region
    if yields(s.policy, other, region, s.controls, s.now):
        return True
    if not idle(other, s.controls, s.now):
        return False
    same = other.source == region and other.intent == "evacuate"
    held = decide(s, other.source)
    if held.code == FLAPPING:
        return not same or urgency == BY_PERSON
    if not begun(s.policy, other, s.controls):
        # A person wants to leave that Region: nothing is brought into it meanwhile.
        into = other.by_person is not None and alone.target == other.source
        return not same and not into and urgency > URGENCY.get(held.action, 0)
    if same and alone.target in (None, other.target):
        return False
    return urgency > 0 and _is_stuck(s, other, held)


def _is_stuck(s: Situation, other: Incident, held: Decision) -> bool:
    """Return True where a begun move can go neither on nor back."""
    found = guard_input(s, other.source)
    reached = heading(other)[1]
    if must_be_left(found, reached):  # it brings traffic there: it turns back, unless that is no better
        return other.leg == "home" or why_not_back(found, other) is not None
    refused = "switch-refused" in other.escalated and not other.intended
    between = other.phase in (Phase.VERIFIED, Phase.SHIFTING) and bool(other.put)
    return between and (held.action in ("hold", "ask") or refused)
