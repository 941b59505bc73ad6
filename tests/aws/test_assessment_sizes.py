"""The bounds of an assessment and of reading back: whole at the bound, and said beyond it."""

import gzip
import json
from typing import Any

import pytest

from controller.aws.dynamodb import assessments as module
from controller.core.canonical_json import canonical, digest
from controller.core.decision.decide import decide
from controller.core.explanation import decision_data
from controller.ports.errors import OutsideUnreachable
from controller.ports.storage import ReadStopped
from tests.aws.assessment_table import APP, AT, Desk, chained
from tests.support import wire as w
from tests.support.policy_scene import policy_data, situation, storefront

SEEN = {"head": {"seq": 41, "hash": "9c"}}


@pytest.fixture(params=w.DYNAMODBS)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def test_reading_back_takes_no_more_than_the_caller_does(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for number in range(7):
        desk.log.add(APP, AT + number, {"n": number})
    desk.wire.calls.clear()
    records = desk.log.newest_first(APP, AT + 1)
    assert next(records) == (AT + 6, {"n": 6})
    assert desk.wire.calls == ["Query"]
    assert json.loads(desk.wire.bodies[-1])["Limit"] == module.NEWEST == 3
    assert [record["n"] for _, record in records] == [5, 4, 3, 2, 1]
    assert [json.loads(body)["Limit"] for body in desk.wire.bodies[-2:]] == [2, 2]
    assert [record["n"] for _, record in desk.log.newest_first(APP, AT + 1, AT + 2)] == [2, 1]


@pytest.mark.parametrize("bound", ["records", "bytes"])
def test_reading_back_stops_at_its_bound_and_says_where(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(module, "MOST_RECORDS", 3 if bound == "records" else 99)
    monkeypatch.setattr(module, "MOST_BYTES", 3 * len('{"n":0}') if bound == "bytes" else 99_999)
    for number in range(3):
        desk.log.add(APP, AT + number, {"n": number})
    assert [record["n"] for _, record in desk.log.newest_first(APP, AT)] == [2, 1, 0]
    desk.log.add(APP, AT + 3, {"n": 3})
    read: list[int] = []
    with pytest.raises(
        ReadStopped, match=r"3 records of 21 bytes were read, back to 2023-11-14T22:13:21Z"
    ) as stop:
        read.extend(record["n"] for _, record in desk.log.newest_first(APP, AT))
    assert (read, stop.value.at) == ([3, 2, 1], AT + 1)


def decided(tree: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    decision = {"region": "us-east-1", "code": "not-met", "action": "none", "reason": "nothing", "checks": []}
    return {"by": "tick", "decisions": [decision | ({"tree": tree} if tree else {})], **more}


def of_size(size: int) -> dict[str, Any]:
    """A record of exactly `size` bytes, most of them signals."""
    tree = {"path": "when", "sentence": "1 of 2000", "signals": [{"name": ""}]}
    tree["signals"][0]["name"] = "x" * (size - len(canonical(decided(tree, **SEEN))))  # type: ignore[index]
    return decided(tree)


@pytest.mark.parametrize(("beyond", "cut"), [(0, ""), (1, "the signals of the trees were left out")])
def test_a_record_at_the_bound_is_whole_and_one_beyond_is_cut_and_says_so(
    desk: Desk, beyond: int, cut: str
) -> None:
    given = of_size(module.LARGEST + beyond)
    desk.log.add(APP, AT, given, SEEN)
    ((_, record),) = desk.log.between(APP, AT, AT)
    decision = record["decisions"][0]
    assert cut in record.get("cut", "") == decision.get("cut", "")
    assert (record == given | SEEN) is (not cut)
    assert (decision["code"], decision["reason"], record["head"]) == ("not-met", "nothing", SEEN["head"])
    assert decision["tree"]["sentence"] == "1 of 2000"
    chained(desk.items())


def test_however_large_a_record_is_codes_reasons_and_head_stay() -> None:
    desk, huge = Desk(), "x" * module.LARGEST
    deep: dict[str, Any] = {"path": "a", "sentence": huge, "signals": []}
    for given, gone in (
        (decided(deep), "the trees were left out"),
        (decided(None, ignored=[huge], waits={"a": 1.0}), "the trees, the checks, ignored were left out"),
    ):
        desk.log.add(APP, AT, given, SEEN)
        ((_, record),) = list(desk.log.newest_first(APP, AT))[:1]
        assert gone in record["cut"]
        assert [d["code"] for d in record["decisions"]] == ["not-met"]
        assert record["head"] == SEEN["head"]
    assert record["waits"] == {"a": 1.0}
    with pytest.raises(OutsideUnreachable, match="however it is cut"):
        desk.log.add(APP, AT, decided(None) | {"by": huge})


def test_a_decision_about_as_many_signals_as_a_policy_may_have_is_kept_whole() -> None:
    """Found: as JSON it had more than the 400 KB of an item, and was swallowed."""
    data = policy_data()
    name = "storefront-{{region}}-{:02d}-{:02d}-latency-p99"
    families = {
        f"service{n or ''}": [{"alarm": name.format(n, each), "silentAfter": "5m"} for each in range(50)]
        for n in range(19)
    }
    told = [
        {"in": "source", "family": name, "is": "breaching", "signals": 1, "for": "2m"} for name in families
    ]
    customers = {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "3m"}
    when = {"when": {"all": [customers, {"any": told}, {"not": {"any": told}}]}}
    signals = {"customer": data["signals"]["customer"], **families}
    policy = storefront(signals=signals, evacuate=data["evacuate"] | when)
    seen = situation(policy)
    record = {"by": "tick", "decisions": [decision_data(decide(seen, region)) for region in policy.regions]}
    assert len(canonical(record)) > 400_000
    desk = Desk()
    desk.log.add(APP, AT, record, SEEN)
    assert desk.log.between(APP, AT, AT) == ((AT, record | SEEN),)


def test_what_cannot_be_packed_small_enough_is_cut_too(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, given = Desk(), of_size(2000)
    monkeypatch.setattr("controller.aws.dynamodb.assessment_items.PACKED", 250)
    given["decisions"][0]["tree"]["signals"] = [digest(n) for n in range(30)]
    desk.log.add(APP, AT, given)
    ((_, record),) = desk.log.between(APP, AT, AT)
    assert "were left out" in record["cut"]


@pytest.mark.parametrize("body", [b"", b"no gzip", "bomb", "cut"])
def test_what_is_packed_in_a_table_may_be_anything(body: Any) -> None:
    desk = Desk()
    desk.log.add(APP, AT, {"n": 1})
    (item,) = desk.items()
    made = {"bomb": gzip.compress(b"0" * (module.LARGEST + 1)), "cut": bytes(item["body"]["B"])[:-9]}
    item["body"] = {"B": made.get(body, body)}
    desk.client.put_item(TableName=desk.table, Item=item)
    for read in (lambda: desk.log.between(APP, AT, AT), lambda: list(desk.log.newest_first(APP, AT))):
        with pytest.raises(OutsideUnreachable, match="reading the assessments of storefront: it"):
            read()
