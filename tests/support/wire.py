"""Clients whose requests end at a rehearsed AWS instead of the network, with faults put between the two.

```
 adapter ── real botocore client ── Wire ──┬── forward: the rehearsal's table, or moto, applies and answers
                                           └── or a fault: lost reply, no connection, AWS's refusal
```
"""

import itertools
import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from controller.rehearsal.service import Request, Response, Scope, Service
from controller.rehearsal.services.dynamodb.api import Tables
from controller.rehearsal.services.dynamodb.memory_store import MemoryStore
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.direct_client import Direct, sound
from controller.rehearsal.wire.dispatch import Wire as Cloud

Serve = Callable[[AWSPreparedRequest], AWSResponse]
Forward = Callable[[], AWSResponse]
Fault = Callable[[Forward], AWSResponse]

ACCOUNT = "123456789012"
REGION = "us-west-2"
_numbers = itertools.count(1)
_stubber = BotocoreStubber()


def moto(request: AWSPreparedRequest) -> AWSResponse:
    status, headers, answer = _stubber.process_request(request)
    return AWSResponse(request.url, status, headers, MockRawResponse(answer))


def table() -> Serve:
    """A DynamoDB of its own, from the rehearsal cloud."""
    kernel = Kernel(VirtualClock(1_700_000_000.0))
    return rehearsed(kernel, "dynamodb", Tables(kernel, REGION, MemoryStore()))


def rehearsed(kernel: Kernel, service: str, answers: Service) -> Serve:
    """One service of the rehearsal cloud, over its wire."""
    cloud = Cloud({(service, REGION): answers}, _elsewhere, kernel.lock)
    scope = Scope(service, REGION)
    return Direct(cloud.handle, VirtualRuntime(kernel), scope, REGION, 0.0, 60.0, sound).send


def _elsewhere(request: Request) -> Response:
    raise AssertionError(f"not rehearsed: {request.headers.get('x-amz-target')}")


DYNAMODBS: dict[str, Callable[[], Serve]] = {"rehearsal": table, "moto": lambda: moto}


class Wire:
    """What stands between one client and its service: remembers the calls, and plays `faults` in order."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.calls: list[str] = []
        self.bodies: list[str] = []
        self._faults: list[tuple[str, Fault]] = []

    def next(self, operation: str, *faults: Fault) -> None:
        """Let the next calls of `operation` meet `faults`, one each."""
        self._faults += [(operation, fault) for fault in faults]

    def __call__(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        operation = event_name.rsplit(".", 1)[-1]
        self.calls.append(operation)
        body = request.body or b""
        self.bodies.append(body.decode() if isinstance(body, bytes) else str(body))

        def forward() -> AWSResponse:
            return self._serve(request)

        for index, (name, fault) in enumerate(self._faults):
            if name == operation:
                del self._faults[index]
                return fault(forward)
        return forward()


def connect(service: str, serve: Serve = moto, region: str = REGION) -> tuple[Any, Wire]:
    """A real client, retries off, and the wire that it speaks over."""
    client = boto3.client(
        service,
        region_name=region,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="example",
        config=Config(retries={"total_max_attempts": 1}),
    )
    wire = Wire(serve)
    client.meta.events.register("before-send", wire)
    return client, wire


def make_table(client: Any, partition: str, sort: str, sort_type: str) -> str:
    """A new table with a name of its own."""
    name = f"table-{next(_numbers)}"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": partition, "KeyType": "HASH"},
            {"AttributeName": sort, "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": partition, "AttributeType": "S"},
            {"AttributeName": sort, "AttributeType": sort_type},
        ],
    )
    return name


def lost(forward: Forward) -> AWSResponse:
    """The call is applied; its answer never arrives."""
    forward()
    raise ReadTimeoutError(endpoint_url="https://example.invalid")


def dropped(forward: Forward) -> AWSResponse:
    """The call never arrives."""
    raise ConnectTimeoutError(endpoint_url="https://example.invalid")


def lost_for(secret: str) -> Fault:
    """The answer never arrives, and the error quotes what was sent."""

    def fault(forward: Forward) -> AWSResponse:
        raise ReadTimeoutError(endpoint_url=f"https://example.invalid/{secret}")

    return fault


def passed(forward: Forward) -> AWSResponse:
    return forward()


def after(event: Callable[[], object]) -> Fault:
    """Something else happens just before the call arrives."""

    def fault(forward: Forward) -> AWSResponse:
        event()
        return forward()

    return fault


def refused(code: str, message: str = "", status: int = 400) -> Fault:
    """AWS says no, in the JSON protocols' form; the call is not applied."""
    return answered({"__type": f"com.amazonaws#{code}", "message": message}, status)


def answered(body: Any, status: int = 200) -> Fault:
    """AWS answers this; the call is not applied. `body`: what becomes JSON, or bytes as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    def fault(forward: Forward) -> AWSResponse:
        return AWSResponse("https://example.invalid", status, {}, MockRawResponse(raw))

    return fault


def actions(prefix: str, wire: Wire) -> set[str]:
    """The IAM actions of the calls so far."""
    return {f"{prefix}:{operation}" for operation in wire.calls}
