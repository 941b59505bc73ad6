"""A rehearsal on loopback: real HTTP, real DNS, and boto3 over the wire.

Its clock may run fast.
"""

import random
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from controller.core.policy.schema import Policy
from controller.lab.environment.environment import Parts, Stage, assemble, cloud_for, deployed
from controller.lab.environment.virtual import START
from controller.rehearsal.cloud import Cloud
from controller.rehearsal.dns.server import DnsServer, Zone
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.rehearsal.services.dynamodb.store import Store
from controller.rehearsal.shop.loopback_network import WireNetwork
from controller.rehearsal.shop.server import ShopServer
from controller.rehearsal.time.kernel import Kernel, WallClock
from controller.rehearsal.time.wall import WallRuntime
from controller.rehearsal.wire.server import Server
from controller.rehearsal.wire.service_models import service_model
from controller.settings import Clock


@dataclass(frozen=True)
class Ports:
    """Names the ports on 127.0.0.1 where the rehearsal listens; 0 takes a free one."""

    aws: int = 0
    dns: int = 0


def wall_stage(
    policy: Policy,
    parts: Parts,
    seed: int,
    *,
    speed: float,
    ports: Ports = Ports(),
    start: float = START,
    store: Callable[[str], Store] | None = None,
    kept: Mapping[str, Any] | None = None,
) -> Stage:
    """Return a rehearsal in wall time. Raises `PortInUse`.

    Call `close()` whatever happens.
    """
    clock = WallClock(start, speed)
    kernel = Kernel(clock)
    runtime = WallRuntime(kernel)
    rng = random.Random(seed)  # noqa: S311 - a rehearsal must repeat
    cloud = cloud_for(policy, parts, kernel, runtime, rng, store=store, kept=kept)
    with ExitStack() as opening:
        opening.callback(_quick_threads())
        opening.callback(runtime.close)
        url, arc = _serve_aws(cloud, ports.aws, opening)
        network, dns_port = _serve_shop(cloud, ports.dns, speed, opening)
        opened = opening.pop_all()
    anchor = Clock(speed=speed, start=clock.start, wall_start=clock.wall_start)
    thread = threading.Thread(target=kernel.run, name="rehearsal-kernel", daemon=True)

    def close() -> None:
        stage.customers.stop()
        kernel.stop()
        opened.close()
        if thread.ident is not None:
            thread.join(timeout=5)

    stage = assemble(
        policy,
        cloud,
        network,
        rng,
        deployments=deployed(
            policy, cloud, endpoint_url=url, arc_urls=arc, clock=anchor, standby=parts.standby
        ),
        advance=lambda seconds: time.sleep(seconds / speed),
        go=thread.start,
        close=close,
        dns_port=dns_port,
    )
    return stage


def _serve_aws(cloud: Cloud, port: int, opened: ExitStack) -> tuple[str, dict[str, str]]:
    """Serve all services, and return their URL and the URLs of ARC's endpoints.

    All services share one port, and each of ARC's endpoints has a port of its own.
    """
    # Else the first call of a service waits for its model: ARC's would be the call that moves traffic.
    for service in sorted({service for service, _ in cloud.wire.services}):
        service_model(service)
    server = Server(cloud.wire.handle, dark=cloud.faults.silent, mute=cloud.faults.mute.__contains__)
    opened.callback(server.stop)
    url = f"http://127.0.0.1:{server.serve(port)}"
    return url, {region: _serve_arc(server, cloud, region) for region in ENDPOINTS}


def _serve_shop(cloud: Cloud, port: int, speed: float, opened: ExitStack) -> tuple[WireNetwork, int]:
    """Serve the shop in each Region and the DNS names that lead there.

    Returns the network by which customers reach both, and the DNS port.
    """
    shops = {region: ShopServer(cloud.shop, region) for region in cloud.plan.controls}
    for shop in shops.values():
        shop.start()
        opened.callback(shop.close)
    zone = Zone(zone=cloud.plan.zone, names=cloud.names, ports={r: s.port for r, s in shops.items()})
    dns = DnsServer(zone, port=port)
    dns.start()
    opened.callback(dns.close)
    network = WireNetwork(dns_port=dns.port, regional_suffix=cloud.plan.name, speed=speed)
    opened.callback(network.close)
    return network, dns.port


def _quick_threads() -> Callable[[], None]:
    """Let threads take turns more often than Python does by itself.

    Call the result to undo it. Eighty threads share one interpreter. At its 5 ms a turn, a loopback call of a
    busy machine takes 30 ms: four scenario seconds at speed 120. At 1 ms it takes 12 (measured, 9 of 10
    calls).
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.001)
    return lambda: sys.setswitchinterval(before)


def _serve_arc(server: Server, cloud: Cloud, region: str) -> str:
    port = server.serve(endpoint=region, behaviour=partial(cloud.faults.arc.get, region))
    return f"http://127.0.0.1:{port}"
