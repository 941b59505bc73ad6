"""A rehearsal in virtual time: one thread, hours in seconds, always the same."""

import random

from controller.core.policy.schema import Policy
from controller.lab.environment.environment import Parts, Stage, assemble, cloud_for, deployed
from controller.rehearsal.shop.network import VirtualNetwork
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.settings import Standby

START = 1_893_484_800.0
"""2030-01-01T08:00:00Z, when a scenario's clock begins.

It is in the future, so that no wall-clock time looks like it.
"""


def virtual_stage(policy: Policy, parts: Parts, seed: int, *, standby: Standby | None = None) -> Stage:
    """Return a rehearsal in virtual time.

    `standby`: traffic moves by objects in buckets, not by an ARC cluster.
    """
    kernel = Kernel(VirtualClock(START))
    runtime = VirtualRuntime(kernel)
    rng = random.Random(seed)  # noqa: S311 - a rehearsal must repeat
    cloud = cloud_for(policy, parts, kernel, runtime, rng, standby=standby, local=VirtualRuntime)
    network = VirtualNetwork(runtime=runtime, names=cloud.names, shop=cloud.shop)

    def advance(seconds: float) -> None:
        kernel.run(until=kernel.now() + seconds)

    deployments = deployed(policy, cloud, standby=standby or parts.standby)
    return assemble(policy, cloud, network, rng, deployments=deployments, advance=advance)
