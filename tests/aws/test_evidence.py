import json
from dataclasses import replace

import pytest

from controller.aws.evidence import PERMISSIONS, DynamoEvidence
from controller.core.model import Observation, Sighting, Verdict
from controller.ports.errors import EvidenceUnavailable
from tests.aws import wire as w

NOW = 1_700_000_000.0
ALARM = "alarm:123456789012:us-east-1:storefront-us-east-1-5xx"
CANARY = "canary:123456789012:us-west-2:storefront-us-east-1-checkout"


class Desk:
    def __init__(self, dynamodb: str = "rehearsal") -> None:
        self.serve = w.DYNAMODBS[dynamodb]()
        self.client, self.wire = w.connect("dynamodb", self.serve)
        self.table = w.make_table(self.client, "application", "signal", "S")
        self.wire.calls.clear()
        self.evidence = self.opened(self.client)
        self.other = self.opened(w.connect("dynamodb", self.serve)[0])

    def opened(self, client: object) -> DynamoEvidence:
        return DynamoEvidence(client=client, table=self.table, now=lambda: NOW)

    def items(self) -> list[dict[str, dict[str, str]]]:
        return list(self.client.scan(TableName=self.table)["Items"])


@pytest.fixture(params=w.DYNAMODBS)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def seen(offset: float, verdict: Verdict = Verdict.BREACHING, **changes: object) -> Observation:
    found = Observation(NOW + offset, NOW + offset + 1, verdict, "event", f"id{offset:g}", "5 datapoints")
    return replace(found, **changes)  # type: ignore[arg-type]


def test_observations_come_back_by_signal_in_order_of_their_time(desk: Desk) -> None:
    desk.evidence.record("storefront", [Sighting(ALARM, seen(20)), Sighting(CANARY, seen(5))])
    desk.evidence.record("storefront", [Sighting(ALARM, seen(10, Verdict.HEALTHY)), Sighting(ALARM, seen(0))])
    assert desk.other.read("storefront") == {
        ALARM: (seen(0), seen(10, Verdict.HEALTHY), seen(20)),
        CANARY: (seen(5),),
    }
    assert desk.other.read("another") == {}


def test_one_read_and_one_write_a_signal(desk: Desk) -> None:
    desk.evidence.record("storefront", [Sighting(ALARM, seen(second)) for second in range(40)])
    assert desk.wire.calls == ["GetItem", "PutItem"]
    assert json.loads(desk.wire.bodies[-2])["ConsistentRead"] is True
    assert len(desk.evidence.read("storefront")[ALARM]) == 30
    assert w.actions("dynamodb", desk.wire) == set(PERMISSIONS)


def test_a_duplicate_writes_nothing(desk: Desk) -> None:
    desk.evidence.record("storefront", [Sighting(ALARM, seen(0))])
    desk.wire.calls.clear()
    desk.evidence.record(
        "storefront", [Sighting(ALARM, seen(0)), Sighting(ALARM, seen(0, received=NOW + 99))]
    )
    assert desk.wire.calls == ["GetItem"]
    assert desk.evidence.read("storefront") == {ALARM: (seen(0),)}


def test_a_time_from_the_future_is_taken_for_the_time_of_arrival(desk: Desk) -> None:
    desk.evidence.record("storefront", [Sighting(ALARM, seen(600, received=NOW))])
    assert desk.evidence.read("storefront")[ALARM][0].at == NOW


def test_items_expire_two_days_after_their_last_change(desk: Desk) -> None:
    desk.evidence.record("storefront", [Sighting(ALARM, seen(-500))])
    assert desk.items()[0]["expires"] == {"N": str(int(NOW) + 2 * 86_400)}


def test_a_writer_in_between_loses_nothing(desk: Desk) -> None:
    desk.evidence.record("storefront", [Sighting(ALARM, seen(0))])
    desk.wire.next(
        "PutItem",
        w.after(lambda: desk.other.record("storefront", [Sighting(ALARM, seen(1))])),
        w.after(lambda: desk.other.record("storefront", [Sighting(ALARM, seen(2))])),
    )
    desk.evidence.record("storefront", [Sighting(ALARM, seen(3))])
    assert desk.evidence.read("storefront")[ALARM] == (seen(0), seen(1), seen(2), seen(3))


def test_two_first_writers_lose_nothing(desk: Desk) -> None:
    desk.wire.next("PutItem", w.after(lambda: desk.other.record("storefront", [Sighting(ALARM, seen(1))])))
    desk.evidence.record("storefront", [Sighting(ALARM, seen(0))])
    assert desk.evidence.read("storefront")[ALARM] == (seen(0), seen(1))


def test_gives_up_when_others_are_always_faster(desk: Desk) -> None:
    desk.wire.next("PutItem", *[w.refused("ConditionalCheckFailedException")] * 5)
    with pytest.raises(EvidenceUnavailable, match="5 others were faster"):
        desk.evidence.record("storefront", [Sighting(ALARM, seen(0))])


def test_a_lost_reply_can_be_repeated(desk: Desk) -> None:
    desk.wire.next("PutItem", w.lost)
    with pytest.raises(EvidenceUnavailable, match="ReadTimeoutError"):
        desk.evidence.record("storefront", [Sighting(ALARM, seen(0))])
    desk.evidence.record("storefront", [Sighting(ALARM, seen(0))])
    assert desk.evidence.read("storefront") == {ALARM: (seen(0),)}


def test_one_signal_that_fails_does_not_cost_the_others(desk: Desk) -> None:
    desk.wire.next("GetItem", w.refused("ThrottlingException"))
    with pytest.raises(EvidenceUnavailable, match="ThrottlingException"):
        desk.evidence.record("storefront", [Sighting(ALARM, seen(0)), Sighting(CANARY, seen(0))])
    assert desk.evidence.read("storefront") == {CANARY: (seen(0),)}


@pytest.mark.parametrize("fault", [w.dropped, w.lost, w.refused("InternalServerError", status=500)])
def test_what_cannot_be_read_is_unavailable(desk: Desk, fault: w.Fault) -> None:
    desk.evidence.record("storefront", [Sighting(ALARM, seen(0))])
    desk.wire.next("Query", fault)
    with pytest.raises(EvidenceUnavailable, match="reading the evidence of storefront"):
        desk.evidence.read("storefront")


@pytest.mark.parametrize("text", ["", '[{"at": 1}]', '[{"verdict": "splendid"}]', "null"])
def test_an_item_that_makes_no_sense_is_unavailable(desk: Desk, text: str) -> None:
    desk.client.put_item(
        TableName=desk.table,
        Item={
            "application": {"S": "storefront"},
            "signal": {"S": ALARM},
            "observations": {"S": text or "x"},
            "version": {"N": "1"},
        },
    )
    with pytest.raises(EvidenceUnavailable, match=f"the evidence of {ALARM} cannot be read"):
        desk.evidence.read("storefront")


def test_pages_are_followed(desk: Desk) -> None:
    desk.evidence.record("storefront", [Sighting(ALARM, seen(0)), Sighting(CANARY, seen(0))])
    item = next(item for item in desk.items() if item["signal"]["S"] == ALARM)
    last = {"application": {"S": "storefront"}, "signal": {"S": ALARM}}
    desk.wire.next("Query", w.answered({"Items": [item], "LastEvaluatedKey": last}))
    assert set(desk.evidence.read("storefront")) == {ALARM, CANARY}
    assert json.loads(desk.wire.bodies[-1])["ConsistentRead"] is True
