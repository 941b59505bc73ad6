"""The account of the application, where it is not the controllers': its buses, alarms and metrics.

```
 canaries, alarms ─> bus here ─ rule ─> policy of a controllers' bus: this account? this source? ─> queue
 DescribeAlarms by a role's session ─> alarms here
```
"""

from collections.abc import Mapping
from typing import Any

from controller.rehearsal.blueprint import Blueprint
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import ACCOUNT, AwsError, Service
from controller.rehearsal.services.cloudwatch.api import Alarms
from controller.rehearsal.services.eventbridge.bus import Events
from controller.rehearsal.services.eventbridge.delivery import Deliver
from controller.rehearsal.services.sts import Tokens
from controller.rehearsal.time.kernel import Kernel


class GuestAccount:
    """The services of the application's own account, in every Region of the blueprint."""

    def __init__(self, kernel: Kernel, plan: Blueprint, deliver: Deliver, faults: Faults) -> None:
        if plan.guest is None:
            raise ValueError("all lives in one account")
        self.account, self._admits = plan.guest.account, plan.guest.admits
        self.events = {r: Events(kernel, r, deliver, faults, self.account) for r in plan.regions}
        self.alarms = {
            r: Alarms(kernel, r, self.events[r].publish, faults, self.account) for r in plan.regions
        }

    def services(self, home: Mapping[tuple[str, str], Service]) -> dict[tuple[str, str], Service]:
        """Return the services by signing name and Region.

        home: those of the controllers' account; quotas are the same here.
        """
        found = {key: each for key, each in home.items() if key[0] in ("servicequotas", "lambda")}
        found |= {("events", r): each for r, each in self.events.items()}
        return found | {("monitoring", r): each for r, each in self.alarms.items()}

    def kept(self) -> dict[str, Mapping[str, Any]]:
        """Return the parts whose state a restart keeps."""
        return {"guest_events": self.events, "guest_alarms": self.alarms}

    def check_admission(self, region: str, event: Mapping[str, Any]) -> None:
        """Raise `AwsError` where the policy of a controllers' bus does not let an event in.

        A bus takes its own account's events without a policy.
        """
        if event["account"] == ACCOUNT:
            return
        named = event["account"] == self.account and event["source"] in self._admits.get(region, ())
        if not named:
            told = f"not authorized to perform: events:PutEvents on the default bus in {region}"
            raise AwsError("AccessDenied", told, 403)


def guest_of(
    kernel: Kernel, plan: Blueprint, deliver: Deliver, faults: Faults
) -> tuple[GuestAccount | None, Tokens]:
    """Return the application's own account, where it has one, and the sessions of the roles there."""
    if plan.guest is None:
        return None, Tokens(kernel)
    return GuestAccount(kernel, plan, deliver, faults), Tokens(kernel, plan.guest.roles)
