"""The page of the policy in force.

It shows the policy's text, its reviewers, the coverage of its cases, and its last drill.
"""

import json
from collections.abc import Sequence

from controller.console.http.messages import Response
from controller.console.pages.visit import Visit
from controller.core.journal.notes import PolicyLoaded
from controller.core.policy.review_record import Review, review_data, review_of
from controller.core.policy.validation import compiled


def show(visit: Visit) -> Response:
    seen, policy = visit.look(), visit.deps.policy
    loads = [(event, event.body) for event in seen.events if isinstance(event.body, PolicyLoaded)]
    here = [(event, said) for event, said in loads if said.digest == policy.digest]
    sections = {
        key: json.dumps(value, indent=2, ensure_ascii=False) for key, value in compiled(policy).items()
    }
    return visit.page(
        "policy",
        seen=seen,
        loads=[event for event, _ in loads[-10:][::-1]],
        loaded=here[-1][0] if here else None,
        review=_review([said for _, said in here], policy.digest),
        in_force=seen.state.policy == policy.digest,
        sections={key: text for key, text in sections.items() if "\n" in text},
        plain={key: text.strip('"') for key, text in sections.items() if "\n" not in text},
        drills=visit.instruments.drills(policy, seen.state, seen.now),
    )


def _review(loads: Sequence[PolicyLoaded], digest: str) -> Review | None:
    """Return the review that was written down at the policy's last load.

    None where no valid review was.
    """
    kept = review_data(loads[-1].review, digest) if loads else None
    return None if kept is None else review_of(kept, digest)
