"""The common parts of rehearsed AWS services: calls, errors, identifiers, times and HTTP messages.

`Service` is the view that the wire has of every rehearsed service.
`Ids` gives identifiers that look random and repeat exactly: the same run gives the same ids.
Times are floats inside the rehearsal; `iso` and `millis` write them as AWS does.
`Request` and `Response` are HTTP messages, as far as an AWS API needs them. Their `repr` shows no body and
no header, because these carry tokens.
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
    protocol wants. The kernel's lock is held during each call: never block in here.
    """

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]: ...


class Ids:
    """UUIDs made from a name and a counter.

    used: the counter, which must be kept over a restart.
    """

    def __init__(self, name: str) -> None:
        self._name, self.used = name, 0

    def next(self) -> str:
        self.used += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._name}/{self.used}"))


def epoch(value: Any, default: float) -> float:
    """Return seconds since 1970 from a number, a datetime or an ISO-8601 text.

    Return `default` for None.
    """
    if value is None:
        return default
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, str):
        return epoch(datetime.fromisoformat(value), default)
    return float(value)


def iso(seconds: float) -> str:
    """Return `2019-10-02T17:04:40Z`, the form in an event's envelope."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def millis(seconds: float) -> str:
    """Return `2019-10-02T17:04:40.989+0000`, the form in a CloudWatch event's detail."""
    whole = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return whole.replace("+00:00", "+0000")


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request.

    headers: with names in lower case. query: the raw query string.
    """

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
    """The service and Region that a request is for; `service` is the signing name."""

    service: str
    region: str
