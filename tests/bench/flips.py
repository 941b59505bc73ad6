"""How long until ARC has taken a change while endpoints hang: tidegate's switch beside three other clients.

Real sockets, speed 1. Hung are the endpoints that each client asks first: everybody's worst case.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from controller import wiring
from controller.core.admission import parse_policy
from controller.entry import lambdas
from controller.lab.stage import Parts, Stage
from controller.lab.wall_stage import wall_stage
from controller.ports.errors import ControllerError
from controller.rehearsal.arc.controls import ENDPOINTS, SERVICE
from tests.bench.hung import Hung
from tests.core.scene import EAST, policy_data
from tests.drills.play import WORKFLOW

CAP = 60.0
"""Seconds after which a peer is no longer waited for."""
REST = 5.3
"""Seconds between two changes: the safety rules' wait period, and a little."""
KEYS = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}
PEERS: Mapping[str, Config] = {
    "one second, in order": Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1}),
    "boto3 standard, in order": Config(retries={"mode": "standard"}),
    "boto3 defaults, in order": Config(),
}


@dataclass(frozen=True)
class Timed:
    """Seconds until the cluster had it, and until the client was sure; None: not within `CAP`."""

    applied: float | None
    returned: float | None


class Bench:
    """An ARC cluster on loopback, and clients whose first endpoints hang."""

    def __init__(self, stage: Stage, hung: Hung) -> None:
        self.stage, self.hung = stage, hung
        self.changed: list[float] = []
        stage.cloud.switch.observe(lambda _at, _name, _on: self.changed.append(time.perf_counter()))
        self.names = stage.policy.regions[EAST].controls
        arc = stage.deployment.arc
        assert arc is not None
        self.arc = arc

    def set(self, *, on: bool) -> None:
        """Put all four controls, past every endpoint, and let the wait period pass."""
        time.sleep(REST)
        entries = self._entries(on)
        self.stage.cloud.call(SERVICE, "UpdateRoutingControlStates", ENDPOINTS[0],
                              {"UpdateRoutingControlStateEntries": entries})  # fmt: skip
        time.sleep(REST)

    def ours(self, first_hung: int, seed: int, *, on: bool = False) -> Timed:
        order = self._order(seed)
        urls = {r: self.hung.url if r in order[:first_hung] else u for r, u in self.arc.endpoints.items()}
        arc = self.arc.model_copy(update={"endpoints": urls})
        deployment = self.stage.deployment.model_copy(update={"arc": arc})
        runtime = wiring.system_runtime(deployment)
        switch = wiring.switch_of(deployment, self.stage.policy, runtime=runtime, rng=random.Random(seed))
        begun = self._begin()
        changes = [(name, on) for name in self.names]
        try:
            switch.flip(changes, deadline=runtime.monotonic() + 20.0, fence=lambda: None)
        except ControllerError:  # taken, but no second endpoint is left to show it
            return Timed(self._timed(begun, 0.0).applied, None)
        return self._timed(begun, time.perf_counter())

    def _order(self, seed: int) -> Sequence[str]:
        """The order in which a switch of this seed asks, seen on a switch whose endpoints all answer."""
        asked: list[str] = []

        def clients(service: str, region: str, url: str | None, config: Config) -> Any:
            class Client:
                def update_routing_control_states(self, **_: Any) -> Any:
                    asked.append(region)
                    raise ClientError({"Error": {"Code": "EndpointTemporarilyUnavailableException"}}, "x")

                list_routing_controls = get_routing_control_state = update_routing_control_states

            return Client()

        runtime = wiring.system_runtime(self.stage.deployment)
        switch = wiring.switch_of(
            self.stage.deployment, self.stage.policy, clients=clients, runtime=runtime,
            rng=random.Random(seed),
        )  # fmt: skip
        with suppress(ControllerError):
            switch.flip([(self.names[0], False)], deadline=runtime.monotonic() + 0.2, fence=lambda: None)
        return list(dict.fromkeys(asked))[: len(ENDPOINTS)]

    def peer(self, config: Config, first_hung: int) -> Timed:
        """One endpoint after the other until one takes it."""
        urls = [self.hung.url] * first_hung + list(self.arc.endpoints.values())[first_hung:]
        session = boto3.Session(**KEYS)
        clients = [session.client(SERVICE, region_name=EAST, endpoint_url=u, config=config) for u in urls]
        ended: list[float] = []

        def run() -> None:
            for client in clients:
                try:
                    client.update_routing_control_states(
                        UpdateRoutingControlStateEntries=self._entries(on=False)
                    )
                except (BotoCoreError, ClientError):
                    continue
                ended.append(time.perf_counter())
                return

        begun = self._begin()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(CAP)
        return self._timed(begun, ended[0]) if ended else Timed(None, None)

    def _entries(self, on: bool) -> list[dict[str, str]]:
        state = "On" if on else "Off"
        return [
            {"RoutingControlArn": self.arc.controls[name], "RoutingControlState": state}
            for name in self.names
        ]

    def _begin(self) -> float:
        self.changed.clear()
        return time.perf_counter()

    def _timed(self, begun: float, ended: float) -> Timed:
        return Timed(self.changed[-1] - begun if self.changed else None, ended - begun)


def bench(say: Callable[[str], None], *, repetitions: int = 5) -> None:
    """Print the tables."""
    policy = parse_policy(policy_data())
    parts = Parts(WORKFLOW.read_text(encoding="utf-8"), tuple(lambdas.HANDLERS), wiring.INTAKE)
    stage = wall_stage(policy, parts, 1, speed=1.0)
    try:
        stage.go()
        with Hung() as hung:
            _tables(Bench(stage, hung), say, repetitions)
    finally:
        stage.close()


def _tables(b: Bench, say: Callable[[str], None], repetitions: int) -> None:
    say("Seconds until ARC has taken a change of four controls; hung are the endpoints asked first.\n")
    say(f"{'endpoints hung':<16}{'client':<28}{'worst':>9}{'median':>9}{'bound':>8}{'ratio':>9}")
    for first_hung, bound in ((0, None), (2, 2.5), (4, 4.5)):
        ours = []
        for seed in range(repetitions):
            ours.append(b.ours(first_hung, seed))
            b.set(on=True)
        took = sorted(t.applied for t in ours if t.applied is not None)
        worst, median = took[-1], took[len(took) // 2]
        mark = "" if bound is None else f"{bound:>5.1f} {'ok' if worst <= bound else 'NO'}"
        say(f"{first_hung:<16}{'tidegate':<28}{worst:>9.2f}{median:>9.2f}{mark:>8}{1.0:>9.1f}")
        for name, config in PEERS.items():
            found = b.peer(config, first_hung).applied
            b.set(on=True)
            shown = f">{CAP:.0f}" if found is None else f"{found:.2f}"
            ratio = f">{CAP / median:.0f}" if found is None else f"{found / median:.1f}"
            say(f"{first_hung:<16}{name:<28}{shown:>9}{shown:>9}{'':>8}{ratio:>9}")
        sure = sorted(t.returned for t in ours if t.returned is not None)
        what = "tidegate, read back, joined"
        if sure:
            say(f"{first_hung:<16}{what:<28}{sure[-1]:>9.2f}{sure[len(sure) // 2]:>9.2f}")
        else:
            say(f"{first_hung:<16}{what:<28}{'never':>9}{'never':>9}   no second endpoint can show it")
    say("\nRight after another change (ARC's wait period of 5 s is under way), no endpoint hung:")
    for seed in range(2):
        b.ours(0, seed)
        again = b.ours(0, seed, on=True)
        time.sleep(REST)
        say(f"  applied after {again.applied:.2f} s")


__all__ = ["bench"]
