"""The facts of an AWS account from which a first policy can be drafted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

OWN_ALARM = "tidegate"
"""Beginning of the description of every alarm that a deployment makes, whatever its prefix."""


@dataclass(frozen=True, slots=True)
class AlarmFact:
    """A CloudWatch alarm. period: seconds, the longest of its metrics; None for a composite.

    own: made by a deployment of tidegate, as its description says.
    """

    name: str
    region: str
    namespace: str
    period: float | None
    composite: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class CanaryFact:
    """A Synthetics canary. region: where it runs, not what it tests."""

    name: str
    region: str
    running: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """A control panel.

    controls: name -> ARN. gates: a gating control's name -> (its ARN, its rule's ARN).
    """

    name: str
    arn: str
    controls: Mapping[str, str]
    gates: Mapping[str, tuple[str, str]]
    wait_period_s: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """An ARC cluster. endpoints: Region -> URL of its data plane."""

    name: str
    endpoints: Mapping[str, str]
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class CheckFact:
    """A Route 53 health check.

    about: the routing control's ARN, or the name that is looked at.
    """

    id: str
    kind: str
    about: str


@dataclass(frozen=True, slots=True)
class PlanFact:
    """A plan of ARC Region switch. regions: those that it moves traffic between."""

    name: str
    arn: str
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplicaFact:
    """A DynamoDB table whose writes in `source` are measured as they reach `target`."""

    table: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The facts that were read from an account.

    regions: those that were looked at. readiness: the names of ARC's readiness checks. unread: what could not
    be read, a sentence each.
    """

    regions: tuple[str, ...]
    alarms: tuple[AlarmFact, ...] = ()
    canaries: tuple[CanaryFact, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    checks: tuple[CheckFact, ...] = ()
    unread: tuple[str, ...] = ()
    plans: tuple[PlanFact, ...] = ()
    replicas: tuple[ReplicaFact, ...] = ()
    readiness: tuple[str, ...] = ()


class Account(Protocol):
    """A reader of an account's control planes.

    It serves a draft that a person makes; it is never on the path of a move.
    """

    def facts(self) -> AccountFacts:
        """Return all facts of the account.

        Raises `OutsideUnreachable` where nothing at all could be read.
        """
        ...
