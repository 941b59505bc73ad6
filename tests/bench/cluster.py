"""An ARC cluster on loopback, at speed 1: what all clients of the bench ask."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from controller import wiring
from controller.core.policy.validation import parse_policy
from controller.entry import lambdas
from controller.lab.environment.environment import Parts, Stage
from controller.lab.environment.loopback import wall_stage
from tests.support.drill_run import WORKFLOW
from tests.support.policy_scene import EAST, policy_data


class Cluster:
    """changed: when a routing control really changed, by the bench's own clock."""

    def __init__(self, stage: Stage) -> None:
        arc = stage.deployment.arc
        assert arc is not None
        self.stage, self.arc = stage, arc
        self.names = stage.policy.regions[EAST].controls
        self.changed: list[float] = []
        stage.cloud.switch.observe(lambda _at, _name, _on: self.changed.append(time.perf_counter()))

    def reset(self) -> None:
        """All controls On, every endpoint knows it, and no wait period is under way."""
        self.stage.cloud.arc.restore({"states": dict.fromkeys(self.arc.controls, True), "changed": {}})
        self.changed.clear()

    def entries(self, *, on: bool) -> list[dict[str, str]]:
        state = "On" if on else "Off"
        return [
            {"RoutingControlArn": self.arc.controls[name], "RoutingControlState": state}
            for name in self.names
        ]


@contextmanager
def cluster() -> Iterator[Cluster]:
    parts = Parts(WORKFLOW.read_text(encoding="utf-8"), tuple(lambdas.HANDLERS), wiring.INTAKE)
    stage: Any = wall_stage(parse_policy(policy_data()), parts, 1, speed=1.0)
    try:
        stage.go()
        yield Cluster(stage)
    finally:
        stage.close()
