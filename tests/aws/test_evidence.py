"""The store of evidence over the wire, on the rehearsal's table and on moto's."""

import json
from dataclasses import asdict, replace

import pytest

from controller.aws.dynamodb.evidence import LARGEST, PERMISSIONS, DynamoEvidence, fitted, text_of
from controller.core.canonical_json import ascii_json
from controller.core.evidence.evaluation import judge_leaf, view
from controller.core.evidence.registry import kept_of
from controller.core.model import Node, Observation, Sighting, Truth, Verdict
from controller.core.policy.conditions import Leaf
from controller.core.policy.retention import MOST
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals
from controller.ports.errors import EvidenceUnavailable
from tests.support import wire as w
from tests.support.policy_scene import ACCOUNT, EAST, OTHER, policy_data, storefront

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


GOOD = text_of((Observation(1.0, 1.0, Verdict.HEALTHY, "event", "i", "well"),))


@pytest.mark.parametrize(
    "text",
    [
        "", '[{"at": 1}]', '[{"verdict": "splendid"}]', "null", "{}", GOOD.partition("\n")[0],
        GOOD[:-1], GOOD.replace('"h"', '"hh"'), GOOD.replace('"h"', '"s"'), GOOD.replace('"e"', '"x"'),
        GOOD.replace("[1.0]", "[NaN]", 1), GOOD.replace("{", '{"more":1,', 1),
    ],
)  # fmt: skip
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


def test_what_an_earlier_version_wrote_is_read_and_written_anew(desk: Desk) -> None:
    desk.evidence.record("storefront", [Sighting(ALARM, seen(0))])
    old = ascii_json([asdict(seen(0))])
    desk.client.update_item(
        TableName=desk.table,
        Key={"application": {"S": "storefront"}, "signal": {"S": ALARM}},
        UpdateExpression="SET observations = :o",
        ExpressionAttributeValues={":o": {"S": old}},
    )
    assert desk.evidence.read("storefront") == {ALARM: (seen(0),)}
    desk.evidence.record("storefront", [Sighting(ALARM, seen(1))])
    (item,) = desk.items()
    assert item["observations"]["S"] == text_of((seen(0), seen(1)))


def test_pages_are_followed(desk: Desk) -> None:
    desk.evidence.record("storefront", [Sighting(ALARM, seen(0)), Sighting(CANARY, seen(0))])
    item = next(item for item in desk.items() if item["signal"]["S"] == ALARM)
    last = {"application": {"S": "storefront"}, "signal": {"S": ALARM}}
    desk.wire.next("Query", w.answered({"Items": [item], "LastEvaluatedKey": last}))
    assert set(desk.evidence.read("storefront")) == {ALARM, CANARY}
    assert json.loads(desk.wire.bodies[-1])["ConsistentRead"] is True


# What a long `for` takes


HELD = {"in": "source", "family": "customer", "is": "healthy", "for": "2h"}
LONG = "…" * 200
"""As long a reason as is ever kept, six bytes a character."""


def after_minutes(desk: Desk, policy: Policy, minutes: int) -> tuple[Node, int]:
    """What the leaf says after so many minutes of health, and the bytes of a signal's item."""
    (signal,) = (s for s in expected_signals(policy, ACCOUNT) if s.subject == EAST and s.family == "customer")
    kept = kept_of(policy, [signal])
    evidence = DynamoEvidence(client=desk.client, table=desk.table, now=lambda: NOW, kept=kept)
    for minute in range(minutes + 1):
        word = seen(60.0 * minute, Verdict.HEALTHY, reason=LONG, id=f"{minute:036}")
        evidence.record("storefront", [Sighting(signal.id, word)])
    now = NOW + 60.0 * minutes + 30
    view_ = view(policy, ACCOUNT, desk.evidence.read("storefront"), now)
    leaf = Leaf.model_validate(HELD)
    (item,) = desk.items()
    return judge_leaf(leaf, view_, subject=EAST, source=EAST, path="when"), len(item["observations"]["S"])


def test_two_hours_of_health_at_a_minute_s_pace_are_proved_in_a_small_item() -> None:
    customer = [{"canary": "c-{region}", "runsIn": [OTHER], "silentAfter": "3m"}]
    one = {"in": "source", "family": "customer", "is": "breaching", "for": "3m"}
    data = policy_data()
    policy = storefront(
        signals=data["signals"] | {"customer": customer},
        evacuate=data["evacuate"] | {"when": one},
        restore={"when": HELD, "approval": "oncall"},
    )
    node, size = after_minutes(Desk(), policy, 135)
    assert (node.value, size < 64_000) == (Truth.TRUE, True), node.sentence
    assert after_minutes(Desk(), policy, 119)[0].value is Truth.FALSE
    brief = policy.model_copy(update={"restore": None})
    assert after_minutes(Desk(), brief, 135)[0].value is Truth.FALSE  # thirty are too few


def test_of_what_is_old_the_reason_is_cut_but_not_what_it_means() -> None:
    many = [seen(60.0 * n, reason="muted: " + LONG, id=f"{n:036}") for n in range(MOST)]
    short = fitted(tuple(many))
    assert len(short) == MOST
    assert {each.reason for each in short[:-10]} == {"muted"}
    assert [each.reason for each in short[-10:]] == [each.reason for each in many[-10:]]
    assert fitted(short) == short
    assert fitted(tuple(many[:30])) == tuple(many[:30])
    wide = tuple(seen(60.0 * n, reason=LONG, id=f"{n:01000}") for n in range(200))
    assert fitted(wide)[-1] == wide[-1]
    assert 40_000 < len(json.dumps([each.id for each in fitted(wide)])) < LARGEST
