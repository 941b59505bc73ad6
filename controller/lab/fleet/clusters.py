"""The ARC clusters of a fleet, which are the rehearsal's own.

Each has a wire of its own, and every refusal is counted.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import AwsError, Call, Request, Response
from controller.rehearsal.services.arc.data_plane import ENDPOINTS, SERVICE, RoutingControls
from controller.rehearsal.services.arc.safety_rules import control_arn, panel_arn
from controller.rehearsal.time.kernel import Kernel
from controller.rehearsal.wire.dispatch import Wire


@dataclass
class Cluster:
    """Holds one cluster and counts its calls.

    sent: calls that move traffic. throttled: calls that were refused for their number.
    """

    arc: RoutingControls
    arns: Mapping[str, str]
    throttled: int = 0
    sent: int = 0

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        return {name: self._counted(name, work) for name, work in self.arc.operations.items()}

    def _counted(self, name: str, work: Callable[[Call], dict[str, Any]]) -> Callable[[Call], dict[str, Any]]:
        def call(call: Call) -> dict[str, Any]:
            self.sent += name.startswith("Update")
            try:
                return work(call)
            except AwsError as error:
                self.throttled += error.code == "ThrottlingException"
                raise

        return call


def cluster(
    kernel: Kernel, faults: Faults, number: int, names: tuple[str, ...], rng: random.Random
) -> Cluster:
    panel = panel_arn(number)
    arns = {name: control_arn(panel, place) for place, name in enumerate(names, start=1)}
    arc = RoutingControls(kernel, faults, panel=panel, controls=arns, rng=rng, on=names)
    return Cluster(arc, arns)


def wire_of(kernel: Kernel, made: Cluster) -> Wire:
    return Wire({(SERVICE, region): made for region in ENDPOINTS}, _nobody, kernel.lock)


def _nobody(_request: Request) -> Response:
    return Response(501, {}, b"")
