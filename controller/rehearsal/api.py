"""What every rehearsed AWS service looks like to the wire in front of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

ACCOUNT = "123456789012"


@dataclass(frozen=True, slots=True)
class Call:
    """One decoded AWS API call.

    `service` is the signing name ("states", "dynamodb", "events", "monitoring", "sqs",
    "route53-recovery-cluster"), `region` the Region in the credential scope, `params` the
    decoded input with AWS's own member names, `endpoint` the name of the endpoint that
    received it (an ARC endpoint's Region, else the same as `region`).
    """

    service: str
    operation: str
    region: str
    params: dict[str, Any] = field(repr=False)
    endpoint: str = ""
    account: str = ACCOUNT


@dataclass
class AwsError(Exception):
    """An error answer as AWS gives it: `code` without namespace, extra members in `fields`."""

    code: str
    message: str
    status: int = 400
    fields: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Service(Protocol):
    """A rehearsed service: operation name -> function from a call to the answer's members.

    Datetimes in answers are floats (seconds since 1970); the wire writes them as the
    protocol wants. Called with the kernel's lock held: never block in here.
    """

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]: ...
