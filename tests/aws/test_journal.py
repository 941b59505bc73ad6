"""The journal over the wire, on the rehearsal's table and on moto's."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.aws.dynamodb import journal as journals
from controller.aws.dynamodb.journal import LARGEST, PERMISSIONS, WHOLE, DynamoJournal
from controller.core.journal.event import Draft, Event, broken_at, hash_of, seal
from controller.core.journal.kind import Kind
from controller.core.journal.moves import StoodDown
from controller.ports.errors import JournalConflict, JournalUnreadable, OutsideUnreachable
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from tests.support import wire as w
from tests.support.journal_events import drafted, rewritten

AT = 1_700_000_000.25


class Desk:
    """One table, and as many journals on it as there are controllers."""

    def __init__(self, dynamodb: str = "rehearsal") -> None:
        self.serve = w.DYNAMODBS[dynamodb]()
        self.client, self.wire = w.connect("dynamodb", self.serve)
        self.table = w.make_table(self.client, "application", "seq", "N")
        self.wire.calls.clear()
        self.kernel = Kernel(VirtualClock(AT))
        self.journal = self.opened(self.client)
        self.other = self.opened(w.connect("dynamodb", self.serve)[0])

    def opened(self, client: object) -> DynamoJournal:
        return DynamoJournal(client=client, table=self.table, runtime=VirtualRuntime(self.kernel))


@pytest.fixture(params=w.DYNAMODBS)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def draft(name: str, **data: object) -> Draft:
    return drafted(id_=name, kind=Kind.ESCALATED, at=AT, by="test", incident="storefront-1", data=data)


def ids(journal: DynamoJournal) -> list[str]:
    return [event.draft.id for event in journal.read("storefront")]


def test_events_come_back_whole_in_order_and_chained(desk: Desk) -> None:
    assert desk.journal.read("storefront") == ()
    last: Event | None = None
    written = []
    for number in range(1, 13):
        last = desk.journal.append(
            "storefront", draft(f"id{number}", reason="ünïcode", about=[f"a{number}"]), last
        )
        written.append(last)
    desk.journal.append("another", draft("elsewhere"), None)
    assert list(desk.other.read("storefront")) == written
    assert [event.seq for event in written] == list(range(1, 13))
    assert broken_at(written) is None


def test_items_can_be_read_by_people(desk: Desk) -> None:
    event = desk.journal.append("storefront", draft("id1"), None)
    assert desk.client.scan(TableName=desk.table)["Items"] == [
        {
            "application": {"S": "storefront"},
            "seq": {"N": "1"},
            "id": {"S": "id1"},
            "at": {"S": "2023-11-14T22:13:20.250000Z"},
            "kind": {"S": "Escalated"},
            "incident": {"S": "storefront-1"},
            "body": {"S": event.text},
            "hash": {"S": event.hash},
        }
    ]


def test_what_append_returns_is_what_read_returns(desk: Desk) -> None:
    event = desk.journal.append("storefront", draft("id1", about=("a", "b")), None)
    assert desk.journal.read("storefront") == (event,)


def test_pages_are_followed(desk: Desk) -> None:
    first = desk.journal.append("storefront", draft("id1"), None)
    second = desk.journal.append("storefront", draft("id2"), first)
    page = {
        "Items": [{"seq": {"N": "1"}, "body": {"S": first.text}}],
        "LastEvaluatedKey": {"application": {"S": "storefront"}, "seq": {"N": "1"}},
    }
    desk.wire.next("Query", w.answered(page))
    assert desk.journal.read("storefront") == (first, second)
    start = json.loads(desk.wire.bodies[-1])
    assert start["ExclusiveStartKey"] == page["LastEvaluatedKey"]
    assert start["ConsistentRead"] is True


def test_the_second_writer_of_a_number_meets_a_conflict(desk: Desk) -> None:
    first = desk.journal.append("storefront", draft("ours"), None)
    with pytest.raises(JournalConflict, match="event 1 of storefront"):
        desk.other.append("storefront", draft("theirs"), None)
    assert ids(desk.journal) == ["ours"]
    assert desk.other.append("storefront", draft("theirs"), first).seq == 2


CONFLICT = w.refused("ReplicatedWriteConflictException")
THROTTLED = w.refused("ThrottlingException")
BROKEN = w.refused("InternalServerError", status=500)


@pytest.mark.parametrize(
    ("puts", "gets"),
    [
        pytest.param([w.lost], [], id="reply lost"),
        pytest.param([w.dropped], [], id="never arrived"),
        pytest.param([CONFLICT], [], id="another Region was writing"),
        pytest.param([THROTTLED, BROKEN], [], id="throttled, then a server error"),
        pytest.param([w.answered(b"<html>", 502)], [], id="a proxy's error page"),
        pytest.param([w.lost], [w.dropped], id="reply lost, and the read fails: the second try is refused"),
        pytest.param([w.lost, w.dropped], [w.dropped, w.lost], id="only the last try gets through"),
    ],
)
def test_an_ambiguous_append_writes_once(desk: Desk, puts: list[w.Fault], gets: list[w.Fault]) -> None:
    desk.wire.next("PutItem", *puts)
    desk.wire.next("GetItem", *gets)
    event = desk.journal.append("storefront", draft("ours"), None)
    assert desk.journal.read("storefront") == (event,)


def test_a_failure_and_another_writer_meanwhile_is_a_conflict(desk: Desk) -> None:
    desk.wire.next("PutItem", w.dropped)
    desk.wire.next("GetItem", w.after(lambda: desk.other.append("storefront", draft("theirs"), None)))
    with pytest.raises(JournalConflict):
        desk.journal.append("storefront", draft("ours"), None)
    assert ids(desk.journal) == ["theirs"]


def test_the_same_id_in_another_event_is_not_ours(desk: Desk) -> None:
    desk.other.append("storefront", draft("same", code="1"), None)
    with pytest.raises(JournalConflict):
        desk.journal.append("storefront", draft("same", code="2"), None)


def test_gives_up_after_three_tries_without_waiting_long(desk: Desk) -> None:
    desk.wire.next("PutItem", w.dropped, w.dropped, w.dropped)
    with pytest.raises(OutsideUnreachable, match=r"event 1 of storefront: ConnectTimeoutError"):
        desk.journal.append("storefront", draft("ours"), None)
    assert desk.wire.calls == ["PutItem", "GetItem"] * 3
    assert 0.1 < desk.kernel.now() - AT < 1.0
    asked = [json.loads(body) for body in desk.wire.bodies if '"Key"' in body]
    assert [request["ConsistentRead"] for request in asked] == [True] * 3
    assert desk.journal.read("storefront") == ()


def test_what_was_given_up_may_have_landed_and_blocks_the_number(desk: Desk) -> None:
    desk.wire.next("PutItem", w.lost, w.dropped, w.dropped)
    desk.wire.next("GetItem", w.dropped, w.dropped, w.dropped)
    with pytest.raises(OutsideUnreachable):
        desk.journal.append("storefront", draft("ours"), None)
    assert ids(desk.journal) == ["ours"]
    with pytest.raises(JournalConflict):
        desk.journal.append("storefront", draft("next try"), None)


def test_the_client_may_not_be_asked_more_than_it_is_told(desk: Desk) -> None:
    desk.wire.next("PutItem", w.lost)
    desk.journal.append("storefront", draft("ours"), None)
    desk.journal.read("storefront")
    assert w.actions("dynamodb", desk.wire) == set(PERMISSIONS)


def test_an_event_that_is_too_large_is_refused_with_its_size(desk: Desk) -> None:
    with pytest.raises(ValueError, match=rf"has 2\d{{4}} bytes; at most {LARGEST}"):
        desk.journal.append("storefront", draft("big", reason="x" * 20_000), None)
    assert desk.wire.calls == []


ODD = [
    StoodDown(decision={10: "a", 9: "b"}),  # type: ignore[dict-item]
    StoodDown(decision={"n": float("nan")}),
    StoodDown(decision={"n": 2**53 + 1}),
    StoodDown(reason="half a pair \ud800"),
    StoodDown(reason=17),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("body", ODD)
def test_an_event_that_json_would_change_is_refused(desk: Desk, body: StoodDown) -> None:
    with pytest.raises(ValueError, match=r"."):
        desk.journal.append("storefront", replace(draft("odd"), body=body), None)
    assert desk.wire.calls == []


def test_an_unreadable_journal_is_unreachable(desk: Desk) -> None:
    desk.wire.next("Query", w.dropped)
    with pytest.raises(OutsideUnreachable, match="reading the journal of storefront"):
        desk.journal.read("storefront")


def tampered(desk: Desk, number: int, body: str, *, sealed: bool = True) -> None:
    """Another text in an event's place; sealed: with a hash of its own beside it."""
    hash_ = hash_of(body) if sealed else desk.other.read("storefront")[number - 1].hash
    desk.client.update_item(
        TableName=desk.table,
        Key={"application": {"S": "storefront"}, "seq": {"N": str(number)}},
        UpdateExpression="SET body = :body, #hash = :hash",
        ExpressionAttributeNames={"#hash": "hash"},
        ExpressionAttributeValues={":body": {"S": body}, ":hash": {"S": hash_}},
    )


def written(desk: Desk, count: int = 4) -> list[Event]:
    events: list[Event] = []
    for number in range(1, count + 1):
        after = events[-1] if events else None
        events.append(desk.journal.append("storefront", draft(f"id{number}"), after))
    return events


def test_an_edited_event_is_found(desk: Desk) -> None:
    second = written(desk)[1]
    tampered(desk, 2, rewritten(second, by="mallory"), sealed=False)
    with pytest.raises(ValueError, match="broken at event 2"):
        desk.journal.read("storefront")


def test_a_rewritten_event_is_found_by_the_one_after(desk: Desk) -> None:
    events = written(desk)
    tampered(desk, 2, (seal("storefront", draft("forged"), events[0])).text)
    with pytest.raises(ValueError, match="broken at event 3"):
        desk.journal.read("storefront")


def test_a_dropped_event_is_found(desk: Desk) -> None:
    written(desk)
    desk.client.delete_item(TableName=desk.table, Key={"application": {"S": "storefront"}, "seq": {"N": "2"}})
    with pytest.raises(ValueError, match="broken at event 2"):
        desk.journal.read("storefront")


def lived_on(desk: Desk) -> None:
    """Three events, which the other process has read: from now on it asks for what is new."""
    written(desk, 3)
    assert len(desk.other.read("storefront")) == 3


def test_a_process_that_lives_on_asks_for_its_last_event_and_what_follows(desk: Desk) -> None:
    lived_on(desk)
    desk.journal.append("storefront", draft("id4"), desk.journal.read("storefront")[-1])
    assert ids(desk.other) == ["id1", "id2", "id3", "id4"]
    desk.wire.bodies.clear()
    assert ids(desk.journal) == ids(desk.journal) == ["id1", "id2", "id3", "id4"]
    asked = [json.loads(body)["ExpressionAttributeValues"][":first"] for body in desk.wire.bodies]
    assert asked == [{"N": "3"}, {"N": "4"}]


def test_its_last_event_edited_or_gone_is_found_at_once(desk: Desk) -> None:
    lived_on(desk)
    third = desk.other.read("storefront")[2]
    tampered(desk, 3, rewritten(third, by="mallory"))
    with pytest.raises(JournalUnreadable, match="event 3 of storefront is no longer what it was"):
        desk.other.read("storefront")
    desk.client.delete_item(TableName=desk.table, Key={"application": {"S": "storefront"}, "seq": {"N": "3"}})
    with pytest.raises(JournalUnreadable, match="event 3 of storefront is no longer what it was"):
        desk.other.read("storefront")


def test_an_older_event_edited_is_found_when_all_is_read_again(desk: Desk) -> None:
    lived_on(desk)
    second = desk.other.read("storefront")[1]
    tampered(desk, 2, rewritten(second, by="mallory"), sealed=False)
    desk.kernel.run(until=AT + WHOLE + 1)
    with pytest.raises(JournalUnreadable, match="broken at event 2"):
        desk.other.read("storefront")


def read_on(desk: Desk) -> None:
    """Ten looks in the time within which all is read again; and again."""
    for _ in range(20):
        desk.kernel.run(until=desk.kernel.now() + WHOLE / 10)
        desk.other.read("storefront")


def test_a_long_journal_is_read_again_little_by_little_and_each_event_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journals, "SLICE", 4)
    desk = Desk()
    events = written(desk, 12)
    assert len(desk.other.read("storefront")) == 12
    for number, within in ((2, 0.4), (7, 0.7), (11, 1.0)):
        was = events[number - 1]
        tampered(desk, number, rewritten(was, by="mallory"))
        began = desk.kernel.now()
        with pytest.raises(JournalUnreadable, match=f"broken at event {number}"):
            read_on(desk)
        assert desk.kernel.now() - began <= within * WHOLE + 1
        tampered(desk, number, was.text)
        assert desk.other.read("storefront") == tuple(events)


def test_another_applications_event_is_found(desk: Desk) -> None:
    written(desk, 1)
    tampered(desk, 1, (seal("another", draft("id1"), None)).text)
    with pytest.raises(ValueError, match="holds event 1 of another"):
        desk.journal.read("storefront")


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", "null"])
def test_what_is_no_event_is_refused(desk: Desk, body: str) -> None:
    written(desk, 1)
    tampered(desk, 1, body)
    with pytest.raises(ValueError, match=r".+"):
        desk.journal.read("storefront")


def test_a_kind_that_this_version_does_not_know_stops_the_reader(desk: Desk) -> None:
    event = written(desk, 1)[0]
    tampered(desk, 1, event.text.replace("Escalated", "Teleported"))
    with pytest.raises(ValueError, match="Teleported"):
        desk.journal.read("storefront")


FAULTS = st.lists(st.sampled_from([w.lost, w.dropped, w.passed, CONFLICT]), max_size=4)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(puts=FAULTS, gets=FAULTS, rivals=st.lists(st.booleans(), min_size=3, max_size=3))
def test_whatever_fails_the_journal_stays_whole_and_nobody_is_told_a_lie(
    puts: list[w.Fault], gets: list[w.Fault], rivals: list[bool]
) -> None:
    desk = Desk()
    desk.wire.next("PutItem", *puts)
    desk.wire.next("GetItem", *gets)
    last: Event | None = None
    told: list[str] = []
    for number, rival in enumerate(rivals):
        if rival:
            before = desk.other.read("storefront")
            desk.other.append("storefront", draft(f"theirs{number}"), before[-1] if before else None)
        try:
            last = desk.journal.append("storefront", draft(f"ours{number}"), last)
            told.append(last.draft.id)
        except (JournalConflict, OutsideUnreachable):
            events = desk.other.read("storefront")
            last = events[-1] if events else None
    kept = ids(desk.other)
    assert len(set(kept)) == len(kept)
    assert set(told) <= set(kept)
