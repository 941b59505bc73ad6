"""Observations shown to the controllers of a `World`: every signal once a minute, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

from controller.aws.dynamodb.evidence import DynamoEvidence
from controller.core.model import Observation, Sighting, Verdict
from controller.core.policy.validation import expected_signals
from controller.rehearsal.cloud import Cloud
from tests.support.policy_scene import ACCOUNT, EAST

if TYPE_CHECKING:
    from tests.support.world import World

FEED = 60.0


@dataclass(frozen=True)
class Straight:
    """A client of the table in `region` that asks the cloud itself: no wire, no time, nothing to go wrong."""

    cloud: Cloud
    region: str

    def get_item(self, **params: Any) -> dict[str, Any]:
        return self.cloud.call("dynamodb", "GetItem", self.region, params)

    def put_item(self, **params: Any) -> dict[str, Any]:
        return self.cloud.call("dynamodb", "PutItem", self.region, params)


def show(w: World, region: str, sightings: Sequence[Sighting]) -> None:
    """Let the controller in `region` have seen them."""
    client = Straight(w.stage.cloud, region)
    table = w.stage.deployments[region].evidence_table
    evidence = DynamoEvidence(client=client, table=table, now=w.stage.kernel.now)
    evidence.record("storefront", received(w, region, sightings))


def feed(w: World) -> None:
    """What is seen now; a Region of which nothing is heard sends nothing."""
    sightings, faults = seen(w, w.stage.kernel.now()), w.stage.faults
    for region in w.every:
        heard = [s for s in sightings if region not in faults.cut_off or _by(w, s) == region]
        if heard and not faults.silent(region):
            show(w, region, heard)


def received(w: World, region: str, sightings: Sequence[Sighting]) -> list[Sighting]:
    """As they reach the controller in `region`: it stamps them with its own clock."""
    skew = w.skew(region)
    if not skew:
        return list(sightings)
    return [
        replace(s, observation=replace(s.observation, received=s.observation.received + skew))
        for s in sightings
    ]


def _by(w: World, sighting: Sighting) -> str:
    """The Region that a sighting was made from."""
    return next(s.observer for s in expected_signals(w.stage.policy, ACCOUNT) if s.id == sighting.signal)


def seen(w: World, at: float, dark_from: float = inf) -> list[Sighting]:
    """One observation of each signal of the policy, at `at`."""
    verdicts = w.verdicts | ({EAST: Verdict.BREACHING} if at >= dark_from else {})
    return [
        Sighting(signal.id, Observation(at - 1, at, said, "event", f"{at:.0f}"))
        for signal in expected_signals(w.stage.policy, ACCOUNT)
        if (said := verdicts.get(signal.id, verdicts[signal.subject])) is not None
    ]
