"""The blueprint of a rehearsal cloud: plain data that describes its parts.

A deployment is built from the same data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.rehearsal.dns.records import Slice
from controller.rehearsal.services.sts import RolePlan

PREFIX = "tidegate"


@dataclass(frozen=True, slots=True)
class CanaryPlan:
    """A canary `name` that runs in `runs_in` and tests the Regional endpoint of `subject`.

    script: a file of `canaries/`, without its ending. environment: its variables, addresses of the
    rehearsal; without any it gets that endpoint's as BASE_URL. every: seconds from run to run.
    """

    name: str
    runs_in: str
    subject: str
    script: str = "api_journey"
    environment: Mapping[str, str] = field(default_factory=dict)
    every: float = 60.0


@dataclass(frozen=True, slots=True)
class AlarmPlan:
    """An alarm in `region`: the members of PutMetricAlarm or PutCompositeAlarm.

    guest: it lives in the account of the evidence, where that is another.
    """

    region: str
    members: Mapping[str, Any]
    guest: bool = False


@dataclass(frozen=True, slots=True)
class MonitorPlan:
    """A monitor that is not AWS's: it looks at `subject` from `observer`.

    It sends `tidegate.signal/v1`.
    """

    application: str
    family: str
    name: str
    subject: str
    observer: str


@dataclass(frozen=True, slots=True)
class RulePlan:
    """A rule of the default bus in `region`; targets as PutTargets takes them. guest: as of `AlarmPlan`."""

    region: str
    name: str
    pattern: Mapping[str, Any]
    targets: tuple[Mapping[str, Any], ...]
    guest: bool = False


@dataclass(frozen=True, slots=True)
class Guest:
    """The account of the application, its alarms and its canaries, where it is not the controllers'.

    role_by_region: controller Region -> the role there by which that controller looks. roles: those that are
    there. admits: controller Region -> the sources that its bus takes from there.
    """

    account: str
    external_id: str
    role_by_region: Mapping[str, str]
    roles: tuple[RolePlan, ...]
    admits: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One application, the Regions that it runs in, and its controllers' Regions.

    controllers: in order of rank. controls: Region -> routing controls, one for each slice.
    workflow: the state machine file with its `${Name}` placeholders.
    functions: placeholder -> function name. zone: DNS zone of the rehearsal.
    served_as: the application whose name customers ask for, where it is not this one.
    prefix: what the deployment's names begin with, before a hyphen.
    standby: control -> (Region, bucket, key) of the object that moves it, in place of an ARC cluster.
    slices: of the record tree, where templates declare it; else it is drawn from `controls`.
    guest: another account in which the evidence lives; None: all lives in one.
    """

    application: str
    controllers: tuple[str, ...]
    controls: Mapping[str, tuple[str, ...]]
    canaries: tuple[CanaryPlan, ...]
    alarms: tuple[AlarmPlan, ...]
    rules: tuple[RulePlan, ...]
    workflow: str
    functions: tuple[str, ...]
    standby: Mapping[str, tuple[str, str, str]] | None = None
    monitors: tuple[MonitorPlan, ...] = ()
    slices: tuple[Slice, ...] = ()
    prefix: str = PREFIX
    served_as: str | None = None
    guest: Guest | None = None

    def called(self, what: str) -> str:
        """Return the name of a queue, table, rule or function of this deployment."""
        return f"{self.prefix}-{what}"

    @property
    def controller(self) -> str:
        """Return the first controller's Region."""
        return self.controllers[0]

    @property
    def regions(self) -> tuple[str, ...]:
        """Return every Region that holds any part, each once."""
        watchers = (*(c.runs_in for c in self.canaries), *(m.observer for m in self.monitors))
        places = [*self.controls, *watchers, *self.controllers]
        return tuple(dict.fromkeys(places))

    @property
    def forwarding(self) -> tuple[str, ...]:
        """Return the Regions whose events go to controllers in others."""
        return tuple(dict.fromkeys(r.region for r in self.rules if r.name == self.called("forward")))

    @property
    def zone(self) -> str:
        return f"{self.served_as or self.application}.test."

    @property
    def name(self) -> str:
        """Return the public name that customers ask for."""
        return f"shop.{self.zone}"


def queue_arn(region: str, account: str, name: str) -> str:
    return f"arn:aws:sqs:{region}:{account}:{name}"


def function_arn(region: str, account: str, name: str, prefix: str = PREFIX) -> str:
    return f"arn:aws:lambda:{region}:{account}:function:{prefix}-{name}"


LIVE = "live"
"""The alias by which the workflow calls the functions."""


def live_arn(region: str, account: str, name: str, prefix: str = PREFIX) -> str:
    return f"{function_arn(region, account, name, prefix)}:{LIVE}"


def qualified(function: str) -> tuple[str, str]:
    """Return (name, version or alias) of a function's name or ARN, whole or in part; "" for no qualifier.

    Lambda takes `name`, `name:live`, `123456789012:function:name` and `arn:…:function:name:live`.
    """
    _, marked, rest = function.rpartition("function:")
    name, _, qualifier = (rest if marked else function).partition(":")
    return name, qualifier


def machine_arn(region: str, account: str, prefix: str = PREFIX) -> str:
    return f"arn:aws:states:{region}:{account}:stateMachine:{prefix}"


def topic_arn(region: str, account: str, prefix: str = PREFIX) -> str:
    return f"arn:aws:sns:{region}:{account}:{prefix}"


def bus_arn(region: str, account: str) -> str:
    return f"arn:aws:events:{region}:{account}:event-bus/default"
