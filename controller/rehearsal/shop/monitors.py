"""The monitors that are not AWS's: each asks the shop and reports the result.

```
 every 30 s:  checkout at the Region's own endpoint ──> breaching, healthy ──> PutEvents where it observes
```

A report is an event of `tidegate.signal/v1`. A monitor in a dark Region is dead like the Region, and sends
nothing.
"""

from collections.abc import Callable
from typing import Any

from controller.core.contracts import SIGNAL_SCHEMA, SIGNAL_SOURCE
from controller.ports.runtime import Runtime
from controller.rehearsal.blueprint import MonitorPlan
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import iso
from controller.rehearsal.shop.customers import BASKET
from controller.rehearsal.shop.network import Network, NetworkError
from controller.rehearsal.time.kernel import Kernel

EVERY = 30.0

Publish = Callable[[str, dict[str, Any]], None]


class Monitors:
    """The monitors of a rehearsal.

    publish: called with (Region, event); it puts the event on that Region's bus.
    """

    def __init__(
        self, *, kernel: Kernel, runtime: Runtime, publish: Publish, faults: Faults, network: Network
    ) -> None:
        self._kernel, self._runtime, self._publish = kernel, runtime, publish
        self._faults, self._network = faults, network
        self._states: dict[MonitorPlan, tuple[str, float]] = {}

    def add(self, plan: MonitorPlan) -> None:
        """Start a monitor; its first event comes within half a minute."""
        first = EVERY * (len(self._states) % 7 + 1) / 8
        self._states[plan] = ("healthy", self._kernel.now())

        def begin() -> None:
            self._runtime.spawn(lambda: self._look(plan))

        self._kernel.every(EVERY, begin, first_after=first)

    def _look(self, plan: MonitorPlan) -> None:
        if plan.observer in self._faults.dark:
            return
        state, reason = self._asked(plan)
        now = self._runtime.now()
        if state != self._states[plan][0]:
            self._states[plan] = (state, now)
        detail = {
            "application": plan.application,
            "family": plan.family,
            "name": plan.name,
            "region": plan.subject,
            "observer": plan.observer,
            "state": state,
            "since": iso(self._states[plan][1]),
            "reason": reason,
        }
        event = {"source": SIGNAL_SOURCE, "detail-type": SIGNAL_SCHEMA, "detail": detail}
        self._kernel.post(lambda: self._publish(plan.observer, event))

    def _asked(self, plan: MonitorPlan) -> tuple[str, str]:
        if plan.observer in self._faults.bad_network:
            return "breaching", "nothing can be reached"
        try:
            answer = self._network.request(
                location=plan.observer, region=plan.subject, method="POST", path="/checkout", body=BASKET
            )
        except NetworkError as error:
            return "breaching", str(error)
        return ("healthy" if answer.status < 300 else "breaching"), f"HTTP {answer.status}"
