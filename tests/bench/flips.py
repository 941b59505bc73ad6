"""Time until ARC has taken a change while endpoints hang: tidegate's switch beside three other clients.

Real sockets, speed 1. Hung are the endpoints that each client asks first: everybody's worst case.
"""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from controller import wiring
from controller.ports.errors import ControllerError
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from tests.bench.cluster import Cluster, cluster
from tests.bench.hung import Hung
from tests.bench.peers import Found, default_mode, run_all

BOUNDS = {0: None, 2: 2.5, 4: 4.5}
"""Endpoints hung -> seconds within which ARC must have taken the change."""
WAIT_PERIOD_BOUND = 6.0


@dataclass(frozen=True)
class Timed:
    """Seconds until the cluster had it, and until the client was sure; None: it never was.

    alone: only the endpoint that took it could be read back.
    """

    applied: float
    sure: float | None
    alone: bool


def ours(c: Cluster, silent: Hung, hung: int, seed: int, *, on: bool = False) -> Timed:
    order = _order(c, seed)
    urls = {r: silent.url if r in order[:hung] else u for r, u in c.arc.endpoints.items()}
    deployment = c.stage.deployment.model_copy(update={"arc": c.arc.model_copy(update={"endpoints": urls})})
    runtime = wiring.system_runtime(deployment)
    switch = wiring.switch_of(deployment, c.stage.policy, runtime=runtime, rng=random.Random(seed))
    c.changed.clear()
    begun = time.perf_counter()
    changes = [(name, on) for name in c.names]
    try:
        shown = switch.update([changes], deadline=runtime.monotonic() + 20.0, fence=lambda: None)
    except ControllerError:
        return Timed(c.changed[-1] - begun, None, alone=False)
    return Timed(c.changed[-1] - begun, time.perf_counter() - begun, alone=shown.alone is not None)


def _order(c: Cluster, seed: int) -> Sequence[str]:
    """The order in which a switch of this seed asks, seen on a switch whose endpoints all answer."""
    asked: list[str] = []

    def clients(service: str, region: str, url: str | None, config: Config) -> Any:
        class Client:
            def update_routing_control_states(self, **_: Any) -> Any:
                asked.append(region)
                raise ClientError({"Error": {"Code": "EndpointTemporarilyUnavailableException"}}, "x")

            list_routing_controls = get_routing_control_state = update_routing_control_states

        return Client()

    deployment = c.stage.deployment
    runtime = wiring.system_runtime(deployment)
    switch = wiring.switch_of(
        deployment, c.stage.policy, clients=clients, runtime=runtime, rng=random.Random(seed)
    )
    with suppress(ControllerError):
        switch.update([[(c.names[0], False)]], deadline=runtime.monotonic() + 0.2, fence=lambda: None)
    return list(dict.fromkeys(asked))[: len(ENDPOINTS)]


def bench(say: Callable[[str], None], *, repetitions: int = 5) -> bool:
    """Print the tables; whether every bound held."""
    with cluster() as c, Hung() as silent:
        say("Seconds until ARC has taken a change of four controls; hung are the endpoints asked first.")
        say(f"Beside {default_mode()}.")
        say(f"{'hung':<6}{'client':<28}{'median':>9}{'worst':>9}{'bound':>7}{'ratio':>8}  obtained")
        peers = run_all(c, list(BOUNDS))
        held = [_row(c, silent, say, peers, hung, repetitions) for hung in BOUNDS]
        return _after_another(c, silent, say) and all(held)


def _row(
    c: Cluster, silent: Hung, say: Callable[[str], None], peers: Sequence[Found], hung: int, repetitions: int
) -> bool:
    times = []
    for seed in range(repetitions):
        c.reset()
        times.append(ours(c, silent, hung, seed))
    applied, bound = [t.applied for t in times], BOUNDS[hung]
    ok = bound is None or max(applied) <= bound
    mark = "" if bound is None else f"{bound:.1f}{'' if ok else ' NO'}"
    usual = median(applied)
    say(f"{hung:<6}{'tidegate':<28}{usual:>9.2f}{max(applied):>9.2f}{mark:>7}{1.0:>8.1f}  "
        f"measured, {repetitions} flips")  # fmt: skip
    for peer in sorted((p for p in peers if p.hung == hung), key=lambda p: p.as_shipped):
        scaled = peer.as_shipped != peer.seconds
        how = f"{peer.seconds:.1f} s measured + {peer.tries} tries x 59 s" if scaled else "measured, once"
        figure = f"{peer.as_shipped:>9.0f}" if scaled else f"{peer.as_shipped:>9.2f}"
        say(f"{hung:<6}{peer.name:<28}{figure}{figure}{'':>7}{peer.as_shipped / usual:>8.1f}  {how}")
    sure = [t.sure for t in times if t.sure is not None]
    if len(sure) < len(times):
        say(f"{hung:<6}{'tidegate, sure':<28}{'never':>9}{'never':>9}")
        return False
    by = "from the endpoint that took it" if all(t.alone for t in times) else "from another endpoint"
    figures = f"{median(sure):>9.2f}{max(sure):>9.2f}"
    say(f"{hung:<6}{'tidegate, sure':<28}{figures}{'':>15}  read back {by}; none in flight")
    return ok


def _after_another(c: Cluster, silent: Hung, say: Callable[[str], None]) -> bool:
    say("\nRight after another change (ARC's wait period of 5 s is under way), no endpoint hung:")
    worst = 0.0
    for seed in range(2):
        c.reset()
        ours(c, silent, 0, seed)
        again = ours(c, silent, 0, seed, on=True)
        worst = max(worst, again.applied)
        say(f"  taken after {again.applied:.2f} s, read back after {again.sure or float('nan'):.2f} s")
    return worst <= WAIT_PERIOD_BOUND
