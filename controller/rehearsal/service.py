"""What every rehearsed AWS service looks like to the wire in front of it.

Identifiers that look random and repeat exactly: the same run gives the same ids.

Times at the edge of the rehearsal: floats in, the spellings of AWS out.

HTTP messages, as far as an AWS API needs them. `repr` shows no body and no header: tokens travel there.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
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


class Ids:
    """UUIDs from a name and a counter; `used` is the state to keep over a restart."""

    def __init__(self, name: str) -> None:
        self._name, self.used = name, 0

    def next(self) -> str:
        self.used += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._name}/{self.used}"))


def epoch(value: Any, default: float) -> float:
    """Seconds since 1970 from a number, a datetime or an ISO-8601 text; `default` for None."""
    if value is None:
        return default
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, str):
        return epoch(datetime.fromisoformat(value), default)
    return float(value)


def iso(seconds: float) -> str:
    """`2019-10-02T17:04:40Z`, as in an event's envelope."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def millis(seconds: float) -> str:
    """`2019-10-02T17:04:40.989+0000`, as in the detail of a CloudWatch event."""
    whole = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return whole.replace("+00:00", "+0000")


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` have names in lower case; `query` is the raw query string."""

    method: str = "POST"
    path: str = "/"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a request is for: `service` is the signing name."""

    service: str
    region: str
