"""Where tables live: memory and file alike, restarts, expiry, replicas."""

import random
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.dynamodb.admin import GlobalTable
from controller.rehearsal.services.dynamodb.api import Tables
from controller.rehearsal.services.dynamodb.memory_store import MemoryStore
from controller.rehearsal.services.dynamodb.sqlite_store import SqliteStore
from controller.rehearsal.services.dynamodb.store import Store
from controller.rehearsal.services.dynamodb.values import SortRange, canonical_number, sortable, starting_with
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from tests.rehearsal.dynamodb_table import START, Bench, key, made

STORES = [MemoryStore, lambda: SqliteStore(":memory:")]
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(
    lambda d: not d or (-100 < d.adjusted() < 100 and len(d.as_tuple().digits) <= 38)
)


@given(numbers, numbers)
def test_number_keys_sort_by_value(one: Decimal, other: Decimal) -> None:
    low, high = (sortable({"N": str(each)}) for each in (one, other))
    assert (low < high, low == high) == (one < other, one == other)


@given(numbers)
def test_numbers_keep_their_value(number: Decimal) -> None:
    assert Decimal(canonical_number(str(number))) == number


@given(st.binary(min_size=1, max_size=4), st.binary(max_size=6))
def test_a_prefix_range_holds_what_starts_with_it(prefix: bytes, text: bytes) -> None:
    assert starting_with(prefix).holds(text) == text.startswith(prefix)


def test_memory_and_file_answer_alike() -> None:
    benches = [made(make()) for make in STORES]
    rng = random.Random(7)
    values: list[Callable[[], Any]] = [
        lambda: {"B": rng.randbytes(3)},
        lambda: {"BS": [b"a", b"b"]},
        lambda: {"M": {"B": {"S": "an attribute that is called B"}, "BS": {"L": []}}},
        lambda: {"N": str(rng.randint(-9, 9))},
    ]
    for _ in range(400):
        item_key = key(rng.randint(-4, 4), rng.choice("xyz"))
        kind = rng.choice(["PutItem", "PutItem", "DeleteItem", "Query", "Query", "Scan"])
        params: dict[str, Any] = {}
        if kind == "PutItem":
            params = {"Item": {**item_key, "v": rng.choice(values)()}, "ReturnValues": "ALL_OLD"}
        elif kind == "DeleteItem":
            params = {"Key": item_key, "ReturnValues": "ALL_OLD"}
        elif kind == "Query":
            sign = rng.choice(["<", "<=", ">", ">=", "="])
            params = {
                "KeyConditionExpression": f"app = :a AND seq {sign} :s",
                "ExpressionAttributeValues": {":a": item_key["app"], ":s": item_key["seq"]},
                "ScanIndexForward": rng.random() < 0.5,
                "Limit": rng.randint(1, 5),
            }
        elif rng.random() < 0.5:
            params = {"ExclusiveStartKey": item_key, "Limit": 3}
        answers = [bench.do(kind, **params) for bench in benches]
        assert answers[0] == answers[1], (kind, params)
    assert benches[0].do("DescribeTable") == benches[1].do("DescribeTable")


def test_a_file_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    bench = made(store)
    bench.put(1, b={"B": b"\x00"}, until={"N": str(int(START) + 60)})
    bench.do("UpdateTimeToLive", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    described = bench.do("DescribeTable")
    store.close()
    again = Bench(SqliteStore(path))
    assert again.do("DescribeTable") == described
    assert again.get(1) == {**key(1), "b": {"B": b"\x00"}, "until": {"N": str(int(START) + 60)}}
    again.kernel.run(until=START + 61)
    assert again.get(1) is None
    again.store.close()  # type: ignore[attr-defined]


def test_a_file_that_is_in_use_or_broken_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    with pytest.raises(AwsError, match="locked"):
        SqliteStore(path)
    store.close()
    broken = tmp_path / "broken.db"
    broken.write_text("not a database, but long enough to be looked at " * 50)
    with pytest.raises(AwsError, match="not a database"):
        SqliteStore(broken)


def test_a_full_disk_is_an_error_answer_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    bench = made(store)
    bench.put(1)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    error = bench.error("PutItem", Item={**key(2), "big": {"S": "x" * 100_000}})
    assert (error.code, error.status) == ("InternalServerError", 500)
    assert "full" in error.message
    assert (bench.get(1), bench.get(2)) == (key(1), None)
    store.close()
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("make", STORES)
def test_items_expire_by_the_kernels_clock(make: Callable[[], Store]) -> None:
    bench = made(make())
    bench.put(1, until={"N": str(START + 10)})
    bench.put(2, until={"N": str(START + 10)})
    bench.put(3, until={"S": "never: not a number"})
    bench.put(4, until={"N": "5"})  # more than five years ago: taken for a mistake
    bench.do("UpdateTimeToLive", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    bench.put(2, until={"N": str(START + 100)})  # given a longer life
    bench.kernel.run(until=START + 9)
    assert bench.do("Scan")["Count"] == 4
    bench.kernel.run(until=START + 11)
    assert [seq for seq in (1, 2, 3, 4) if bench.get(seq)] == [2, 3, 4]
    bench.kernel.run(until=START + 101)
    assert [seq for seq in (1, 2, 3, 4) if bench.get(seq)] == [3, 4]


def test_expiry_may_lag_as_on_aws() -> None:
    bench = made(expiry_lag=3600.0)
    bench.do("UpdateTimeToLive", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    bench.put(1, until={"N": str(START)})
    bench.kernel.run(until=START + 3599)
    assert bench.get(1) is not None
    bench.kernel.run(until=START + 3601)
    assert bench.get(1) is None


def test_time_to_live_is_described_and_switched_once() -> None:
    bench = made()
    assert bench.do("DescribeTimeToLive")["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    on = {"Enabled": True, "AttributeName": "until"}
    assert bench.do("UpdateTimeToLive", TimeToLiveSpecification=on) == {"TimeToLiveSpecification": on}
    assert bench.do("DescribeTimeToLive")["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "until",
    }
    assert "already enabled" in bench.error("UpdateTimeToLive", TimeToLiveSpecification=on).message


def replicas() -> dict[str, Tables]:
    kernel = Kernel(VirtualClock(START))
    regions = ("us-east-1", "us-east-2", "us-west-2")
    shared = {"journal": GlobalTable(MemoryStore(), regions)}
    return {region: Tables(kernel, region, MemoryStore(), shared=shared) for region in regions}


def run(tables: Tables, operation: str, **params: Any) -> dict[str, Any]:
    return tables.operations[operation](Call("dynamodb", operation, "anywhere", params))


def test_a_global_table_is_one_table_and_others_are_regional() -> None:
    here, there, third = replicas().values()
    for name in ("journal", "evidence"):
        run(
            here,
            "CreateTable",
            TableName=name,
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        run(here, "PutItem", TableName=name, Item={"k": {"S": "17"}, "by": {"S": "here"}})
    assert run(here, "ListTables") == {"TableNames": ["evidence", "journal"]}
    assert run(third, "ListTables") == {"TableNames": ["journal"]}
    found = run(there, "GetItem", TableName="journal", Key={"k": {"S": "17"}})
    assert found == {"Item": {"k": {"S": "17"}, "by": {"S": "here"}}}
    with pytest.raises(AwsError) as refused:
        run(
            third,
            "PutItem",
            TableName="journal",
            Item={"k": {"S": "17"}},
            ConditionExpression="attribute_not_exists(k)",
        )
    assert refused.value.code == "ConditionalCheckFailedException"
    described = run(there, "DescribeTable", TableName="journal")["Table"]
    assert described["TableArn"] == "arn:aws:dynamodb:us-east-2:123456789012:table/journal"
    assert described["MultiRegionConsistency"] == "STRONG"
    assert [each["RegionName"] for each in described["Replicas"]] == ["us-east-1", "us-west-2"]


def test_a_strongly_consistent_table_has_no_time_to_live() -> None:
    tables = next(iter(replicas().values()))
    run(
        tables,
        "CreateTable",
        TableName="journal",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(AwsError, match="strong consistency"):
        run(
            tables,
            "UpdateTimeToLive",
            TableName="journal",
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"},
        )


def test_a_range_without_bounds_holds_everything() -> None:
    assert SortRange().holds(b"")
    assert not SortRange(low=b"b", low_open=True).holds(b"b")
