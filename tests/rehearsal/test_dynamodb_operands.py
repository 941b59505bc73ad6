"""Parentheses, equal operands and long lists in expressions: DynamoDB refuses them, in these words."""

from typing import Any

import pytest

from tests.rehearsal.dynamodb_table import Bench, key, made

NAMES = {"#a": "a", "#deep": "deep"}
REDUNDANT = "The expression has redundant parentheses;"


@pytest.fixture
def bench() -> Bench:
    found = made()
    found.put(1, a={"N": "1"}, b={"N": "2"}, l={"L": [{"N": "1"}]}, t={"S": "text"})
    return found


def params(**expressions: str) -> dict[str, Any]:
    """Return the expressions with the names and values that they use."""
    text = " ".join(expressions.values())
    names = {name: real for name, real in NAMES.items() if name in text}
    values = {name: {"N": str(place)} for place, name in enumerate((":v", ":w", ":x")) if name in text}
    given: dict[str, Any] = dict(expressions)
    if names:
        given["ExpressionAttributeNames"] = names
    if values:
        given["ExpressionAttributeValues"] = values
    return given


def refusal(bench: Bench, condition: str) -> str:
    error = bench.error("DeleteItem", Key=key(1), **params(ConditionExpression=condition))
    assert error.code == "ValidationException"
    assert bench.get(1) is not None
    return error.message.removeprefix("Invalid ConditionExpression: ")


@pytest.mark.parametrize(
    "condition",
    [
        "((attribute_exists(a)))",
        "((a = :v))",
        "(((a = :v)))",
        "( ( a = :v ) )",
        "NOT ((a = :v))",
        "a = :v AND ((b = :w))",
        "((b = :w)) OR a = :v",
        "a = :v AND ((b = :w AND attribute_exists(t)))",
        "a = :v AND ((b = :w AND (attribute_exists(t) OR a < b)))",
        "(a = :v AND ((b = :w)))",
        "((NOT a = :v))",
        "((a)) = :v",
        "a = ((:v))",
        "a BETWEEN ((:v)) AND :w",
        "a BETWEEN :v AND ((:w))",
        "a IN (:v, ((:w)))",
        "contains(a, ((:v)))",
    ],
)
def test_parentheses_around_parentheses_are_redundant(bench: Bench, condition: str) -> None:
    assert refusal(bench, condition) == REDUNDANT


@pytest.mark.parametrize(
    "condition",
    [
        "(a = :w)",
        "(a = :w) AND (b = :x)",
        "((a = :w) AND (b = :x))",
        "((a = :w) OR b = :v)",
        "(b = :v OR (a = :w))",
        "(NOT (a = :v))",
        "NOT (a = :v AND (b = :w))",
        "(a) = :w",
        "(a) = (:w)",
        "(size(t)) > (:w)",
        "(a) BETWEEN (:v) AND (:w)",
        "(a) IN ((:w), (:x))",
        "a IN ((:w))",
        "contains(l, (:w))",
        "(contains(l, :w))",
        "((a) = :w)",
        "((a) = :w) AND ((b) IN (:x))",
    ],
)
def test_other_parentheses_are_none(bench: Bench, condition: str) -> None:
    assert bench.do("DeleteItem", Key=key(1), **params(ConditionExpression=condition)) == {}


@pytest.mark.parametrize(
    ("condition", "operator", "first"),
    [
        *((f"a {sign} a", sign, "[a]") for sign in ("=", "<>", "<", "<=", ">", ">=")),
        ("app = app", "=", "[app]"),
        ("a = #a", "=", "[a]"),
        ("#a <> a", "<>", "[a]"),
        ("(a) = (a)", "=", "[a]"),
        ("NOT a = a", "=", "[a]"),
        ("b = :v OR (a = :w AND NOT (a >= a))", ">=", "[a]"),
        ("l[0] = l[0]", "=", "[l, [0]]"),
        ("l[1].#deep.x = l[1].deep.x", "=", "[l, [1], deep, x]"),
        ("contains(a, a)", "contains", "[a]"),
        ("contains(l[0].#a, l[0].a)", "contains", "[l, [0], a]"),
        ("begins_with(t, t)", "begins_with", "[t]"),
        ("attribute_type(t, t)", "attribute_type", "[t]"),
        ("a BETWEEN a AND b", "BETWEEN", "[a]"),
        ("a BETWEEN :v AND #a", "BETWEEN", "[a]"),
        ("a IN (a)", "IN", "[a]"),
        ("a IN (:v, b, #a)", "IN", "[a]"),
    ],
)
def test_the_first_operand_is_distinct(bench: Bench, condition: str, operator: str, first: str) -> None:
    assert refusal(bench, condition) == (
        "The first operand must be distinct from the remaining operands for this operator or function; "
        f"operator: {operator}, first operand: {first}"
    )


@pytest.mark.parametrize(
    "condition",
    [
        ":v = :v",
        ":v <= :v",
        "size(t) = size(t)",
        "a <= b",
        "a <> l[0].a",
        "b BETWEEN a AND :x",
        "b BETWEEN :x AND :x",
        "a IN (:w, :w)",
        "l[0] <> l[1]",
        "a <> size(a)",
    ],
)
def test_values_and_sizes_may_be_equal(bench: Bench, condition: str) -> None:
    assert bench.do("DeleteItem", Key=key(1), **params(ConditionExpression=condition)) == {}


def choices(count: int) -> dict[str, Any]:
    values = {f":x{number}": {"N": str(number)} for number in range(count)}
    return {"text": f"a IN ({', '.join(values)})", "values": values}


def test_a_list_has_a_hundred_operands_at_most(bench: Bench) -> None:
    for count, surrounding in ((101, "{}"), (101, "NOT ({} OR b = b)"), (150, "b = :x1 AND {}")):
        many = choices(count)
        condition = {
            "ConditionExpression": surrounding.format(many["text"]),
            "ExpressionAttributeValues": many["values"],
        }
        error = bench.error("DeleteItem", Key=key(1), **condition)
        assert (error.code, error.message) == (
            "ValidationException",
            "Invalid ConditionExpression: The IN operator is provided with too many operands; "
            f"number of operands: {count}",
        )
    fitting = choices(100)
    condition = {"ConditionExpression": fitting["text"], "ExpressionAttributeValues": fitting["values"]}
    assert bench.do("DeleteItem", Key=key(1), **condition) == {}


@pytest.mark.parametrize("condition", ["((a = :v))", "a = a", "contains(a, #a)"])
def test_every_call_with_a_condition_refuses_alike(bench: Bench, condition: str) -> None:
    given = params(ConditionExpression=condition)
    for operation, target in (
        ("PutItem", {"Item": key(2)}),
        ("UpdateItem", {"Key": key(2), "UpdateExpression": "REMOVE b"}),
        ("DeleteItem", {"Key": key(2)}),
    ):
        assert "Invalid ConditionExpression: " in bench.error(operation, **target, **given).message
    filtered = {"FilterExpression": condition, **params(KeyConditionExpression="app = :v")}
    filtered["ExpressionAttributeValues"] = {":v": {"S": "shop"}}
    if "#a" in condition:
        filtered["ExpressionAttributeNames"] = {"#a": "a"}
    assert "Invalid FilterExpression: " in bench.error("Query", **filtered).message
    scanned = params(FilterExpression=condition)
    assert "Invalid FilterExpression: " in bench.error("Scan", **scanned).message


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("((app = :v))", REDUNDANT),
        ("((app = :v AND seq > :w))", REDUNDANT),
        ("app = :v AND ((seq BETWEEN :w AND :x))", REDUNDANT),
        ("app = app AND seq > :w", "operator: =, first operand: [app]"),
        ("app = :v AND seq BETWEEN seq AND :w", "operator: BETWEEN, first operand: [seq]"),
        ("app = :v AND begins_with(seq, seq)", "operator: begins_with, first operand: [seq]"),
    ],
)
def test_key_conditions_are_no_exception(bench: Bench, condition: str, told: str) -> None:
    error = bench.error("Query", **params(KeyConditionExpression=condition))
    assert error.code == "ValidationException"
    assert error.message.startswith("Invalid KeyConditionExpression: ")
    assert error.message.endswith(told)


def test_a_key_condition_may_have_parentheses(bench: Bench) -> None:
    values = {":v": {"S": "shop"}, ":w": {"N": "0"}}
    for text in ("(app = :v) AND (seq > :w)", "((app = :v) AND (seq > :w))", "(app) = :v AND seq > (:w)"):
        found = bench.do("Query", KeyConditionExpression=text, ExpressionAttributeValues=values)
        assert found["Count"] == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SET a = ((:v))", REDUNDANT),
        ("SET a = b + ((:v))", REDUNDANT),
        ("SET a = ((b + :v))", REDUNDANT),
        ("SET a = if_not_exists(b, ((:v)))", REDUNDANT),
        ("SET b = if_not_exists(a, a)", "operator: if_not_exists, first operand: [a]"),
        ("SET b = if_not_exists(#a, a) + :v", "operator: if_not_exists, first operand: [a]"),
        ("SET b = if_not_exists(l[0], l[0])", "operator: if_not_exists, first operand: [l, [0]]"),
    ],
)
def test_updates_are_no_exception(bench: Bench, text: str, told: str) -> None:
    before = bench.get(1)
    error = bench.error("UpdateItem", Key=key(1), **params(UpdateExpression=text))
    assert (error.code, error.message.partition(": ")[0]) == (
        "ValidationException",
        "Invalid UpdateExpression",
    )
    assert error.message.endswith(told)
    assert bench.get(1) == before


@pytest.mark.parametrize(
    "text", ["SET a = (:v)", "SET a = (b + :v)", "SET l = list_append(l, l)", "SET a = if_not_exists(a, b)",
             "SET a = a", "SET a = b + b", "SET a = if_not_exists(a, if_not_exists(b, a))"],
)  # fmt: skip
def test_updates_that_are_allowed(bench: Bench, text: str) -> None:
    assert bench.do("UpdateItem", Key=key(1), **params(UpdateExpression=text)) == {}
