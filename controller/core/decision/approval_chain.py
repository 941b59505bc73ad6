"""The chain of people who are asked before an incident may move traffic.

It also says which guards and safety rules they are asked to set aside.
"""

from collections.abc import Collection, Sequence

from controller.core.decision.cooldown import unanswered
from controller.core.incident.approval import Request, entitled
from controller.core.incident.state import Incident, State
from controller.core.model import Plan
from controller.core.policy.schema import OVERRIDE, Ask, Policy

SECOND_PERSON = Ask.model_validate({"ask": ["group:any-second-person"], "people": 1, "within": "15m"})
"""The ask where the policy asks nobody, but a person wants a guard set aside.

The requester cannot answer it.
"""


def chain(
    policy: Policy, incident: Incident | None, intent: str = "evacuate", doubts: Sequence[str] = ()
) -> tuple[Ask, ...]:
    """Return the asks in turn; empty where nobody is asked.

    intent: used where there is no incident yet. doubts: gates that must be asked since the target is not
    plainly ready.
    """
    if incident is None:
        return policy.chain(intent, doubts)
    policy = policy.about(incident.source)
    if overrides(policy, incident):
        return policy.approvals[OVERRIDE]
    written = policy.chain(incident.intent, doubts)
    return written or ((SECOND_PERSON,) if incident.despite else ())


def overrides(policy: Policy, incident: Incident) -> tuple[str, ...]:
    """Return the ARNs of the safety rules that refused the move.

    The result is empty where the policy does not say who may set them aside.
    """
    return incident.rules if OVERRIDE in policy.approvals else ()


def granted(incident: Incident) -> tuple[str, ...]:
    """Return the ARNs of the rules that the present wave may set aside.

    At least two people approved that. The approval names each ARN (S14) and the wave that it was asked for;
    where it names other rules than the incident, or another wave, the result is empty.
    """
    request = incident.request
    if request is None or request.status != "given" or request.people < 2:
        return ()
    own = (request.rules, request.wave) == (incident.rules, incident.waves + 1)
    return incident.rules if own else ()


def approved(incident: Incident, plan: Plan) -> str:
    """Return the digest of the whole plan by which people approved this part.

    "" where nobody was asked about it, and on the way back.
    """
    request = incident.request
    if request is None or request.status != "given" or request.whole is None or incident.leg == "home":
        return ""
    own = request.whole.beyond(plan.source, plan.target, plan.changes) is None
    return request.plan if own else ""


def present(asks: tuple[Ask, ...], request: Request | None) -> Ask:
    """Return the ask whose turn it is."""
    return asks[min(request.stage, len(asks)) - 1 if request else 0]


def following(asks: tuple[Ask, ...], request: Request) -> Ask | None:
    """Return the ask that follows once the present one expires; None after the last."""
    return asks[request.stage] if request.stage < len(asks) else None


def belongs(policy: Policy, ask: Sequence[str], groups: Collection[str]) -> bool:
    """Return True where somebody in `groups` may answer `ask`.

    The policy keeps no list of second persons: anybody who is in any group that it names is one. Where it
    has no approvals, everybody is one.
    """
    if tuple(ask) == SECOND_PERSON.ask:
        return bool(groups) or not policy.approvals
    return entitled(groups, ask)


def first_stage(policy: Policy, state: State, incident: Incident, asks: Sequence[Ask]) -> int:
    """Return the stage at which a new question begins, from 1.

    Those who did not answer before are not asked first again: it begins at the next link, at the last at
    most.
    """
    before = unanswered(policy, state, incident.source) if incident.intent == "evacuate" else 0
    return min(before, len(asks) - 1) + 1


def phrase(ask: Ask) -> str:
    """Return an ask as text: `group:sre-leads`, `2 people of group:sre-leads`."""
    who = ", ".join(ask.ask)
    return who if ask.people == 1 else f"{ask.people} people of {who}"
