"""The short way of a virtual client: what botocore's whole way answers and raises, and only where it may."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from controller.rehearsal.faults import Faults
from controller.rehearsal.memo import Remembered, spelt
from controller.rehearsal.service import Request, Response
from controller.rehearsal.services.dynamodb.api import Tables
from controller.rehearsal.services.dynamodb.memory_store import MemoryStore
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.botocore_client import direct, plain, virtual_clients
from controller.rehearsal.wire.dispatch import Wire

REGION = "us-west-2"
TABLE = {
    "TableName": "items",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
}
ITEM = {"k": {"S": "a"}, "n": {"N": "1.5"}, "b": {"B": b"\x00\xff"}, "l": {"L": [{"BOOL": True}]}}
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("put_item", {"TableName": "items", "Item": ITEM}),
    ("get_item", {"TableName": "items", "Key": {"k": {"S": "a"}}}),
    (
        "query",
        {
            "TableName": "items",
            "KeyConditionExpression": "k = :k",
            "ExpressionAttributeValues": {":k": {"S": "a"}},
        },
    ),
    ("get_item", {"TableName": "items", "Key": {"k": {"S": "nobody"}}}),
    ("describe_table", {"TableName": "items"}),
    ("put_item", {"TableName": "items", "Item": ITEM, "ConditionExpression": "attribute_not_exists(k)"}),
    ("query", {"TableName": "absent", "KeyConditionExpression": "k = :k"}),
    ("transact_write_items", {"TransactItems": [{"Put": {"TableName": "items", "Item": ITEM}}]}),
    (
        "transact_write_items",
        {"TransactItems": [{"Put": {"TableName": "items", "Item": ITEM}}], "ClientRequestToken": "t"},
    ),
    (
        "transact_write_items",
        {
            "TransactItems": [
                {
                    "Put": {
                        "TableName": "items",
                        "Item": ITEM,
                        "ConditionExpression": "attribute_not_exists(k)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                }
            ],
            "ClientRequestToken": "t",
        },
    ),
)


def nothing_else(request: Request) -> Response:
    raise AssertionError(f"not answered here: {request}")


def clients() -> tuple[BaseClient, BaseClient]:
    """One that goes the short way and one that goes the whole, to the same table."""
    kernel = Kernel(VirtualClock(1_700_000_000.0))
    wire = Wire({("dynamodb", REGION): Tables(kernel, REGION, MemoryStore())}, nothing_else, kernel.lock)
    make = virtual_clients(wire, VirtualRuntime(kernel), Faults())
    short = make("dynamodb", REGION, None, Config(retries={"total_max_attempts": 1}))
    whole = make("dynamodb", REGION, None, Config())
    short.create_table(**TABLE)
    return short, whole


def said(call: Callable[..., Any], params: dict[str, Any]) -> Any:
    """The answer or the error, without the number of the request."""
    try:
        answer = call(**params)
    except ClientError as error:
        answer = {**error.response, "raised": type(error).__name__, "text": str(error)}
    metadata = dict(answer.pop("ResponseMetadata"))
    assert metadata.pop("RequestId")
    metadata.pop("RetryAttempts", None)
    return answer | {"status": metadata["HTTPStatusCode"], "headers": sorted(metadata["HTTPHeaders"])}


@pytest.mark.parametrize(("operation", "params"), CALLS)
def test_both_ways_say_the_same_also_the_second_time(operation: str, params: dict[str, Any]) -> None:
    short, whole = clients()
    whole.put_item(TableName="items", Item=ITEM)
    for _ in range(2):
        assert said(getattr(short, operation), params) == said(getattr(whole, operation), params)


def test_what_changed_is_read_anew() -> None:
    short, _ = clients()
    key = {"k": {"S": "a"}}
    for number in ("1", "2", "2", "3"):
        short.put_item(TableName="items", Item={**key, "n": {"N": number}})
        assert short.get_item(TableName="items", Key=key)["Item"]["n"] == {"N": number}


def test_an_answer_may_be_changed_by_whoever_got_it() -> None:
    short, _ = clients()
    short.put_item(TableName="items", Item=ITEM)
    asked = {"TableName": "items", "Key": {"k": {"S": "a"}}}
    short.get_item(**asked)["Item"].clear()
    assert short.get_item(**asked)["Item"] == ITEM


def test_arguments_have_names() -> None:
    short, _ = clients()
    with pytest.raises(TypeError, match="only accepts keyword arguments"):
        short.get_item("items")


@pytest.mark.parametrize(("service", "short"), [("dynamodb", True), ("sns", True), ("route53", False)])
def test_a_service_that_botocore_hooks_into_goes_the_whole_way(service: str, *, short: bool) -> None:
    made = Session().create_client(
        service,
        region_name=REGION,
        endpoint_url="https://x.invalid",
        config=Config(signature_version=UNSIGNED),
    )
    made._ruleset_resolver = None
    assert plain(made) is short
    assert direct(type(made)).__name__ == type(made).__name__


def test_what_is_remembered_is_a_copy_and_the_oldest_goes() -> None:
    made: list[int] = []

    def work() -> dict[str, list[int]]:
        made.append(1)
        return {"a": [1]}

    known = Remembered(2)
    known.of("x", work)["a"].append(2)
    assert known.of("x", work) == {"a": [1]}
    assert len(made) == 1
    for key in ("y", "z", "x"):
        known.of(key, work)
    assert len(made) == 4


def test_equal_data_of_other_types_is_spelt_in_another_way() -> None:
    texts = {spelt(value) for value in ({"a": 1}, {"a": True}, {"a": 1.0}, {"a": "1"}, {"a": b"1"})}
    assert len(texts) == 5
    assert spelt({"a": object()}) is None
