"""The order of several controllers: which one acts first, and which one abstains.

```
 condition true ─ 0 s: the first ─ 30 s: the second ─ 60 s: the third, always the one in the impaired Region
```
"""

from controller.core.decision.decide import Situation
from controller.core.decision.guards import GuardInput, not_cut_off, policy_valid
from controller.core.model import Truth
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
