"""The CloudWatch Synthetics of the rehearsal: it runs canary scripts at their rates.

It reports each run to EventBridge and CloudWatch.

```
 kernel, each canary's own second of its period ─> a task beside the kernel: check(send, environment)
                                                        │ result posted back
                                     EventBridge event and SuccessPercent in the Region where it ran
```
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from uuid import NAMESPACE_OID, uuid5

from controller.ports.runtime import Runtime
from controller.rehearsal.faults import Faults
from controller.rehearsal.services.synthetics.events import (
    CanaryIdentity,
    Event,
    Run,
    run_event,
    status_event,
)
from controller.rehearsal.shop.network import REQUEST_TIMEOUT, Network, Unreachable
from controller.rehearsal.shop.shop import PutMetric
from controller.rehearsal.time.kernel import Kernel

NAMESPACE = "CloudWatchSynthetics"
RUN_EVERY_SECONDS = 60.0
GOLDEN = 0.618034  # multiples of it, modulo one, spread evenly for any number of canaries

Send = Callable[[str, str, bytes], tuple[int, bytes]]
Check = Callable[..., object]
"""`check(send, environment)`; with an OTHER_URL, `check(here, there, environment, pause)`."""
Publish = Callable[[str, Event], None]


@dataclass(frozen=True, slots=True)
class Canary:
    """A script that runs in `runs_in` with `environment`.

    BASE_URL in it names the endpoint under test. every: in seconds.
    """

    name: str
    runs_in: str
    check: Check
    environment: Mapping[str, str]
    every: float = RUN_EVERY_SECONDS


@dataclass
class Deployed:
    """A canary as Synthetics keeps it."""

    canary: Canary
    identity: CanaryIdentity
    created: float
    state: str = "READY"
    last_started: float = 0.0
    last_stopped: float | None = None
    last_run: Run | None = None
    busy: bool = False


class Synthetics:
    """The canaries by (Region where they run, name).

    A canary in a dark Region does not run: a lost observer is silent. One in a Region with a bad network
    runs, and fails whatever it tests. Add, start and stop canaries with the kernel's lock held.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        runtime: Runtime,
        publish: Publish,
        put_metric: PutMetric,
        faults: Faults,
        network: Network,
    ) -> None:
        self._kernel, self._runtime, self._network = kernel, runtime, network
        self._publish, self._put_metric, self._faults = publish, put_metric, faults
        self._turns = count()
        self._deployed: dict[tuple[str, str], Deployed] = {}

    def add(self, canary: Canary) -> None:
        """Deploy and start `canary`; its first run comes within its period."""
        identity = CanaryIdentity(_uuid("canary", canary.runs_in, canary.name), canary.name, canary.runs_in)
        deployed = Deployed(canary, identity, self._kernel.now())
        phase = len(self._deployed) * GOLDEN % 1.0 * canary.every
        self._deployed[canary.runs_in, canary.name] = deployed
        self._turn(deployed, "STARTING", "RUNNING")
        self._kernel.every(canary.every, lambda: self._begin(deployed), first_after=phase)

    def start(self, region: str, name: str) -> None:
        """Start a canary; a second start changes nothing.

        Raises `KeyError` for an unknown canary.
        """
        deployed = self._deployed[region, name]
        if deployed.state != "RUNNING":
            self._turn(deployed, "STARTING", "RUNNING")

    def stop(self, region: str, name: str) -> None:
        deployed = self._deployed[region, name]
        if deployed.state == "RUNNING":
            self._turn(deployed, "STOPPING", "STOPPED")

    def fail(self, region: str, name: str) -> None:
        """Break the canary itself: it takes the state ERROR.

        AWS: a withdrawn runtime, a deleted role.
        """
        deployed = self._deployed[region, name]
        self._turn(deployed, deployed.state, "ERROR")

    def canaries(self, region: str) -> list[Deployed]:
        """Return the canaries that run in `region`, by name."""
        here = [each for (where, _), each in self._deployed.items() if where == region]
        return sorted(here, key=lambda each: each.canary.name)

    def _turn(self, deployed: Deployed, previous: str, current: str) -> None:
        deployed.state = current
        identity, at = deployed.identity, self._kernel.now()
        if current == "RUNNING":
            deployed.last_started = at
        else:
            deployed.last_stopped = at
        event_id = _uuid("status", identity.canary_id, at, next(self._turns))
        event = status_event(canary=identity, event_id=event_id, at=at, previous=previous, current=current)
        self._publish(identity.region, event)

    def _begin(self, deployed: Deployed) -> None:
        if deployed.state != "RUNNING" or deployed.busy or deployed.canary.runs_in in self._faults.dark:
            return
        deployed.busy = True
        started = self._kernel.now()

        def run() -> None:
            reason = self._run(deployed.canary)
            self._kernel.post(lambda: self._end(deployed, started, reason))

        self._runtime.spawn(run)

    def _run(self, canary: Canary) -> str | None:
        """Return the reason why the run failed, or None."""
        try:
            if "OTHER_URL" in canary.environment:
                here, there = self._sender(canary), self._sender(canary, "OTHER_URL")
                canary.check(here, there, canary.environment, self._runtime.sleep)
            else:
                canary.check(self._sender(canary), canary.environment)
        except Exception as error:  # noqa: BLE001 - whatever a script raises is that run's failure
            return f"{type(error).__name__}: {error}"
        return None

    def _end(self, deployed: Deployed, started: float, reason: str | None) -> None:
        deployed.busy = False
        region = deployed.canary.runs_in
        if region in self._faults.dark:
            return
        identity = deployed.identity
        run_id = _uuid("run", identity.canary_id, started)
        deployed.last_run = Run(run_id, started, self._kernel.now(), reason)
        event_id = _uuid("event", identity.canary_id, started)
        event = run_event(canary=identity, event_id=event_id, run=deployed.last_run)
        self._publish(region, event)
        percent = 100.0 if reason is None else 0.0
        dimensions = {"CanaryName": deployed.canary.name}
        self._put_metric(region, NAMESPACE, "SuccessPercent", percent, "Percent", started, dimensions)

    def _sender(self, canary: Canary, url: str = "BASE_URL") -> Send:
        """Return a function that sends requests as that canary's machine does.

        It looks the name up once a run, then uses the endpoint that it led to.
        """
        host = urlsplit(canary.environment[url]).hostname or ""
        timeout = float(canary.environment.get("TIMEOUT_SECONDS", REQUEST_TIMEOUT))
        here, found = canary.runs_in, ""

        def send(method: str, path: str, body: bytes) -> tuple[int, bytes]:
            nonlocal found
            if here in self._faults.bad_network:
                raise Unreachable(f"name {host} does not resolve")
            if not found:
                found, _ = self._network.lookup(host, here)
            answer = self._network.request(
                location=here, region=found, method=method, path=path, body=body, timeout=timeout
            )
            return answer.status, answer.body

        return send


def _uuid(*parts: object) -> str:
    """Return the same id for the same parts.

    So a run repeats exactly, and a restart repeats no id.
    """
    return str(uuid5(NAMESPACE_OID, "/".join(str(part) for part in parts)))


def load_check(script: Path) -> Check:
    """Return the `check` of a canary script.

    Raises `FileNotFoundError`, or `TypeError` where it has none.
    """
    spec = spec_from_file_location(f"canary_{script.stem}", script)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(script)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    check = getattr(module, "check", None)
    if not callable(check):
        raise TypeError(f"{script}: no function named check")
    return cast(Check, check)
