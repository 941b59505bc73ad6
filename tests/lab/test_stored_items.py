"""The judge of what the tables hold: an assessment that is sent again is one, and one in its place is not."""

import json
from typing import Any

import pytest

from controller.lab.simulate.world.stored_items import StoredItems

HERE = "us-west-2"


def transaction(count: int, at: float, token: str | None) -> bytes:
    name, head = {"S": "storefront"}, {"S": "head#storefront"}
    puts: list[dict[str, Any]] = [
        {"Put": {"Item": {"application": name, "at": {"N": repr(at)}, "number": {"N": str(count)}}}},
        {"Put": {"Item": {"application": head, "at": {"N": "0"}, "count": {"N": str(count)}}}},
    ]
    return json.dumps({"TransactItems": puts} | ({"ClientRequestToken": token} if token else {})).encode()


def taken(*bodies: bytes, regions: tuple[str, ...] = (HERE, HERE)) -> str | None:
    """Return what is said of the last."""
    items = StoredItems()
    return [
        items.take(where, "TransactWriteItems", body) for where, body in zip(regions, bodies, strict=True)
    ][-1]


def test_a_transaction_whose_reply_was_lost_is_sent_again_and_writes_nothing() -> None:
    assert taken(transaction(1, 5.0, "a"), transaction(1, 5.0, "a")) is None


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (transaction(1, 5.0, "b"), "an assessment was written over"),
        (transaction(1, 5.0, None), "an assessment was written over"),
        (transaction(2, 5.0, "a"), "an assessment was written over"),
        (transaction(1, 6.0, "b"), "assessment 1 of us-west-2 follows assessment 1"),
        (transaction(3, 6.0, "a"), "assessment 3 of us-west-2 follows assessment 1"),
        (transaction(2, 6.0, "b"), None),
    ],
)
def test_any_other_counts(second: bytes, said: str | None) -> None:
    assert taken(transaction(1, 5.0, "a"), second) == said


def test_each_region_has_a_chain_of_its_own() -> None:
    assert taken(transaction(1, 5.0, "a"), transaction(1, 5.0, "a"), regions=(HERE, "us-east-2")) is None
