"""What stands in an AWS account already, as far as a first policy can be drafted from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AlarmFact:
    """A CloudWatch alarm. period: seconds, the longest of its metrics; None for a composite."""

    name: str
    region: str
    namespace: str
    period: float | None
    composite: bool = False


@dataclass(frozen=True, slots=True)
class CanaryFact:
    """A Synthetics canary. region: where it runs, not what it tests."""

    name: str
    region: str
    running: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """A control panel. controls: name -> ARN. gates: a gating control's name -> (its ARN, its rule's ARN)."""

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
    """A Route 53 health check. about: the routing control's ARN, or the name that is looked at."""

    id: str
    kind: str
    about: str


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """regions: those that were looked at. unread: what could not be read, a sentence each."""

    regions: tuple[str, ...]
    alarms: tuple[AlarmFact, ...] = ()
    canaries: tuple[CanaryFact, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    checks: tuple[CheckFact, ...] = ()
    unread: tuple[str, ...] = ()


class Account(Protocol):
    """Reads control planes: for a draft at somebody's desk, never on the path of a move."""

    def facts(self) -> AccountFacts:
        """Everything. Raises `OutsideUnreachable` where nothing at all could be read."""
        ...
