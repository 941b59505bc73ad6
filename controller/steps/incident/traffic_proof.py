"""The proof that customers moved: request counts of every Region, read in parallel."""

from collections.abc import Mapping
from functools import partial

from controller.core.decision.traffic_share import (
    BEFORE,
    MINUTE,
    Points,
    Proof,
    leaving,
    prove,
    shift_started,
)
from controller.core.incident.state import Incident, State
from controller.core.model import Truth
from controller.core.policy.schema import Traffic
from controller.ports.errors import EvidenceUnavailable
from controller.ports.runtime import fan_out
from controller.steps.context.deps import Deps
from controller.steps.payload import StepPayload

PATIENCE = 15.0
"""Seconds, as a last limit: each question ends itself after one."""


def look_for_proof(
    deps: Deps, state: State, incident: Incident, controls: Mapping[str, bool]
) -> Proof | None:
    """Judge whether the share of the Region that was left has fallen.

    None where there is nothing to prove.
    """
    rule = deps.policy.traffic
    regions = {region: entry.controls for region, entry in deps.policy.regions.items()}
    left = leaving(incident, controls, regions)
    if rule is None or left is None:
        return None
    begun, now = shift_started(state, incident), deps.runtime.now()
    counted = counted_by_region(deps, since=begun - BEFORE - MINUTE, until=now)
    return prove(rule, left, counted, begun=begun, applied=incident.changed, now=now)


def obstacle(deps: Deps, proof: Proof, payload: StepPayload) -> StepPayload | None:
    """Return the payload that keeps the shift from being called verified, or None.

    None: nothing is in the way.
    """
    if proof.value is Truth.TRUE:
        return None
    if proof.wait:
        return payload.to("watch", reason=proof.sentence)
    if proof.value is Truth.FALSE:
        return payload.to("escalate", code="traffic-stays", reason=proof.sentence)
    if deps.policy.traffic is not None and deps.policy.traffic.if_unknown == "hold":
        return payload.to("escalate", code="traffic-unknown", reason=proof.sentence)
    return None


def _counts_the_same(deployed: Traffic | None, wanted: Traffic | None) -> bool:
    return deployed is wanted or (
        deployed is not None
        and wanted is not None
        and (deployed.namespace, deployed.metric, deployed.dimensions)
        == (wanted.namespace, wanted.metric, wanted.dimensions)
    )


def counted_by_region(deps: Deps, *, since: float, until: float) -> dict[str, Points | None]:
    """Count the requests of each Region, by its own CloudWatch, for each minute.

    Region -> its minutes; None where it did not answer, and where this controller was deployed to count
    something else than the policy that the move goes on by.
    """
    if not _counts_the_same(deps.packaged.traffic, deps.policy.traffic):
        return dict.fromkeys(deps.policy.regions)

    def one(region: str) -> Points | None:
        try:
            return deps.requests.count(region, since=since, until=until)
        except EvidenceUnavailable:
            return None

    answers = fan_out(deps.runtime, {r: partial(one, r) for r in deps.policy.regions}, PATIENCE)
    return {region: answers.get(region) for region in deps.policy.regions}
