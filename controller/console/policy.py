"""The policy as it is in force: what it says, its digest, since when, and when it was last drilled."""

import json

from controller.console.http import Response
from controller.console.visit import Visit
from controller.core.admission import compiled
from controller.core.journal import Kind


def show(visit: Visit) -> Response:
    seen, policy = visit.look(), visit.deps.policy
    loads = [event for event in seen.events if event.kind is Kind.POLICY_LOADED]
    sections = {
        key: json.dumps(value, indent=2, ensure_ascii=False) for key, value in compiled(policy).items()
    }
    return visit.page(
        "policy",
        seen=seen,
        loads=loads[-10:][::-1],
        in_force=seen.memory.policy == policy.digest,
        sections=sections,
        drills=visit.instruments.drills(policy, seen.memory, seen.now),
    )
