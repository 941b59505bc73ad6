"""Promises of the table to its callers, where moto is no oracle or the promise carries weight."""

from typing import Any

import pytest

from tests.rehearsal.dynamodb_table import START, Bench, key, made

ONE = {":v": {"N": "1"}}


@pytest.fixture
def bench() -> Bench:
    return made()


def test_an_append_succeeds_once_and_the_second_writer_sees_who_was_first(bench: Bench) -> None:
    append = {
        "ConditionExpression": "attribute_not_exists(seq)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    bench.do("PutItem", Item={**key(17), "id": {"S": "mine"}}, **append)
    error = bench.error("PutItem", Item={**key(17), "id": {"S": "theirs"}}, **append)
    assert (error.code, error.status) == ("ConditionalCheckFailedException", 400)
    assert error.fields == {"Item": {**key(17), "id": {"S": "mine"}}}
    assert bench.get(17) == {**key(17), "id": {"S": "mine"}}


def test_the_old_item_is_told_only_to_who_asks(bench: Bench) -> None:
    bench.put(1)
    error = bench.error("PutItem", Item=key(1), ConditionExpression="attribute_not_exists(seq)")
    assert error.fields == {}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("absent <> :v", True),
        ("absent <> extra", True),
        ("absent = extra", False),
        ("absent = :v", False),
        ("absent < :v", False),
        ("NOT absent < :v", True),
        ("n = :v", True),
        ("n <> :v", False),
        ("n >= :v AND n <= :v", True),
        ("t < :v", False),  # text and number have no order
        ("t <> :v", True),
        ("n BETWEEN :v AND :v", True),
        ("n IN (t, :v)", True),
        ("absent IN (extra, :v)", False),
        ("size(t) = :v", False),
        ("size(t) > :v", True),
        ("size(n) = :v", False),
        ("m.deep[1] = :v", True),
        ("m.deep[7] = :v", False),
        ("contains(m.deep, :v)", True),
        ("contains(ns, :v)", True),
        ("attribute_exists(m.deep) AND attribute_not_exists(m.nil)", True),
        ("n = :v OR absent = :v AND absent = :v", True),  # AND binds closer
        ("(n = :v OR n = :v) AND absent = :v", False),
        ("NOT n = :v OR n = :v", True),  # NOT binds closest
        ("NOT (n = :v OR n = :v)", False),
    ],
)
def test_conditions(bench: Bench, condition: str, holds: bool) -> None:
    inner = {"M": {"deep": {"L": [{"S": "x"}, {"N": "1"}]}}}
    bench.put(1, n={"N": "1.0"}, t={"S": "text"}, m=inner, ns={"NS": ["1", "2"]})
    params: dict[str, Any] = {"Key": key(1), "ConditionExpression": condition}
    if ":v" in condition:
        params["ExpressionAttributeValues"] = ONE
    if holds:
        assert bench.do("DeleteItem", **params) == {}
    else:
        assert bench.error("DeleteItem", **params).code == "ConditionalCheckFailedException"


@pytest.mark.parametrize(
    ("condition", "extra", "message"),
    [
        ("status = :v", ONE, "reserved keyword: status"),
        ("#n = :v", ONE, "attribute name: #n"),
        ("n = :w", ONE, "attribute value: :w"),
        ("attribute_exists(n)", ONE, "unused in expressions: keys: {:v}"),
        ("n = :v AND", ONE, "Syntax error"),
        ("n == :v", ONE, "Syntax error"),
        ("_n = :v", ONE, "Syntax error"),
        ("n = 'x'", None, "Syntax error"),
        ("", None, "can not be empty"),
        ("between(n, :v)", ONE, "Invalid function name"),
        ("attribute_exists(n, :v)", ONE, "number of operands: 2"),
        ("attribute_exists(:v)", ONE, "requires a document path"),
        ("begins_with(t, :v)", ONE, "operand type: N"),
        ("n < :v", {":v": {"BOOL": True}}, "operand type: BOOL"),
        ("n BETWEEN :v AND :w", {":v": {"N": "2"}, ":w": {"N": "1"}}, "upper bound"),
        ("n = :v", {":v": {"N": "one"}}, "cannot be converted to a numeric value"),
        ("n = :v", {":v": {}}, "must contain exactly one"),
        ("n = :v", {":v": {"N": "1", "S": "1"}}, "more than one datatypes"),
        ("(" * 500 + "n = :v" + ")" * 500, ONE, "nested too deeply"),
        ("n" * 5000 + " = :v", ONE, "maximum allowed size"),
    ],
)
def test_malformed_conditions_are_refused_before_anything_happens(
    bench: Bench, condition: str, extra: dict[str, Any] | None, message: str
) -> None:
    params: dict[str, Any] = {"Item": key(1), "ConditionExpression": condition}
    if extra is not None:
        params["ExpressionAttributeValues"] = extra
    error = bench.error("PutItem", **params)
    assert error.code == "ValidationException"
    assert message in error.message
    assert bench.get(1) is None


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("SET n = n + :v", {"n": {"N": "3"}}),
        ("SET n = n - :v", {"n": {"N": "1"}}),
        ("SET fresh = if_not_exists(fresh, :v) + :v", {"fresh": {"N": "2"}}),
        ("SET n = m.x, m.x = n", {"n": {"N": "9"}, "m": {"M": {"x": {"N": "2"}}}}),  # as it was before
        ("SET l[0] = :v", {"l": {"L": [{"N": "1"}, {"S": "b"}]}}),
        ("SET l[9] = :v", {"l": {"L": [{"S": "a"}, {"S": "b"}, {"N": "1"}]}}),
        ("SET l = list_append(l, l), n = :v", {"l": {"L": [{"S": c} for c in "abab"]}, "n": {"N": "1"}}),
        ("REMOVE l[0], l[1] SET n = :v", {"l": {"L": []}, "n": {"N": "1"}}),
        ("ADD n :v, fresh :v", {"n": {"N": "3"}, "fresh": {"N": "1"}}),
        ("ADD ns :s DELETE gone :s", {"ns": {"NS": ["5", "1"]}}),
        ("DELETE ns :five", {"ns": None}),  # an empty set is no set
        ("REMOVE m.x, nil", {"m": {"M": {}}}),
    ],
)
def test_updates(bench: Bench, text: str, after: dict[str, Any]) -> None:
    before = {
        "n": {"N": "2"},
        "m": {"M": {"x": {"N": "9"}}},
        "l": {"L": [{"S": "a"}, {"S": "b"}]},
        "ns": {"NS": ["5"]},
    }
    bench.put(1, **before)
    given = {":v": {"N": "1"}, ":s": {"NS": ["1"]}, ":five": {"NS": ["5"]}}
    values = {name: value for name, value in given.items() if name in text.replace(",", " ").split()}
    values |= {":v": given[":v"]} if ":v)" in text else {}
    answer = bench.update(text, values or None, ReturnValues="ALL_NEW")
    expected = {**key(1), **before, **after}
    assert answer["Attributes"] == {name: value for name, value in expected.items() if value is not None}
    assert bench.get(1) == answer["Attributes"]


def test_update_answers_what_it_was_asked_for(bench: Bench) -> None:
    bench.put(1, a={"N": "1"}, b={"N": "1"})
    for wanted, found in (
        ("NONE", None),
        ("ALL_OLD", {**key(1), "a": {"N": "2"}, "b": {"N": "1"}}),
        ("UPDATED_OLD", {"a": {"N": "3"}}),
        ("UPDATED_NEW", {"a": {"N": "5"}}),
    ):
        assert bench.update("ADD a :v", ONE, ReturnValues=wanted).get("Attributes") == found
    assert bench.update("SET a = :v", ONE, seq=9, ReturnValues="ALL_OLD") == {}
    assert bench.get(9) == {**key(9), "a": {"N": "1"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET seq = :v", "part of the key"),
        ("SET a = :v, a = :v", "overlap"),
        ("SET m = :v, m.x = :v", "overlap"),
        ("SET a = :v SET b = :v", "only be used once"),
        ("SET t = t + :v", "incorrect data type"),
        ("SET a = absent + :v", "does not exist in the item"),
        ("SET absent.x = :v", "document path"),
        ("SET a = frobnicate(:v)", "Invalid function name"),
        ("SET a = :v + :v + :v", "Syntax error"),
        ("ADD t :v", "incorrect data type"),
        ("DELETE t :v", "operand type: N"),
        ("PUT a = :v", "Syntax error"),
        ("SET a = " + "(" * 60 + ":v" + ")" * 60, "nested too deeply"),
        ("SET value = :v", "reserved keyword: value"),
    ],
)
def test_malformed_updates_change_nothing(bench: Bench, text: str, message: str) -> None:
    bench.put(1, t={"S": "x"}, m={"M": {}})
    error = bench.error("UpdateItem", Key=key(1), UpdateExpression=text, ExpressionAttributeValues=ONE)
    assert error.code == "ValidationException"
    assert message in error.message
    assert bench.get(1) == {**key(1), "t": {"S": "x"}, "m": {"M": {}}}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0.10", "0.1"), ("-0", "0"), ("1e3", "1000"), ("007", "7"), ("1.5E-3", "0.0015"), ("+4", "4"),
        ("9" * 38, "9" * 38), ("1e125", "1" + "0" * 125), ("-1.0", "-1"),
    ],
)  # fmt: skip
def test_numbers_are_exact_and_in_one_form(bench: Bench, written: str, kept: str) -> None:
    bench.put(1, n={"N": written})
    assert bench.get(1) == {**key(1), "n": {"N": kept}}


@pytest.mark.parametrize(
    "number", ["9" * 39, "1e126", "1e-131", "NaN", "Infinity", "", " 1", "1_000", "0x1", "٣"]
)
def test_numbers_out_of_range_are_refused(bench: Bench, number: str) -> None:
    assert bench.error("PutItem", Item={**key(1), "n": {"N": number}}).code == "ValidationException"


def test_sums_are_exact(bench: Bench) -> None:
    bench.put(1, n={"N": "0.1"})
    bench.update("SET n = n + :v", {":v": {"N": "0.2"}})
    assert bench.get(1) == {**key(1), "n": {"N": "0.3"}}
    bench.put(1, n={"N": "9" * 38})
    error = bench.error(
        "UpdateItem",
        Key=key(1),
        UpdateExpression="SET n = n + :v",
        ExpressionAttributeValues={":v": {"N": "0.1"}},
    )
    assert "38 significant digits" in error.message


def test_one_number_is_one_key(bench: Bench) -> None:
    bench.put("1.0", text={"S": "first"})
    bench.put("1", text={"S": "second"})
    assert bench.do("Scan")["Count"] == 1
    assert bench.get("1e0") == {**key(1), "text": {"S": "second"}}


def test_an_item_holds_400_kilobytes(bench: Bench) -> None:
    overhead = len("app") + len("shop") + len("seq") + 2 + len("b")
    bench.put(1, b={"S": "x" * (400 * 1024 - overhead)})
    error = bench.error("PutItem", Item={**key(1), "b": {"S": "x" * (400 * 1024 - overhead + 1)}})
    assert "Item size has exceeded" in error.message
    assert (
        "exceeded"
        in bench.error(
            "UpdateItem", Key=key(1), UpdateExpression="SET c = :v", ExpressionAttributeValues=ONE
        ).message
    )


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"app": {"S": "shop"}}, "Missing the key seq in the item"),
        ({"app": {"S": "shop"}, "seq": {"S": "1"}}, "Type mismatch for key seq expected: N actual: S"),
        ({"app": {"S": ""}, "seq": {"N": "1"}}, "empty string value. Key: app"),
        ({**key(1), "s": {"SS": []}}, "may not be empty"),
        ({**key(1), "s": {"NS": ["1", "1.0"]}}, "duplicates"),
        ({**key(1), "s": {"NULL": False}}, "must have the value of true"),
    ],
)
def test_malformed_items_are_refused(bench: Bench, item: dict[str, Any], message: str) -> None:
    error = bench.error("PutItem", Item=item)
    assert error.code == "ValidationException"
    assert message in error.message


@pytest.mark.parametrize(
    "bad", [{"app": {"S": "x"}}, {**key(1), "more": {"S": "x"}}, {**key(1), "seq": {"S": "1"}}]
)
def test_keys_must_match_the_schema(bench: Bench, bad: dict[str, Any]) -> None:
    for operation in ("GetItem", "DeleteItem", "UpdateItem"):
        assert "does not match the schema" in bench.error(operation, Key=bad).message


def test_depth_is_bounded(bench: Bench) -> None:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(40):
        value = {"L": [value]}
    assert "Nesting" in bench.error("PutItem", Item={**key(1), "deep": value}).message


def test_missing_tables_and_taken_names(bench: Bench) -> None:
    assert bench.error("GetItem", "nothing", Key=key(1)).code == "ResourceNotFoundException"
    assert "Table: nothing not found" in bench.error("DescribeTable", "nothing").message
    with pytest.raises(Exception, match="already exists"):
        bench.create()


def test_a_table_is_described(bench: Bench) -> None:
    bench.put(1)
    found = bench.do("DescribeTable")["Table"]
    assert found["TableStatus"] == "ACTIVE"
    assert found["CreationDateTime"] == START
    assert found["TableArn"] == "arn:aws:dynamodb:us-east-1:123456789012:table/journal"
    assert (found["ItemCount"], found["TableSizeBytes"]) == (1, 3 + 4 + 3 + 2)
    assert [each["AttributeName"] for each in found["KeySchema"]] == ["app", "seq"]
    assert bench.do("ListTables") == {"TableNames": ["journal"]}
    assert bench.do("GetItem", found["TableArn"], Key=key(1)) == {"Item": key(1)}
    bench.do("DeleteTable")
    assert bench.do("ListTables") == {"TableNames": []}


def test_a_projection_shows_only_what_it_names(bench: Bench) -> None:
    bench.put(1, m={"M": {"a": {"S": "1"}, "b": {"S": "2"}}}, l={"L": [{"S": "x"}, {"S": "y"}]}, z={"S": "z"})
    found = bench.get(1, ProjectionExpression="#m.b, l[1], absent", ExpressionAttributeNames={"#m": "m"})
    assert found == {"m": {"M": {"b": {"S": "2"}}}, "l": {"L": [{"S": "y"}]}}


def test_paths_into_one_element_meet_there(bench: Bench) -> None:
    steps = [{"M": {"a": {"N": str(n)}, "b": {"N": str(n)}, "c": {"N": str(n)}}} for n in range(3)]
    bench.put(1, steps={"L": steps})
    found = bench.get(1, ProjectionExpression="steps[2].b, steps[0].a, steps[2].a, steps[1].nil, app.x")
    first, last = {"M": {"a": {"N": "0"}}}, {"M": {"a": {"N": "2"}, "b": {"N": "2"}}}
    assert found == {"steps": {"L": [first, last]}}


def test_legacy_parameters_and_indexes_are_refused_not_ignored(bench: Bench) -> None:
    assert "legacy" in bench.error("PutItem", Item=key(1), Expected={}).message
    query = {"KeyConditionExpression": "app = :v", "ExpressionAttributeValues": {":v": {"S": "shop"}}}
    assert "index" in bench.error("Query", IndexName="by-time", **query).message


def test_batches(bench: Bench) -> None:
    requests = [{"PutRequest": {"Item": key(n)}} for n in range(3)]
    assert bench.do("BatchWriteItem", RequestItems={"journal": requests}) == {"UnprocessedItems": {}}
    found = bench.do("BatchGetItem", RequestItems={"journal": {"Keys": [key(0), key(7), key(2)]}})
    assert found["Responses"] == {"journal": [key(0), key(2)]}
    gone = [{"DeleteRequest": {"Key": key(0)}}, {"PutRequest": {"Item": {}}}]
    assert bench.error("BatchWriteItem", RequestItems={"journal": gone}).code == "ValidationException"
    assert bench.get(0) == key(0)
    twice = [{"DeleteRequest": {"Key": key(0)}}, {"PutRequest": {"Item": key("0.0")}}]
    assert "duplicates" in bench.error("BatchWriteItem", RequestItems={"journal": twice}).message
    many = [{"PutRequest": {"Item": key(n)}} for n in range(26)]
    for requests in ([], many):
        assert "requests" in bench.error("BatchWriteItem", RequestItems={"journal": requests}).message
    keys = {"Keys": [key(n) for n in range(101)]}
    assert "Too many" in bench.error("BatchGetItem", RequestItems={"journal": keys}).message


HASH, RANGE = {"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}
P, S = {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"}
ON_DEMAND = {"BillingMode": "PAY_PER_REQUEST"}


@pytest.mark.parametrize(
    ("table", "params", "message"),
    [
        ("a/b", {"KeySchema": [HASH], "AttributeDefinitions": [P], **ON_DEMAND}, "regular expression"),
        ("ab", {"KeySchema": [HASH], "AttributeDefinitions": [P], **ON_DEMAND}, "regular expression"),
        ("good", {"KeySchema": [HASH, RANGE], "AttributeDefinitions": [P], **ON_DEMAND}, "not defined"),
        (
            "good",
            {"KeySchema": [HASH], "AttributeDefinitions": [P, S], **ON_DEMAND},
            "does not exactly match",
        ),
        ("good", {"KeySchema": [RANGE], "AttributeDefinitions": [S], **ON_DEMAND}, "not a HASH"),
        ("good", {"KeySchema": [HASH, HASH], "AttributeDefinitions": [P], **ON_DEMAND}, "not a HASH"),
        ("good", {"KeySchema": [], "AttributeDefinitions": [], **ON_DEMAND}, "not a HASH"),
        ("good", {"KeySchema": [HASH], "AttributeDefinitions": [P]}, "must both be specified"),
        (
            "good",
            {"KeySchema": [HASH], "AttributeDefinitions": [{**P, "AttributeType": "M"}], **ON_DEMAND},
            "enum value set",
        ),
        (
            "good",
            {"KeySchema": [HASH], "AttributeDefinitions": [P], "GlobalSecondaryIndexes": [{}], **ON_DEMAND},
            "not part of this rehearsal",
        ),
    ],
)
def test_tables_that_cannot_be(table: str, params: dict[str, Any], message: str) -> None:
    bench = Bench()
    error = bench.error("CreateTable", table, **params)
    assert error.code == "ValidationException"
    assert message in error.message
    assert bench.do("ListTables") == {"TableNames": []}


def test_a_protected_table_stays(bench: Bench) -> None:
    schema = {"KeySchema": [HASH], "AttributeDefinitions": [P], **ON_DEMAND}
    bench.do("CreateTable", "kept", DeletionProtectionEnabled=True, **schema)
    assert "protected against deletion" in bench.error("DeleteTable", "kept").message
    assert bench.do("ListTables", Limit=1) == {"TableNames": ["journal"], "LastEvaluatedTableName": "journal"}
    assert bench.do("ListTables", ExclusiveStartTableName="journal") == {"TableNames": ["kept"]}


def test_keys_have_a_greatest_length(bench: Bench) -> None:
    bench.put(1, app="x" * 2048)
    assert "hashkey" in bench.error("PutItem", Item=key(1, "x" * 2049)).message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ExpressionAttributeNames": {}}, "must not be empty"),
        ({"ExpressionAttributeNames": {"n": "x"}}, "invalid key"),
        ({"ExpressionAttributeValues": {"#n": {"S": "x"}}}, "invalid key"),
        ({"ExpressionAttributeNames": {"#n": "x"}}, "unused in expressions: keys: {#n}"),
    ],
)
def test_placeholders_have_a_form_and_a_use(bench: Bench, given: dict[str, Any], message: str) -> None:
    error = bench.error("PutItem", Item=key(1), ConditionExpression="attribute_not_exists(seq)", **given)
    assert message in error.message
    without = bench.error("PutItem", Item=key(1), **given)
    assert "can only be specified when using expressions" in without.message
