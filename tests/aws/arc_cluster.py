"""A rehearsed ARC cluster behind real botocore clients, in virtual time: the faults are at the wire."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

from botocore import UNSIGNED
from botocore.client import BaseClient
from botocore.config import Config
from botocore.session import Session

from controller.aws.arc.switch import ArcSwitch, client_config
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.arc.data_plane import ENDPOINTS, SERVICE, RoutingControls
from controller.rehearsal.services.arc.safety_rules import SafetyRule, control_arn, panel_arn, rule_arn
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.direct_client import Fault, attach
from controller.rehearsal.wire.dispatch import Request, Response, Wire

T0 = 1_700_000_000.0
DEADLINE = T0 + 20
PANEL = panel_arn(1)
READ_TIMEOUT = 2.0
TRAVEL = 0.05  # one way


@cache
def clients() -> dict[str, BaseClient]:
    config = client_config(read_timeout=READ_TIMEOUT).merge(Config(signature_version=UNSIGNED))
    return {
        region: Session().create_client(
            SERVICE, region, endpoint_url=f"http://{region}.arc.invalid", config=config
        )
        for region in ENDPOINTS
    }


def slices(count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = [chr(ord("a") + number) for number in range(count)]
    return tuple(f"use1-{name}" for name in names), tuple(f"usw2-{name}" for name in names)


def at_least_one(count: int, **rule: Any) -> list[SafetyRule]:
    """Per slice: one of its two controls stays On."""
    pairs = zip(*slices(count), strict=True)
    return [
        SafetyRule(name=f"slice-{pair[0][-1]}", arn=rule_arn(PANEL, number), controls=pair, **rule)
        for number, pair in enumerate(pairs)
    ]


def at_most_one(count: int) -> list[SafetyRule]:
    """Per slice: its two controls are never On together."""
    return [
        replace(rule, name=f"{rule.name}-once", arn=rule_arn(PANEL, 100 + number), threshold=2, inverted=True)
        for number, rule in enumerate(at_least_one(count))
    ]


class Cluster:
    """`count` slices, all On in us-east-1. `script`: answers that override the next writes, in order.

    out_of_reach: endpoints that hang for this client, while the cluster behind them is whole.
    """

    def __init__(
        self,
        *,
        count: int = 4,
        rules: Sequence[SafetyRule] = (),
        lag: tuple[float, float] = (1.0, 3.0),
        seed: int = 1,
        **options: Any,
    ) -> None:
        self.kernel, self.faults = Kernel(VirtualClock(T0)), Faults()
        self.runtime = VirtualRuntime(self.kernel)
        self.east, self.west = slices(count)
        arns = {name: control_arn(PANEL, number) for number, name in enumerate(self.east + self.west)}
        self.controls = RoutingControls(
            self.kernel,
            self.faults,
            panel=PANEL,
            controls=arns,
            rng=random.Random(seed),
            on=self.east,
            rules=rules,
            lag=lag,
            **options,
        )
        self.lost: set[str] = set()
        self.out_of_reach: set[str] = set()
        self.script: list[AwsError] = []
        self.calls: list[tuple[float, str, str]] = []
        self.changes: list[tuple[float, str, bool]] = []
        self.controls.observe(lambda at, name, on: self.changes.append((at - T0, name, on)))
        self.tampered: dict[str, dict[str, Any]] = {}
        wire = Wire({(SERVICE, region): self for region in ENDPOINTS}, _nowhere, threading.RLock())
        for client in clients().values():
            attach(client, wire.handle, self.runtime, latency=2 * TRAVEL, fault=self._fault)

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        """The service as the wire sees it: ARC's, with scripted answers before it."""
        return {name: partial(self._answer, work) for name, work in self.controls.operations.items()}

    def switch(self, *, seed: int = 1, **options: Any) -> ArcSwitch:
        arns = {name: self.controls.arn(name) for name in self.east + self.west}
        options = {"runtime": self.runtime, "rng": random.Random(seed), "panel": PANEL} | options
        return ArcSwitch(clients(), arns, **options)

    def leave(self) -> list[tuple[str, bool]]:
        """The changes of an evacuation of us-east-1."""
        return [(name, True) for name in self.west] + [(name, False) for name in self.east]

    def sends(self) -> list[list[tuple[str, bool]]]:
        """The same in calls of at most five whole slices."""
        parts = [slice(start, start + 5) for start in range(0, len(self.east), 5)]
        return [
            [(name, True) for name in self.west[part]] + [(name, False) for name in self.east[part]]
            for part in parts
        ]

    @property
    def elapsed(self) -> float:
        return self.kernel.now() - T0

    def sent(self, operation: str = "UpdateRoutingControlStates") -> list[tuple[float, str]]:
        return [(at, region) for at, region, name in self.calls if name == operation]

    def _fault(self, service: str, region: str, endpoint: str, operation: str) -> Fault | None:
        self.calls.append((self.elapsed - TRAVEL, region, operation))
        if region in self.out_of_reach:
            return "hung"
        lost = region in self.lost and operation.startswith("Update")
        return self.faults.arc.get(region) or ("lost" if lost else None)

    def _answer(self, work: Callable[[Call], dict[str, Any]], call: Call) -> dict[str, Any]:
        writing = call.operation.startswith("Update")
        if writing and self.script:
            raise self.script.pop(0)
        return work(call) if writing else self.tampered.get(call.endpoint) or work(call)


def _nowhere(request: Request) -> Response:
    raise AssertionError(f"a request to no service: {request}")


def unfenced() -> None:
    """A fence that lets everything pass."""


def all_controls(cluster: Cluster) -> tuple[str, ...]:
    return cluster.east + cluster.west


def listed(cluster: Cluster, name: str, *, on: bool) -> dict[str, str]:
    return {"RoutingControlArn": cluster.controls.arn(name), "RoutingControlState": "On" if on else "Off"}
