"""The store of assessments over the wire, on the rehearsal's table and on moto's: one chain a Region."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from controller.aws.dynamodb.assessment_items import NUDGE, Place, place_of, record_of
from controller.aws.dynamodb.assessments import PERMISSIONS, TRIES
from controller.core.canonical_json import ascii_json, digest
from controller.ports.errors import OutsideUnreachable
from tests.aws.assessment_table import APP, AT, Desk, chained
from tests.support import wire as w

ALLOWED = {"TransactWriteItems": "PutItem"}
"""A transaction is allowed by what it does."""
SEEN = {"head": {"seq": 41, "hash": "9c"}}


@pytest.fixture(params=w.DYNAMODBS)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def test_records_come_back_by_time_both_ends_included(desk: Desk) -> None:
    for minute in (1, 2, 3, 4):
        desk.log.add(APP, AT + minute * 60.5, {"code": "not-met", "minute": minute})
    desk.log.add("another", AT + 60.5, {"code": "met"})
    assert desk.log.between(APP, AT + 60.5, AT + 181.5) == (
        (AT + 60.5, {"code": "not-met", "minute": 1}),
        (AT + 121.0, {"code": "not-met", "minute": 2}),
        (AT + 181.5, {"code": "not-met", "minute": 3}),
    )
    assert desk.log.between(APP, AT, AT + 60) == ()
    assert desk.log.between(APP, AT + 60, AT) == ()
    assert {ALLOWED.get(call, call) for call in desk.wire.calls} == {p.split(":")[1] for p in PERMISSIONS}


def test_the_nearest_record_on_either_side_of_a_moment(desk: Desk) -> None:
    assert desk.log.nearest(APP, AT, later=True) is None
    for minute in (1, 2, 4):
        desk.log.add(APP, AT + minute * 60.5, {})
    desk.log.add("another", AT + 150, {})
    for at, before, after in (
        (AT, None, AT + 60.5),
        (AT + 60.5, AT + 60.5, AT + 60.5),
        (AT + 150, AT + 121.0, AT + 242.0),
        (AT + 300, AT + 242.0, None),
    ):
        assert desk.log.nearest(APP, at, later=False) == before
        assert desk.log.nearest(APP, at, later=True) == after


def test_each_record_has_a_number_and_the_hash_of_the_one_before_also_after_a_cold_start(desk: Desk) -> None:
    desk.log.add(APP, AT, {"n": 1})
    desk.log.add(APP, AT + 60, {"n": 2})
    desk.writer().add(APP, AT + 120, {"n": 3})
    items = desk.items()
    chained(items)
    place = Place(APP, AT + 120, items[1]["hash"]["S"], 3, AT + 60)
    said = {"application": APP, "at": AT + 120, "prev": place.prev, "count": 3, "after": AT + 60}
    assert items[2]["hash"]["S"] == place.link({"n": 3}) == digest(said | {"record": {"n": 3}})


def test_a_writer_looks_for_the_head_once_and_then_writes_in_one_call(desk: Desk) -> None:
    for minute in range(3):
        desk.log.add(APP, AT + minute * 60, {})
    assert desk.wire.calls == ["GetItem", "Query", *["TransactWriteItems"] * 3]
    desk.wire.calls.clear()
    desk.writer().add(APP, AT + 240, {})
    assert desk.wire.calls == ["GetItem", "TransactWriteItems"]


def test_processes_that_take_turns_make_one_chain_and_read_nothing_for_it(desk: Desk) -> None:
    """AWS shows the head that was faster; so a lost race costs one call more."""
    others = [desk.log, desk.writer(), desk.writer()]
    for number in range(9):
        others[number % 3].add(APP, AT + number, {"n": number})
    chained(desk.items())
    assert [record_of(item)["n"] for item in desk.items()] == list(range(9))
    assert desk.wire.calls.count("GetItem") == 3
    assert desk.wire.calls.count("TransactWriteItems") == 9 + 6


def test_processes_that_write_at_once_make_one_chain() -> None:
    desk = Desk()
    writers = [desk.writer() for _ in range(6)]

    def write(number: int) -> None:
        for turn in range(5):
            writers[number].add(APP, AT + turn, {"by": number})

    with ThreadPoolExecutor(len(writers)) as pool:
        list(pool.map(write, range(len(writers))))
    chained(desk.items())
    assert len(desk.items()) == 30


def test_two_records_of_one_moment_are_both_kept_and_the_second_says_what_its_clock_said(desk: Desk) -> None:
    desk.log.add(APP, AT, {"by": "one"})
    desk.writer().add(APP, AT, {"by": "two"})
    first, second = (place_of(item) for item in desk.items())
    assert (first.at, first.clock) == (AT, None)
    assert (second.at, second.clock, second.moment) == (AT + NUDGE, AT, AT)


def test_time_never_steps_back_in_the_chain_where_a_clock_did(desk: Desk) -> None:
    desk.log.add(APP, AT + 600, {"n": 1})  # by a clock that is ten minutes fast
    desk.log.add(APP, AT + 60, {"n": 2})
    desk.log.add(APP, AT + 120, {"n": 3})
    chained(desk.items())
    assert [place_of(item).clock for item in desk.items()] == [None, AT + 60, AT + 120]
    looks = list(desk.log.newest_first(APP, AT))
    assert [(at - AT, record["n"]) for at, record in looks] == [(120, 3), (60, 2), (600, 1)]
    desk.log.add(APP, AT + 660, {"n": 4})
    assert place_of(desk.items()[-1]).clock is None


def test_after_a_lost_reply_the_record_is_found_and_the_chain_goes_on_from_it(desk: Desk) -> None:
    desk.log.add(APP, AT, {"n": 1})
    desk.wire.next("TransactWriteItems", w.lost)
    desk.log.add(APP, AT + 60, {"n": 2})
    desk.log.add(APP, AT + 120, {"n": 3})
    assert desk.wire.calls[-3:] == ["TransactWriteItems", "GetItem", "TransactWriteItems"]
    chained(desk.items())


def test_what_never_arrived_is_lost_and_said_and_the_chain_goes_on_without_it(desk: Desk) -> None:
    desk.log.add(APP, AT, {"n": 1})
    desk.wire.next("TransactWriteItems", w.dropped)
    with pytest.raises(OutsideUnreachable, match="recording an assessment: ConnectTimeoutError"):
        desk.log.add(APP, AT + 60, {"n": 2})
    desk.log.add(APP, AT + 120, {"n": 3})
    chained(desk.items())
    assert [record_of(item)["n"] for item in desk.items()] == [1, 3]


def test_what_lands_late_where_another_was_written_meanwhile_changes_nothing(desk: Desk) -> None:
    late: list[Any] = []

    def keep(forward: w.Forward) -> Any:
        late.append(forward)
        return w.dropped(forward)

    desk.log.add(APP, AT, {"n": 1})
    desk.wire.next("TransactWriteItems", keep)
    with pytest.raises(OutsideUnreachable):
        desk.log.add(APP, AT + 60, {"n": 2})
    desk.writer().add(APP, AT + 61, {"n": 3})
    late[0]()
    desk.log.add(APP, AT + 120, {"n": 4})
    chained(desk.items())
    assert [record_of(item)["n"] for item in desk.items()] == [1, 3, 4]


def test_where_a_reply_is_lost_and_the_record_of_that_moment_is_anothers_ours_is_lost(desk: Desk) -> None:
    desk.log.add(APP, AT, {"n": 1})
    other = desk.writer()
    desk.wire.next("TransactWriteItems", w.after(lambda: other.add(APP, AT + 60, {"n": 0})), w.passed)
    desk.log.add(APP, AT + 60, {"n": 2})
    chained(desk.items())
    desk.wire.next("TransactWriteItems", w.dropped)
    with pytest.raises(OutsideUnreachable):
        desk.log.add(APP, AT + 60, {"n": 3})
    assert len(desk.items()) == 3


def refusal(*codes: str) -> w.Fault:
    reasons = [{"Code": code} for code in codes]
    body = {
        "__type": "com.amazonaws#TransactionCanceledException",
        "Message": "no",
        "CancellationReasons": reasons,
    }
    return w.answered(body, 400)


def test_transactions_that_meet_are_tried_again_after_a_while(desk: Desk) -> None:
    desk.log.add(APP, AT, {"n": 1})
    conflict = refusal("None", "TransactionConflict")
    desk.wire.next("TransactWriteItems", conflict, conflict)
    desk.log.add(APP, AT + 60, {"n": 2})
    chained(desk.items())
    assert desk.slept == sorted(desk.slept)
    assert len(desk.slept) == 2


def test_what_dynamodb_will_never_take_is_said_at_once(desk: Desk) -> None:
    for fault in (refusal("ValidationError", "None"), w.refused("AccessDeniedException")):
        desk.wire.next("TransactWriteItems", fault)
        desk.wire.calls.clear()
        with pytest.raises(OutsideUnreachable, match=r"ValidationError|AccessDenied"):
            desk.log.add(APP, AT, {})
        assert desk.wire.calls.count("TransactWriteItems") == 1


def test_races_are_tried_a_bounded_number_of_times(desk: Desk) -> None:
    desk.log.add(APP, AT, {})
    desk.wire.next("TransactWriteItems", *[refusal("None", "ConditionalCheckFailed")] * TRIES)
    with pytest.raises(OutsideUnreachable, match=f"{TRIES} others were faster"):
        desk.log.add(APP, AT, {})
    assert len(desk.items()) == 1


def test_the_chain_goes_on_from_records_without_a_number(desk: Desk) -> None:
    """As a version before the chain wrote them, also while an old process still runs beside a new one."""
    older = desk.without_number(AT + 60, 2, desk.without_number(AT, 1))
    desk.log.add(APP, AT + 120, {"n": 3})
    desk.without_number(AT + 180, 4, older)
    desk.log.add(APP, AT + 180, {"n": 5})
    items = desk.items()
    assert [record_of(item)["n"] for item in items] == [1, 2, 3, 4, 5]
    chained([items[2], items[4]], prev=older, after=AT + 60)
    assert place_of(items[4]).clock == AT + 180  # the old process has that moment
    assert [record["n"] for _, record in desk.log.newest_first(APP, AT)] == [5, 4, 3, 2, 1]


def test_a_process_of_the_version_before_finds_a_record_that_says_nothing(desk: Desk) -> None:
    """It reads `record` of every item, and may run beside this one for a while."""
    desk.log.add(APP, AT, {"n": 1})
    (item,) = desk.items()
    assert json.loads(item["record"]["S"]) == {}
    assert record_of(item) == {"n": 1}


def test_a_head_that_somebody_deleted_is_made_again_from_the_newest_record(desk: Desk) -> None:
    desk.log.add(APP, AT, {"n": 1})
    desk.log.add(APP, AT + 60, {"n": 2})
    head = desk.head
    desk.client.delete_item(TableName=desk.table, Key={key: head[key] for key in ("application", "at")})
    desk.log.add(APP, AT + 120, {"n": 3})  # by one that knew it
    desk.client.delete_item(TableName=desk.table, Key={key: head[key] for key in ("application", "at")})
    desk.writer().add(APP, AT + 180, {"n": 4})
    chained(desk.items())
    desk.client.put_item(
        TableName=desk.table, Item={key: head[key] for key in ("application", "at", "count")}
    )
    with pytest.raises(OutsideUnreachable, match="no head"):
        desk.writer().add(APP, AT + 240, {})


def test_records_expire_after_ninety_days_and_their_head_never(desk: Desk) -> None:
    desk.log.add(APP, AT, {})
    assert desk.items()[0]["expires"] == {"N": str(int(AT) + 90 * 86_400)}
    assert "expires" not in desk.head


def test_what_a_record_saw_of_other_records_is_a_part_of_it_and_of_the_head(desk: Desk) -> None:
    assert desk.log.witness(APP) == {}
    desk.log.add(APP, AT, {"by": "tick"}, SEEN)
    assert record_of(desk.items()[0]) == {"by": "tick", **SEEN}
    desk.log.add(APP, AT + 60, {"by": "tick"})  # who saw nothing forgets nothing
    desk.wire.calls.clear()
    assert desk.writer().witness(APP) == SEEN
    assert desk.wire.calls == ["GetItem"]


def test_what_was_seen_since_a_restoration_lies_beyond_all_that_was_seen_before(desk: Desk) -> None:
    """Its numbers may be lower; a process that still goes by the old ones must not hide it."""
    before = {"head": {"seq": 41, "hash": "a"}}
    since = {"head": {"seq": 37, "hash": "b", "restored": "b", "restored_at": AT + 30.0}}
    again = {"head": {"seq": 36, "hash": "c", "restored": "c", "restored_at": AT + 200.0}}
    for number, (seen, kept) in enumerate(
        ((before, before), (since, since), (before, since), (again, again), (since, again))
    ):
        desk.log.add(APP, AT + 60.0 * number, {}, seen)
        assert desk.writer().witness(APP) == kept


def test_before_there_is_a_head_the_newest_record_tells_what_it_saw(desk: Desk) -> None:
    record = ascii_json({"by": "tick", **SEEN})
    item = {"application": {"S": APP}, "at": {"N": repr(AT)}, "record": {"S": record}}
    desk.client.put_item(TableName=desk.table, Item=item)
    assert desk.log.witness(APP)["head"] == SEEN["head"]


def test_pages_are_followed(desk: Desk) -> None:
    desk.without_number(AT, 1)
    desk.without_number(AT + 60, 2)
    first = desk.items()[0]
    last = {"application": first["application"], "at": first["at"]}
    page = json.loads(json.dumps({"Items": [first], "LastEvaluatedKey": last}))
    desk.wire.next("Query", w.answered(page))
    assert [record["n"] for _, record in desk.log.between(APP, AT, AT + 60)] == [1, 2]


def test_nobody_answers(desk: Desk) -> None:
    desk.wire.next("GetItem", w.dropped, w.dropped)
    desk.wire.next("Query", w.dropped, w.dropped)
    for act in (
        lambda: desk.log.add(APP, AT, {}),
        lambda: desk.log.witness(APP),
        lambda: desk.log.between(APP, AT, AT),
        lambda: list(desk.log.newest_first(APP, AT)),
    ):
        with pytest.raises(OutsideUnreachable, match="reading the"):
            act()
