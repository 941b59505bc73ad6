"""Query and Scan: ranges, order, pages."""

from typing import Any

import pytest

from tests.rehearsal.dynamodb_table import Bench, key, made


@pytest.fixture
def bench() -> Bench:
    found = made()
    for seq in (3, -1, 20, 1, 100, 2):
        found.put(seq, even={"BOOL": seq % 2 == 0})
    found.put(5, app="other")
    return found


def query(
    bench: Bench, condition: str = "", values: dict[str, str] | None = None, **params: Any
) -> dict[str, Any]:
    given = {":a": {"S": "shop"}, **{name: {"N": value} for name, value in (values or {}).items()}}
    return bench.do(
        "Query",
        KeyConditionExpression="app = :a" + condition,
        ExpressionAttributeValues=given | params.pop("more", {}),
        **params,
    )


def seqs(answer: dict[str, Any]) -> list[int]:
    return [int(item["seq"]["N"]) for item in answer["Items"]]


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("", {}, [-1, 1, 2, 3, 20, 100]),
        (" AND seq = :s", {":s": "3.0"}, [3]),
        (" AND seq < :s", {":s": "3"}, [-1, 1, 2]),
        (" AND seq <= :s", {":s": "3"}, [-1, 1, 2, 3]),
        (" AND seq > :s", {":s": "3"}, [20, 100]),
        (" AND seq >= :s", {":s": "3"}, [3, 20, 100]),
        (" AND seq BETWEEN :s AND :t", {":s": "-5", ":t": "2"}, [-1, 1, 2]),
    ],
)
def test_ranges_and_order(bench: Bench, condition: str, values: dict[str, str], found: list[int]) -> None:
    assert seqs(query(bench, condition, values)) == found
    assert seqs(query(bench, condition, values, ScanIndexForward=False)) == found[::-1]


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 4])
def test_pages_join_without_gap_or_repeat(bench: Bench, limit: int, forward: bool) -> None:
    found: list[int] = []
    start: dict[str, Any] = {}
    while True:
        page = query(bench, Limit=limit, ScanIndexForward=forward, **start)
        found += seqs(page)
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert found == sorted(found, reverse=not forward)
    assert len(found) == 6


def test_a_full_page_has_a_next_key_even_when_nothing_follows(bench: Bench) -> None:
    page = query(bench, Limit=6)
    assert page["LastEvaluatedKey"] == key(100)
    after = query(bench, Limit=6, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert (after["Items"], "LastEvaluatedKey" in after) == ([], False)


def test_the_limit_counts_before_the_filter(bench: Bench) -> None:
    page = query(bench, Limit=3, FilterExpression="even = :t", more={":t": {"BOOL": True}})
    assert (seqs(page), page["Count"], page["ScannedCount"]) == ([2], 1, 3)
    assert page["LastEvaluatedKey"] == key(2)


def test_a_page_holds_a_megabyte(bench: Bench) -> None:
    for seq in range(4):
        bench.put(seq, app="big", body={"S": "x" * 300_000})
    given = {":a": {"S": "big"}}
    page = bench.do("Query", KeyConditionExpression="app = :a", ExpressionAttributeValues=given)
    assert seqs(page) == [0, 1, 2]
    rest = bench.do(
        "Query",
        KeyConditionExpression="app = :a",
        ExpressionAttributeValues=given,
        ExclusiveStartKey=page["LastEvaluatedKey"],
    )
    assert (seqs(rest), "LastEvaluatedKey" in rest) == ([3], False)


def test_count_shows_no_items(bench: Bench) -> None:
    assert query(bench, Select="COUNT") == {"Count": 6, "ScannedCount": 6}
    assert bench.do("Scan", Select="COUNT") == {"Count": 7, "ScannedCount": 7}


def test_scan_pages_and_segments_cover_everything_once(bench: Bench) -> None:
    for number in range(20):
        bench.put(number, app=f"app-{number}")
    whole = [repr(item) for item in bench.do("Scan")["Items"]]
    assert len(whole) == len(set(whole)) == 27
    paged: list[str] = []
    start: dict[str, Any] = {}
    while start is not None:
        page = bench.do("Scan", Limit=4, **start)
        paged += [repr(item) for item in page["Items"]]
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else None
    assert paged == whole
    parts = [bench.do("Scan", Segment=n, TotalSegments=3)["Items"] for n in range(3)]
    assert sorted(repr(item) for part in parts for item in part) == sorted(whole)


@pytest.mark.parametrize(
    ("condition", "values", "message"),
    [
        (" AND extra = :s", {":s": "1"}, "missed key schema element: seq"),
        (" OR seq = :s", {":s": "1"}, "Invalid operator used in KeyConditionExpression: OR"),
        (" AND seq <> :s", {":s": "1"}, "not supported"),
        (" AND seq IN (:s)", {":s": "1"}, "IN"),
        (" AND seq > :s AND seq < :t", {":s": "1", ":t": "2"}, "one condition per key"),
        (" AND begins_with(seq, :s)", {":s": "1"}, "operand type: N"),
        (" AND app = :s", {":s": "1"}, "type does not match"),
    ],
)
def test_conditions_that_no_key_can_serve(
    bench: Bench, condition: str, values: dict[str, str], message: str
) -> None:
    given = {":a": {"S": "shop"}, **{name: {"N": value} for name, value in values.items()}}
    error = bench.error(
        "Query", KeyConditionExpression="app = :a" + condition, ExpressionAttributeValues=given
    )
    assert error.code == "ValidationException"
    assert message in error.message


def test_query_needs_the_partition(bench: Bench) -> None:
    error = bench.error(
        "Query", KeyConditionExpression="seq = :s", ExpressionAttributeValues={":s": {"N": "1"}}
    )
    assert "missed key schema element: app" in error.message
    assert "must be specified" in bench.error("Query").message


def test_filters_may_not_look_at_the_key(bench: Bench) -> None:
    error = bench.error(
        "Query",
        KeyConditionExpression="app = :a",
        FilterExpression="NOT seq = :a",
        ExpressionAttributeValues={":a": {"S": "shop"}},
    )
    assert "Primary key attribute: seq" in error.message


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"app": {"S": "shop"}}, "starting key is invalid"),
        (key(1, "other"), "outside query boundaries"),
        (key(50), "outside query boundaries"),
    ],
)
def test_start_keys_belong_to_the_query(bench: Bench, start: dict[str, Any], message: str) -> None:
    error = bench.error(
        "Query",
        KeyConditionExpression="app = :a AND seq < :s",
        ExpressionAttributeValues={":a": {"S": "shop"}, ":s": {"N": "10"}},
        ExclusiveStartKey=start,
    )
    assert message in error.message


@pytest.mark.parametrize(
    ("prefix", "found"), [("a", ["a", "ab", "a\uffff"]), ("ab", ["ab"]), ("\U0010ffff", [])]
)
def test_prefixes_of_text_keys(prefix: str, found: list[str]) -> None:
    bench = Bench()
    bench.do(
        "CreateTable",
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in "ps"],
        BillingMode="PAY_PER_REQUEST",
    )
    for text in ("a", "ab", "a\uffff", "b", "é"):
        bench.do("PutItem", Item={"p": {"S": "x"}, "s": {"S": text}})
    answer = bench.do(
        "Query",
        KeyConditionExpression="p = :p AND begins_with(s, :s)",
        ExpressionAttributeValues={":p": {"S": "x"}, ":s": {"S": prefix}},
    )
    assert [item["s"]["S"] for item in answer["Items"]] == found
