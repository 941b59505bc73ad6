"""Checkpoints on DynamoDB: the last whole text comes back, in parts where it is long; damage is none."""

import random
import zlib
from typing import Any

import pytest

from controller.aws.dynamodb import checkpoints
from controller.aws.dynamodb.checkpoints import PERMISSIONS, DynamoCheckpoints
from controller.ports.errors import OutsideUnreachable
from tests.support.wire import DYNAMODBS, Wire, actions, connect, dropped, make_table

Store = tuple[Any, str, Wire]


@pytest.fixture(params=DYNAMODBS)
def store(request: pytest.FixtureRequest) -> Store:
    client, wire = connect("dynamodb", DYNAMODBS[request.param]())
    return client, make_table(client, "application", "seq", "N"), wire


def opened(store: Store, region: str = "us-west-2") -> DynamoCheckpoints:
    return DynamoCheckpoints(client=store[0], table=store[1], region=region)


def noise(length: int) -> str:
    return random.Random(length).randbytes(length // 2).hex()


def test_the_last_text_comes_back_and_each_controller_has_its_own(store: Store) -> None:
    here, there = opened(store), opened(store, "us-east-2")
    store[2].calls.clear()
    assert here.read("storefront") is None
    for text in ("first", "ünïcode " * 1000, "last"):
        here.keep("storefront", text)
        assert here.read("storefront") == text
    assert there.read("storefront") is None
    assert here.read("another") is None
    assert actions("dynamodb", store[2]) == set(PERMISSIONS)


@pytest.mark.parametrize("short_by", [0, 1])
def test_a_long_text_is_kept_in_parts_that_fit_into_items(
    store: Store, short_by: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = noise(60_000)
    most = len(zlib.compress(text.encode())) - short_by
    monkeypatch.setattr(checkpoints, "PART", most)
    here = opened(store)
    here.keep("storefront", text)
    assert here.read("storefront") == text
    sizes = [len(item["part"]["B"]) for item in store[0].scan(TableName=store[1])["Items"]]
    assert sorted(sizes) == [most, 1][: 1 + short_by][::-1]


def test_the_largest_part_fits_into_an_item(store: Store) -> None:
    opened(store).keep("storefront", noise(4 * checkpoints.PART))
    assert max(len(i["part"]["B"]) for i in store[0].scan(TableName=store[1])["Items"]) == checkpoints.PART


def test_a_shorter_text_after_a_longer_one_is_the_one_that_is_read(store: Store) -> None:
    here = opened(store)
    here.keep("storefront", noise(2 * checkpoints.PART))
    here.keep("storefront", "short")
    assert here.read("storefront") == "short"


def test_pages_are_followed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "PART", 390_000)
    text = noise(3_000_000)
    here = opened(store)
    here.keep("storefront", text)
    store[2].calls.clear()
    assert here.read("storefront") == text
    assert store[2].calls.count("Query") > 1


@pytest.mark.parametrize(
    "item",
    [{"part": {"B": b"no zlib"}}, {"part": {"S": "text"}}, {}, {"part": {"B": b"x\x9c"}, "of": {"S": "x"}}],
)
def test_damage_is_no_text(store: Store, item: dict[str, Any]) -> None:
    here = opened(store)
    here.keep("storefront", "whole")
    (kept,) = store[0].scan(TableName=store[1])["Items"]
    store[0].put_item(
        TableName=store[1], Item={"application": kept["application"], "seq": kept["seq"], **item}
    )
    assert here.read("storefront") is None


def test_what_unpacks_beyond_all_bounds_is_cut(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    here = opened(store)
    here.keep("storefront", "x" * 100_000)
    monkeypatch.setattr(checkpoints, "LONGEST", 1000)
    assert len(here.read("storefront") or "") <= 1000


def test_no_answer_is_said_both_ways(store: Store) -> None:
    here = opened(store)
    store[2].next("Query", dropped)
    store[2].next("PutItem", dropped)
    with pytest.raises(OutsideUnreachable, match="reading the checkpoint"):
        here.read("storefront")
    with pytest.raises(OutsideUnreachable, match="keeping a checkpoint"):
        here.keep("storefront", "x")
