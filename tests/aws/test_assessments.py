"""The store of assessments over the wire, on the rehearsal's table and on moto's."""

import pytest

from controller.aws.dynamodb.assessments import PERMISSIONS, DynamoAssessments, link
from controller.core.journal.event import GENESIS
from controller.ports.errors import OutsideUnreachable
from tests.support import wire as w

AT = 1_700_000_000.0


class Desk:
    def __init__(self, dynamodb: str = "rehearsal") -> None:
        self.serve = w.DYNAMODBS[dynamodb]()
        self.client, self.wire = w.connect("dynamodb", self.serve)
        self.table = w.make_table(self.client, "application", "at", "N")
        self.wire.calls.clear()
        self.log = DynamoAssessments(client=self.client, table=self.table)

    def items(self) -> list[dict[str, dict[str, str]]]:
        found = self.client.scan(TableName=self.table)["Items"]
        return sorted(found, key=lambda item: float(item["at"]["N"]))


@pytest.fixture(params=w.DYNAMODBS)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def test_records_come_back_by_time_both_ends_included(desk: Desk) -> None:
    for minute in (3, 1, 2, 4):
        desk.log.add("storefront", AT + minute * 60.5, {"code": "not-met", "minute": minute})
    desk.log.add("another", AT + 60.5, {"code": "met"})
    assert desk.log.between("storefront", AT + 60.5, AT + 181.5) == (
        (AT + 60.5, {"code": "not-met", "minute": 1}),
        (AT + 121.0, {"code": "not-met", "minute": 2}),
        (AT + 181.5, {"code": "not-met", "minute": 3}),
    )
    assert desk.log.between("storefront", AT, AT + 60) == ()
    assert desk.log.between("storefront", AT + 60, AT) == ()
    assert w.actions("dynamodb", desk.wire) == set(PERMISSIONS)


def test_the_nearest_record_on_either_side_of_a_moment(desk: Desk) -> None:
    assert desk.log.nearest("storefront", AT, later=True) is None
    for minute in (1, 2, 4):
        desk.log.add("storefront", AT + minute * 60.5, {})
    desk.log.add("another", AT + 150, {})
    for at, before, after in (
        (AT, None, AT + 60.5),
        (AT + 60.5, AT + 60.5, AT + 60.5),
        (AT + 150, AT + 121.0, AT + 242.0),
        (AT + 300, AT + 242.0, None),
    ):
        assert desk.log.nearest("storefront", at, later=False) == before
        assert desk.log.nearest("storefront", at, later=True) == after


def test_each_record_is_chained_to_the_one_before_also_after_a_cold_start(desk: Desk) -> None:
    desk.log.add("storefront", AT, {"n": 1})
    desk.log.add("storefront", AT + 60, {"n": 2})
    DynamoAssessments(client=desk.client, table=desk.table).add("storefront", AT + 120, {"n": 3})
    items = desk.items()
    hashes = [item["hash"]["S"] for item in items]
    assert [item["prev"]["S"] for item in items] == [GENESIS, *hashes[:-1]]
    assert hashes[2] == link("storefront", AT + 120, hashes[1], {"n": 3})


def test_a_writer_looks_for_the_last_record_once(desk: Desk) -> None:
    for minute in range(3):
        desk.log.add("storefront", AT + minute * 60, {})
    assert desk.wire.calls == ["Query", "PutItem", "PutItem", "PutItem"]


def test_after_a_lost_reply_the_chain_goes_on_from_what_was_written(desk: Desk) -> None:
    desk.log.add("storefront", AT, {"n": 1})
    desk.wire.next("PutItem", w.lost)
    with pytest.raises(OutsideUnreachable, match="ReadTimeoutError"):
        desk.log.add("storefront", AT + 60, {"n": 2})
    desk.log.add("storefront", AT + 120, {"n": 3})
    items = desk.items()
    assert [item["prev"]["S"] for item in items[1:]] == [item["hash"]["S"] for item in items[:-1]]


def test_two_records_of_one_moment_are_both_kept(desk: Desk) -> None:
    other = DynamoAssessments(client=desk.client, table=desk.table)
    desk.log.add("storefront", AT, {"by": "one"})
    other.add("storefront", AT, {"by": "two"})
    found = desk.log.between("storefront", AT, AT + 0.001)
    assert [record["by"] for _, record in found] == ["one", "two"]
    assert [item["hash"]["S"] for item in desk.items()] == [
        link("storefront", float(item["at"]["N"]), item["prev"]["S"], {"by": by})
        for item, by in zip(desk.items(), ("one", "two"), strict=True)
    ]


def test_records_expire_after_ninety_days(desk: Desk) -> None:
    desk.log.add("storefront", AT, {})
    assert desk.items()[0]["expires"] == {"N": str(int(AT) + 90 * 86_400)}


def test_pages_are_followed(desk: Desk) -> None:
    desk.log.add("storefront", AT, {"n": 1})
    desk.log.add("storefront", AT + 60, {"n": 2})
    first = desk.items()[0]
    last = {"application": first["application"], "at": first["at"]}
    desk.wire.next("Query", w.answered({"Items": [first], "LastEvaluatedKey": last}))
    assert [record["n"] for _, record in desk.log.between("storefront", AT, AT + 60)] == [1, 2]


def test_nobody_answers(desk: Desk) -> None:
    desk.wire.next("Query", w.dropped, w.dropped)
    with pytest.raises(OutsideUnreachable, match="reading the last assessment"):
        desk.log.add("storefront", AT, {})
    with pytest.raises(OutsideUnreachable, match="reading the assessments"):
        desk.log.between("storefront", AT, AT)
