"""A table to try things on, without a wire."""

from typing import Any

import boto3
from botocore.config import Config

from controller.rehearsal.moto_fallback import MotoFallback
from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.dynamodb.api import Tables
from controller.rehearsal.services.dynamodb.memory_store import MemoryStore
from controller.rehearsal.services.dynamodb.store import Store
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.direct_client import attach
from controller.rehearsal.wire.dispatch import Wire

START = 1_700_000_000.0
REGION = "us-east-1"


class Bench:
    """`bench.do("PutItem", …)` on a table "journal" (app: S, seq: N)."""

    def __init__(self, store: Store | None = None, **options: Any) -> None:
        self.kernel = Kernel(VirtualClock(START))
        self.store = MemoryStore() if store is None else store
        self.tables = Tables(self.kernel, REGION, self.store, **options)

    def do(self, operation: str, table: str = "journal", **params: Any) -> dict[str, Any]:
        call = Call("dynamodb", operation, REGION, {"TableName": table, **params})
        return self.tables.operations[operation](call)

    def error(self, operation: str, table: str = "journal", **params: Any) -> AwsError:
        try:
            answer = self.do(operation, table, **params)
        except AwsError as error:
            return error
        raise AssertionError(f"{operation} answered {answer}")

    def create(self, table: str = "journal") -> dict[str, Any]:
        return self.do(
            "CreateTable",
            table,
            KeySchema=[
                {"AttributeName": "app", "KeyType": "HASH"},
                {"AttributeName": "seq", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "app", "AttributeType": "S"},
                {"AttributeName": "seq", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )

    def put(self, seq: int | str, app: str = "shop", **attributes: Any) -> None:
        self.do("PutItem", Item={**key(seq, app), **attributes})

    def get(self, seq: int | str, app: str = "shop", **params: Any) -> dict[str, Any] | None:
        return self.do("GetItem", Key=key(seq, app), **params).get("Item")

    def update(self, text: str, values: dict[str, Any] | None = None, seq: int = 1, **params: Any) -> Any:
        if values is not None:
            params["ExpressionAttributeValues"] = values
        return self.do("UpdateItem", Key=key(seq), UpdateExpression=text, **params)


def key(seq: int | str, app: str = "shop") -> dict[str, Any]:
    return {"app": {"S": app}, "seq": {"N": str(seq)}}


def made(store: Store | None = None, **options: Any) -> Bench:
    bench = Bench(store, **options)
    bench.create()
    return bench


def client_of(services: dict[tuple[str, str], Any], kernel: Kernel) -> Any:
    """Return a client of these services, and of moto where there is none."""
    session = boto3.session.Session("key", "secret", region_name=REGION)
    config = Config(retries={"total_max_attempts": 1})
    client = session.client("dynamodb", endpoint_url="http://127.0.0.1", config=config)
    wire = Wire(services, MotoFallback().handle, kernel.lock)
    attach(client, wire.handle, VirtualRuntime(kernel), latency=0)
    return client
