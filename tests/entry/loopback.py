"""An ARC cluster on five ports of this machine, and a deployment that knows nothing else that answers."""

import json
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from controller.core.policy.validation import compiled
from controller.rehearsal.faults import ArcFault, Faults
from controller.rehearsal.services.arc.data_plane import ENDPOINTS, SERVICE, RoutingControls
from controller.rehearsal.services.arc.safety_rules import SafetyRule, control_arn, panel_arn, rule_arn
from controller.rehearsal.time.kernel import Kernel, WallClock
from controller.rehearsal.wire.dispatch import Wire
from controller.rehearsal.wire.server import Server
from controller.settings import Arc, Deployment
from tests.support.policy_scene import ACCOUNT, storefront

PANEL = panel_arn(1)


class Cluster:
    """Every control On. `path`: what happens to a request on its way to an endpoint; `cut(…)` hangs some."""

    def __init__(self, server: Server, **limits: Any) -> None:
        self.policy = storefront(**limits)
        names = [name for entry in self.policy.regions.values() for name in entry.controls]
        self.arns = {name: control_arn(PANEL, number) for number, name in enumerate(names, start=1)}
        slices = zip(*(entry.controls for entry in self.policy.regions.values()), strict=True)
        rules = [SafetyRule(f"slice-{n}", rule_arn(PANEL, n), pair) for n, pair in enumerate(slices)]
        self.controls = RoutingControls(
            Kernel(WallClock(1_900_000_000.0, 10.0)), Faults(), panel=PANEL, controls=self.arns,
            rng=random.Random(1), on=names, rules=rules, lag=(0.0, 0.5),
        )  # fmt: skip
        self.path: dict[str, ArcFault] = {}
        self.changes: list[tuple[str, bool]] = []
        self.controls.observe(lambda _at, name, on: self.changes.append((name, on)))
        self.asked = 0
        kernel = self.controls._kernel
        wire = Wire({(SERVICE, region): self.controls for region in ENDPOINTS}, _nowhere, kernel.lock)
        server._handle = wire.handle
        ports = {r: server.serve(endpoint=r, behaviour=partial(self.path.get, r)) for r in ENDPOINTS}
        self.urls = {region: f"http://127.0.0.1:{port}" for region, port in ports.items()}

    def cut(self, *endpoints: str, fault: ArcFault = "hung") -> None:
        """Requests to these endpoints get lost; the cluster itself is well and has its quorum."""
        self.path |= dict.fromkeys(endpoints, fault)

    def deployment(self, **changes: Any) -> Deployment:
        """Nothing but ARC answers: every other call goes to a closed port."""
        told = {
            "account": ACCOUNT,
            "region": "us-east-2",
            "deployed": 1.0,
            "policy": compiled(self.policy),
            "journal_table": "tidegate-journal",
            "evidence_table": "e",
            "assessments_table": "a",
            "people_table": "p",
            "dead_letters": "d",
            "topic": "t",
            "state_machine": "m",
            "key": "k",
            "arc": Arc(endpoints=self.urls, panel=PANEL, controls=self.arns),
            "endpoint_url": f"http://127.0.0.1:{closed_port()}",
        }
        return Deployment.model_validate(told | changes)

    def config(self, folder: Path, **changes: Any) -> str:
        path = folder / "deployment.json"
        path.write_text(json.dumps(self.deployment(**changes).model_dump(mode="json")), encoding="utf-8")
        return str(path)


@contextmanager
def cluster(**limits: Any) -> Iterator[Cluster]:
    with Server(_nowhere) as server:
        yield Cluster(server, **limits)


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _nowhere(*_request: Any) -> Any:
    raise AssertionError("a request to no service")
