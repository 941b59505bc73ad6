"""The direct path from a botocore client to the wire.

The time of a call is the caller's own.

```
 client ─> sleep latency/2 ─> fault? ─┬─ none ─> Wire.handle ─> sleep latency/2 ─> answer
                                      ├─ refused ─> EndpointConnectionError
                                      ├─ hung ─> sleep to the read timeout ─> ReadTimeoutError
                                      └─ lost ─> Wire.handle, then as hung
```
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any, Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from controller.ports.runtime import Runtime
from controller.rehearsal.service import Request, Response, Scope
from controller.rehearsal.services.sts import HEADER

Fault = Literal["refused", "hung", "lost"]


class Handle(Protocol):
    def __call__(self, request: Request, endpoint: str = "", scope: Scope | None = None) -> Response: ...


class Faulty(Protocol):
    """Returns the fault of a request that arrives now; called once a request."""

    def __call__(self, service: str, region: str, endpoint: str, operation: str) -> Fault | None: ...


def sound(service: str, region: str, endpoint: str, operation: str) -> Fault | None:  # noqa: ARG001
    """Return None: no fault."""
    return None


def attach(
    client: Any,
    handle: Handle,
    runtime: Runtime,
    *,
    latency: float = 0.005,
    endpoint: str = "",
    fault: Faulty = sound,
    token: Callable[[], str] | None = None,
) -> None:
    """Replace the HTTP session of a boto3 client.

    latency: seconds there and back on `runtime`. endpoint: the name of the endpoint that the client speaks
    to (default: the client's Region). The client may be unsigned: its service and Region are passed on.
    token: gives the token of the session that signs; None: the caller's own credentials.
    """
    region = client.meta.region_name
    scope = Scope(client.meta.service_model.signing_name, region)
    session = Direct(
        handle, runtime, scope, endpoint or region, latency, client.meta.config.read_timeout, fault, token
    )
    client._endpoint.http_session = session


@dataclass(slots=True)
class Prepared:
    """The part of a prepared request that an HTTP session here reads."""

    method: str
    url: str
    headers: dict[str, Any]
    body: Any
    context: dict[str, Any] = field(default_factory=dict)
    message: tuple[Request, str] | None = None
    """The message on the wire with its operation, once somebody asked for it."""


@dataclass(slots=True)
class Answer:
    """The part of an HTTP answer that botocore's parsers read.

    headers: with names in lower case.
    """

    status_code: int
    headers: dict[str, str]
    content: bytes

    @property
    def raw(self) -> "_Body":
        return _Body(self.content)


Sendable: TypeAlias = "AWSPreparedRequest | Prepared"
Received: TypeAlias = "AWSResponse | Answer"


@dataclass(slots=True)
class Direct:
    """A stand-in for botocore's HTTP session."""

    handle: Handle
    runtime: Runtime
    scope: Scope
    endpoint: str
    latency: float
    read_timeout: float
    fault: Faulty
    token: Callable[[], str] | None = None

    def send(self, request: Sendable) -> Received:
        started = self.runtime.monotonic()
        message, operation = on_the_wire(request)
        if self.token is not None:
            message = replace(message, headers={**message.headers, HEADER: self.token()})
        self._travel()
        fault = self.fault(self.scope.service, self.scope.region, self.endpoint, operation)
        if fault == "refused":
            raise EndpointConnectionError(endpoint_url=request.url, error="refused in this rehearsal")
        if fault != "hung":
            response = self.handle(message, self.endpoint, self.scope)
            if fault is None:
                self._travel()
                return _answer(request, response)
        waited = self.runtime.monotonic() - started
        self.runtime.sleep(max(0.0, self._timeout(request) - waited))
        raise ReadTimeoutError(endpoint_url=request.url, error=f"{fault} in this rehearsal")

    def land(self, request: Sendable) -> None:
        """Deliver a request now, without an answer to anybody.

        Its sender may still run or not.
        """
        message, operation = on_the_wire(request)
        if self.fault(self.scope.service, self.scope.region, self.endpoint, operation) in (None, "lost"):
            with suppress(EndpointConnectionError):  # nobody is there by now
                self.handle(message, self.endpoint, self.scope)

    def close(self) -> None:
        """Close nothing: nothing is open."""

    def _travel(self) -> None:
        if self.latency:
            self.runtime.sleep(self.latency / 2)

    def _timeout(self, request: Sendable) -> float:
        context: dict[str, Any] = getattr(request, "context", None) or {}
        return float(context.get("read_timeout") or self.read_timeout)


def on_the_wire(request: Sendable) -> tuple[Request, str]:
    """Return the request as it is sent, and the operation that it names."""
    if isinstance(request, Prepared):
        if request.message is None:
            request.message = _message(request)
        return request.message
    return _message(request)


def _message(request: Sendable) -> tuple[Request, str]:
    url = urlsplit(request.url)
    headers = {
        name.lower(): value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    headers.setdefault("host", url.netloc)
    body = request.body
    if body is None:
        body = b""
    elif isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes | bytearray):
        stream = body
        body = stream.read()
        stream.seek(0)  # whoever looks at the request next finds it whole
    operation = headers.get("x-amz-target", "").rpartition(".")[2] or url.path.rpartition("/")[2]
    return Request(request.method, url.path or "/", url.query, headers, bytes(body)), operation


def _answer(request: Sendable, response: Response) -> Received:
    if isinstance(request, Prepared):
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, response.body)
    return AWSResponse(request.url, response.status, dict(response.headers), _Body(response.body))


class _Body(BytesIO):
    """The part of a urllib3 response that botocore reads from."""

    def stream(self) -> list[bytes]:
        return [self.read()]
