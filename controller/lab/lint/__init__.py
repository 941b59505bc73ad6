"""The lint of a policy: what was proved, and what looks wrong.

It says all that a careful reviewer would say.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.core.policy.schema import Policy
from controller.lab.lint.finding import Finding
from controller.lab.lint.reachability import Proof, prove
from controller.lab.lint.single_points import too_few
from controller.lab.lint.style import (
    Deployed,
    control_planes,
    own_region_evidence,
    placed,
    tight,
    unchecked_return,
    unconfirmed,
    unused,
)


@dataclass(frozen=True, slots=True)
class Review:
    proofs: tuple[Proof, ...]
    findings: tuple[Finding, ...]


def review(
    policy: Policy, periods: Mapping[str, float] | None = None, deployed: Deployed | None = None
) -> Review:
    """Review a policy.

    periods: alarm's name -> its period in seconds, where known. deployed: where notices come from.
    """
    proved = prove(policy)
    read = (
        *own_region_evidence(policy),
        *tight(policy, periods or {}),
        *control_planes(policy),
        *placed(policy, deployed or Deployed()),
        *unconfirmed(policy),
        *unchecked_return(policy),
        *unused(policy),
    )
    return Review(proved.proofs, tuple(dict.fromkeys((*proved.findings, *too_few(policy), *read))))
