"""The guard of removal: no control moves that the policy in force lacks (S23).

```
 began      us-east-1: a b c d      us-west-2: a b c d      the move has put slice a
 in force   us-east-1:   b c d      us-west-2:   b c d      b, c, d are left to move: it goes on
            us-east-1: a   c d      us-west-2: a   c d      b is left to move: it does not
```
Somebody who takes a control out of the policy may be about to take it out of the world. Looked at is all that
is left to move, not the next wave alone: a move that must stop half way had better not go on.
"""

from collections.abc import Mapping

from controller.core.decision.guards import GuardInput
from controller.core.decision.progress import begun
from controller.core.model import Check, Plan, Truth
from controller.core.policy.schema import Policy


def removal(f: GuardInput, whole: Plan | None) -> tuple[Check, ...]:
    """Check that the policy in force still has what is left to move.

    The result is empty where one policy began the move and is in force. whole: the plan with all its waves.
    """
    if f.incident is None or f.in_force is None or f.in_force.digest == f.policy.digest:
        return ()
    lost = _lost(f.in_force, f, whole)
    short = f.in_force.digest[:8]
    if lost and (whole is None or f.controls is None) and all(name not in f.policy.regions for name in lost):
        gone = f"policy {short} in force no longer has {', '.join(lost)}"
        sentence = f"{gone}, and nobody can see what is left to move"
        return (Check("removal", "policy-removed", Truth.UNKNOWN, sentence),)
    if not lost:
        return (
            Check(
                "removal", "policy-removed", Truth.TRUE, f"policy {short} in force has what is left to move"
            ),
        )
    sentence = f"policy {short}, which is in force now, no longer has {', '.join(lost)}"
    return (Check("removal", "policy-removed", Truth.FALSE, sentence),)


def _lost(in_force: Policy, f: GuardInput, whole: Plan | None) -> list[str]:
    ends = [f.region, whole.target if whole else f.incident.target if f.incident else None]
    regions = [region for region in ends if region and region not in in_force.regions]
    left = left_to_move(whole, f.controls)
    if whole is None or f.controls is None:
        left = tuple(n for r in ends if r in f.policy.regions for n in f.policy.regions[r].controls)
    return regions or [name for name in left if not _same(name, f.policy, in_force)]


def _same(name: str, began: Policy, in_force: Policy) -> bool:
    """Return True where both policies have the control in the same Region."""
    homes = [region for region, entry in began.regions.items() if name in entry.controls]
    return any(region in in_force.regions and name in in_force.regions[region].controls for region in homes)


def left_to_move(whole: Plan | None, controls: Mapping[str, bool] | None) -> tuple[str, ...]:
    """Return the controls of the goal that do not stand as it says."""
    if whole is None or controls is None:
        return ()
    return tuple(name for name, on in whole.goal if controls.get(name) is not on)


def unmoved(f: GuardInput) -> bool:
    """Return True where an open incident has moved nothing, and may begin anew."""
    return f.incident is not None and not begun(f.policy, f.incident, f.controls)


def opened_in_shadow(f: GuardInput) -> str | None:
    """Return the reason to end a shadow incident under a live policy, or None.

    It may never move, and would keep the policy in force from leaving the Region.
    """
    now = f.in_force
    if f.policy.enforcement != "shadow" or now is None or now.enforcement == "shadow" or not unmoved(f):
        return None
    opened = f"opened in shadow by policy {f.policy.digest[:8]}"
    return f"{opened}; policy {now.digest[:8]} in force is live and judges anew"
