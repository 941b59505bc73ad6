"""The composition of lab and wiring for `tidegate fleet`.

It gives each application of a fleet the switch adapter of a deployment.
"""

import random
from functools import cache

from controller import wiring
from controller.core.policy.schema import Policy
from controller.core.policy.validation import compiled
from controller.entry.demo.rehearsal import live
from controller.lab.fleet.clusters import Cluster
from controller.lab.fleet.outage import SIZES, Outcome, outage
from controller.lab.policy_files.shipped import shipped
from controller.ports.outside import RoutingControls
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.rehearsal.wire.dispatch import Wire
from controller.settings import Arc, Deployment


@cache
def _policy() -> Policy:
    return live(shipped("policies/storefront.yaml"))


def switch(
    wire: Wire, made: Cluster, runtime: VirtualRuntime, faults: Faults, rng: random.Random
) -> RoutingControls:
    urls = {region: f"https://{region}.arc.rehearsal.invalid" for region in ENDPOINTS}
    arc = Arc(endpoints=urls, panel=made.arc.panel, controls=dict(made.arns))
    tables = ("journal_table", "evidence_table", "assessments_table", "people_table")
    elsewhere = dict.fromkeys((*tables, "dead_letters", "topic", "state_machine", "key"), "not-asked")
    deployment = Deployment(
        account=ACCOUNT, region="us-east-2", deployed=0.0, policy=compiled(_policy()), arc=arc, **elsewhere
    )
    clients = virtual_clients(wire, runtime, faults)
    return wiring.switch_of(deployment, _policy(), clients=clients, runtime=runtime, rng=rng)


def outages(seed: int) -> list[Outcome]:
    """Play one outage for each fleet size of the page, in order."""
    return [outage(fleet, switch, seed) for fleet in SIZES]
