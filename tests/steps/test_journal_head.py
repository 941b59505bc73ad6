"""The newest event that a process has seen: recalled, compared and handed on (S18)."""

from collections.abc import Mapping
from typing import Any

import pytest

from controller.core.journal.event import Event, seal
from controller.core.journal.kind import Kind
from controller.core.journal.restoration import Head
from controller.ports.errors import JournalUnreadable, OutsideUnreachable
from controller.steps.context.journal_head import JournalHead
from controller.steps.context.journalling import load_state
from tests.support.journal_events import drafted
from tests.support.world import world


def journal(length: int, word: str = "x") -> tuple[Event, ...]:
    events: list[Event] = []
    for number in range(length):
        draft = drafted(f"{word}{number}", Kind.ARMED, float(number), "ana", data={"reason": word})
        events.append(seal("storefront", draft, events[-1] if events else None))
    return tuple(events)


LONG = journal(5)
KEPT = {"by": "tick", "head": {"seq": 5, "hash": LONG[4].hash}}


class Record:
    """The newest assessment; None: the table does not answer. asked: how often it was read."""

    def __init__(self, kept: Mapping[str, Any] | None) -> None:
        self.kept, self.asked = kept, 0

    def __call__(self) -> Mapping[str, Any]:
        self.asked += 1
        if self.kept is None:
            raise OutsideUnreachable("no answer")
        return self.kept


def read(head: JournalHead, record: Record, events: tuple[Event, ...]) -> None:
    head.after_reading(head.before_reading(record), events)


@pytest.mark.parametrize(
    ("events", "told"),
    [
        pytest.param(LONG[:4], "ends at event 4; this controller saw event 5", id="cut"),
        pytest.param((), "ends at event 0; this controller saw event 5", id="gone"),
        pytest.param(journal(5, "y"), "event 5 is another", id="another"),
        pytest.param(journal(9, "y"), "event 5 is another", id="another and longer"),
    ],
)
def test_what_is_shorter_or_another_is_unreadable_each_time_it_is_read(
    events: tuple[Event, ...], told: str
) -> None:
    head, record = JournalHead(), Record(KEPT)
    for _ in range(2):
        with pytest.raises(JournalUnreadable, match=told):
            read(head, record, events)
    assert head.to_note(record) == {"head": KEPT["head"]}
    assert record.asked == 1


def test_what_reaches_it_passes_and_the_record_is_asked_for_once() -> None:
    head, record = JournalHead(), Record(KEPT)
    for events in (LONG, LONG, journal(7)):
        read(head, record, events)
    assert head.to_note(record)["head"] == {"seq": 7, "hash": journal(7)[6].hash}
    assert record.asked == 1


def test_what_was_seen_since_is_remembered_also_where_no_record_tells() -> None:
    head = JournalHead()
    read(head, Record({}), LONG[:3])
    head.saw(LONG[3])
    with pytest.raises(JournalUnreadable, match="saw event 4"):
        read(head, Record({}), LONG[:3])


def test_a_reading_is_held_against_what_was_known_before_it_began() -> None:
    head = JournalHead()
    expected = head.before_reading(Record({}))
    head.saw(LONG[4])  # written by another thread while this one read
    head.after_reading(expected, LONG[:3])
    assert head.before_reading(Record({})) == Head(5, LONG[4].hash)


def test_nobody_waits_for_a_record_twice_but_who_writes_one_asks_again() -> None:
    head, record = JournalHead(), Record(None)
    read(head, record, LONG[:3])
    read(head, record, LONG[:3])
    assert record.asked == 1
    assert head.to_note(record)["head"]["seq"] == 3  # it would not be written either
    record.kept = KEPT
    assert head.to_note(record) == {"head": KEPT["head"]}
    with pytest.raises(JournalUnreadable, match="saw event 5"):
        read(head, record, LONG[:3])


@pytest.mark.parametrize("name", ["head", "fleet"])
@pytest.mark.parametrize("length", [5, 6, 9])
def test_what_was_read_while_no_record_answered_is_held_against_it_when_it_does(
    length: int, name: str
) -> None:
    head, record = JournalHead(), Record(None)
    other, kept = journal(length, "y"), {name: KEPT["head"]}
    head.after_reading(head.before_reading(record, name), other, journal=name)
    head.after_reading(head.before_reading(record, name), other, journal=name)  # nobody can tell
    record.kept = kept
    assert head.to_note(record) == kept, "the witness is handed on, and not what was put in its place"
    for events in (other, journal(12, "y")[5:], ()):
        with pytest.raises(JournalUnreadable, match="event 5 is another"):
            head.after_reading(None, events, journal=name)


def test_what_was_read_so_and_is_as_it_was_goes_on() -> None:
    head, record = JournalHead(), Record(None)
    read(head, record, journal(9))
    record.kept = KEPT
    assert head.to_note(record)["head"]["seq"] == 9
    read(head, record, journal(9))


def test_what_others_of_the_region_saw_is_learned_with_each_record_that_is_written() -> None:
    head, record = JournalHead(), Record({})
    read(head, record, LONG[:3])
    head.learn({"head": {"seq": 2, "hash": "x"}})  # an older one teaches nothing
    read(head, record, LONG[:3])
    head.learn(KEPT)
    with pytest.raises(JournalUnreadable, match="ends at event 3; this controller saw event 5"):
        read(head, record, LONG[:3])


@pytest.mark.parametrize(
    "kept", [{}, {"head": None}, {"head": {"seq": "5", "hash": "x"}}, {"head": {"seq": 0}}]
)
def test_a_record_of_an_earlier_version_tells_nothing(kept: dict[str, Any]) -> None:
    head = JournalHead()
    read(head, Record(kept), ())
    assert head.to_note(Record(kept)) == {}


def test_what_a_controller_writes_it_has_seen_too() -> None:
    w = world()
    load_state(w.deps)  # writes down its policy
    (event,) = w.events
    assert w.deps.journal_head.before_reading(Record({})) == Head(1, event.hash)
