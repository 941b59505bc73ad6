"""What readiness providers would have said: plainly good, plainly bad, or nothing."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from controller.core.decision.readiness import Reading, Wish, wishes
from controller.core.policy.schema import Policy

KINDS = {"replication": "replication", "plan": "planEvaluation", "arc": "arcReadiness", "quotas": "quotas"}
"""A reading's kind -> the key of the check that asks for it."""

Answering = Callable[[str], str]
"""The key of a check -> `ready`, `unready` or `unknown`."""


def readings(asked: Sequence[Wish], now: float, answering: Answering) -> tuple[Reading, ...]:
    """One reading for each question, where it is answered."""
    return tuple(
        reading for wish in asked if (reading := _reading(wish, now, answering(KINDS[wish[0]]))) is not None
    )


def questions(policy: Policy, about: Collection[str]) -> tuple[Wish, ...]:
    """What any move between these Regions may ask."""
    found: dict[Wish, None] = {}
    regions = [region for region in policy.regions if region in about]
    for source in regions:
        here = policy.about(source)
        checks = (*here.target.ready, *(here.restore.ready if here.restore else ()))
        for other in regions:
            if other != source:
                found |= dict.fromkeys(wishes(checks, source, [other]))
                found |= dict.fromkeys(wishes(checks, other, [source]))
    return tuple(found)


def _reading(wish: Wish, now: float, said: str) -> Reading | None:
    kind, name, source, target = wish
    if said == "unknown":
        return None
    good = said == "ready"
    data: dict[str, dict[str, Any]] = {
        "replication": {"points": [[now - 60.0 * n, 0.5 if good else 86_400.0] for n in range(60, 0, -1)]},
        "plan": {"state": "passed" if good else "actionRequired", "evaluated": now - 60.0, "warnings": 0},
        "arc": {"state": "READY" if good else "NOT_READY", "checked": now - 60.0},
        # Bad: the target allows less than the source.
        "quotas": {"lambda": 1000.0, "apigateway": 1000.0} if good else {"lambda": 0.0, "apigateway": 0.0},
    }
    return Reading(kind, name, source, target, now, data[kind])
