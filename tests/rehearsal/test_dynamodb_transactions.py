"""A transaction of puts: all or nothing, a reason for each item, done once for one token; both stores."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.dynamodb.admin import GlobalTable
from controller.rehearsal.services.dynamodb.memory_store import MemoryStore
from controller.rehearsal.services.dynamodb.sqlite_store import SqliteStore
from controller.rehearsal.services.dynamodb.store import Store
from tests.rehearsal.dynamodb_table import START, Bench, key, made

ABSENT = "attribute_not_exists(seq)"
STORES: dict[str, Callable[[], Store]] = {"memory": MemoryStore, "sqlite": lambda: SqliteStore(":memory:")}


def put(seq: int, condition: str = "", *, table: str = "journal", **more: Any) -> dict[str, Any]:
    item = {**key(seq), **{name: more.pop(name) for name in list(more) if name in "abc"}}
    asked = {"TableName": table, "Item": item, **more}
    return {"Put": asked | ({"ConditionExpression": condition} if condition else {})}


def transact(bench: Bench, *actions: dict[str, Any], **params: Any) -> dict[str, Any]:
    call = Call("dynamodb", "TransactWriteItems", "us-east-1", {"TransactItems": list(actions), **params})
    return bench.tables.operations["TransactWriteItems"](call)


def refused(bench: Bench, *actions: dict[str, Any], **params: Any) -> AwsError:
    with pytest.raises(AwsError) as error:
        transact(bench, *actions, **params)
    return error.value


@pytest.fixture(params=STORES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return made(STORES[request.param]())


def test_all_items_are_put_or_none_and_each_has_its_reason(bench: Bench) -> None:
    assert transact(bench, put(1, ABSENT), put(2, a={"N": "7"})) == {}
    error = refused(bench, put(3), put(2, ABSENT), put(1, "attribute_exists(seq)"))
    assert error.code == "TransactionCanceledException"
    assert error.message.endswith("specific reasons [None, ConditionalCheckFailed, None]")
    assert [reason["Code"] for reason in error.fields["CancellationReasons"]] == [
        "None",
        "ConditionalCheckFailed",
        "None",
    ]
    assert bench.do("Scan")["Count"] == 2


def test_a_reason_shows_what_is_there_where_that_was_asked_for(bench: Bench) -> None:
    bench.put(1, a={"N": "7"})
    shown = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    error = refused(bench, put(1, ABSENT, **shown), put(2, "attribute_exists(seq)", **shown))
    first, second = error.fields["CancellationReasons"]
    assert first["Item"] == {**key(1), "a": {"N": "7"}}
    assert first["Message"] == "The conditional request failed"
    assert "Item" not in second


def test_the_same_transaction_with_the_same_token_is_done_once_for_ten_minutes(bench: Bench) -> None:
    token = {"ClientRequestToken": "t" * 36}
    transact(bench, put(1, ABSENT), **token)
    assert transact(bench, put(1, ABSENT), **token) == {}
    assert refused(bench, put(2), **token).code == "IdempotentParameterMismatchException"
    assert refused(bench, put(1, ABSENT)).code == "TransactionCanceledException"
    bench.kernel.run(until=START + 599)
    assert transact(bench, put(1, ABSENT), **token) == {}
    bench.kernel.run(until=START + 601)
    assert refused(bench, put(1, ABSENT), **token).code == "TransactionCanceledException"


def test_a_token_of_a_transaction_that_was_cancelled_stands_for_nothing(bench: Bench) -> None:
    bench.put(1)
    assert refused(bench, put(1, ABSENT), ClientRequestToken="t").code == "TransactionCanceledException"
    assert transact(bench, put(2), ClientRequestToken="t") == {}


BIG = {"S": "x" * (400 * 1024)}


@pytest.mark.parametrize(
    ("actions", "code", "said"),
    [
        ([put(1), put(1)], "ValidationException", "multiple operations on one item"),
        ([], "ValidationException", "greater than or equal to 1"),
        ([put(n) for n in range(101)], "ValidationException", "less than or equal to 100"),
        ([put(1), put(2, a=BIG)], "ValidationException", "Item size has exceeded"),
        ([put(1), put(2, "attribute_exists(")], "ValidationException", "ConditionExpression"),
        ([put(1, ABSENT, ExpressionAttributeNames={"#x": "a"})], "ValidationException", "unused"),
        ([{"Put": {"TableName": "journal", "Item": {"app": {"S": "x"}}}}], "ValidationException", "Missing"),
        ([put(1), put(1, table="nowhere")], "ResourceNotFoundException", "not found"),
        ([put(1) | {"Delete": {}}], "ValidationException", "only contain one of"),
        ([{"Update": {}}], "ValidationException", "not part of this rehearsal"),
    ],
)
def test_what_is_malformed_is_refused_as_a_whole(bench: Bench, actions: Any, code: str, said: str) -> None:
    error = refused(bench, *actions)
    assert error.code == code
    assert said in error.message
    assert bench.do("Scan")["Count"] == 0


def test_a_hundred_items_and_four_megabytes_are_the_most(bench: Bench) -> None:
    assert transact(bench, *[put(n) for n in range(100)]) == {}
    large = {"S": "x" * (399 * 1024)}
    assert transact(bench, *[put(n, a=large) for n in range(10)]) == {}
    assert "4 MB" in refused(bench, *[put(n, a=large) for n in range(11)]).message
    assert refused(bench, put(1), ClientRequestToken="t" * 37).code == "ValidationException"


def test_a_strongly_consistent_global_table_has_none() -> None:
    bench = made(shared={"journal": GlobalTable(MemoryStore(), ("us-east-1", "us-west-2"))})
    assert "multi-Region strong consistency" in refused(bench, put(1)).message


def test_what_expires_is_known_also_where_a_transaction_wrote_it(bench: Bench) -> None:
    bench.do("UpdateTimeToLive", TimeToLiveSpecification={"Enabled": True, "AttributeName": "a"})
    transact(bench, put(1, a={"N": str(START + 10)}), put(2))
    bench.kernel.run(until=START + 11)
    assert (bench.get(1), bench.get(2)) == (None, key(2))


def test_a_disk_that_is_full_half_way_leaves_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    bench = made(store)
    bench.put(1)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    error = refused(bench, put(2), put(3, a={"S": "x" * 100_000}))
    assert (error.code, error.status) == ("InternalServerError", 500)
    assert bench.do("Scan")["Count"] == 1
    bench.put(4)  # and the store goes on
    store.close()
    again = made_again(path)
    assert again.do("Scan")["Count"] == 2
    again.store.close()  # type: ignore[attr-defined]
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def made_again(path: Path) -> Bench:
    return Bench(SqliteStore(path))


def test_two_tables_of_one_region_are_written_together(bench: Bench) -> None:
    bench.create("other")
    transact(bench, put(1), put(1, table="other"))
    assert [bench.do("Scan", table)["Count"] for table in ("journal", "other")] == [1, 1]
