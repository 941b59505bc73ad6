"""Canaries for a shop in two Regions, run from three in virtual time."""

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

from controller.rehearsal.dns.records import record_tree
from controller.rehearsal.dns.resolver import NameService
from controller.rehearsal.faults import Faults
from controller.rehearsal.services.synthetics.runner import Canary, Synthetics, load_check
from controller.rehearsal.shop.network import VirtualNetwork
from controller.rehearsal.shop.orders import ReplicatedOrders
from controller.rehearsal.shop.shop import Shop
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from tests.support.sources import ROOT

EAST, OHIO, WEST = "us-east-1", "us-east-2", "us-west-2"
T0 = 1_800_000_000.0
SCRIPTS = ROOT / "canaries"
JOURNEY = load_check(SCRIPTS / "api_journey.py")


class World:
    """Checkout canaries for both Regions, run from three, as the shipped policy wants them."""

    def __init__(self) -> None:
        self.kernel, self.faults = Kernel(VirtualClock(T0)), Faults()
        runtime = VirtualRuntime(self.kernel)
        controls = {EAST: ["use1-a"], WEST: ["usw2-a"]}
        names = NameService(
            tree=record_tree("shop.storefront.test", controls),
            is_healthy=lambda _: True,
            draw=Random(1).random,
        )
        shop = Shop(regions=controls, faults=self.faults, orders=ReplicatedOrders(self.kernel.now))
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.metrics: list[tuple[str, str, float, float]] = []
        self.synthetics = Synthetics(
            kernel=self.kernel,
            runtime=runtime,
            publish=lambda region, event: self.events.append((region, event)),
            put_metric=self.put_metric,
            faults=self.faults,
            network=VirtualNetwork(runtime=runtime, names=names, shop=shop),
        )

    def put_metric(
        self,
        region: str,
        namespace: str,
        name: str,
        value: float,
        unit: str,
        timestamp: float,
        dimensions: Mapping[str, str],
    ) -> None:
        assert (namespace, name, unit) == ("CloudWatchSynthetics", "SuccessPercent", "Percent")
        self.metrics.append((region, dimensions["CanaryName"], value, timestamp))

    def deploy(self) -> None:
        for subject in (EAST, WEST):
            for runs_in in (EAST, OHIO, WEST):
                environment = {"BASE_URL": f"http://{subject}.shop.storefront.test"}
                self.synthetics.add(Canary(f"storefront-{subject}-checkout", runs_in, JOURNEY, environment))

    def runs(self, since: float = 0.0) -> Counter[tuple[str, str, str]]:
        """(runs in, canary, status) -> how often, from the events."""
        return Counter(
            (region, event["detail"]["canary-name"], event["detail"]["test-run-status"])
            for region, event in self.events
            if "test-run-status" in event["detail"]
            and event["detail"]["canary-run-timeline"]["started"] >= since
        )

    def after(self, seconds: float) -> float:
        self.kernel.run(until=self.kernel.now() + seconds)
        return self.kernel.now()
