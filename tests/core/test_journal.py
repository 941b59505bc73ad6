"""The chain: one edited, dropped, swapped or doubled record is found; a cut tail by its last hash."""

import json
from dataclasses import replace

import pytest

from controller.core.canonical_json import ascii_digest, ascii_json
from controller.core.journal.event import GENESIS, Event, broken_at, event_of, seal
from controller.core.journal.kind import Kind
from tests.support.journal_events import drafted


def chain(length: int = 8) -> list[Event]:
    events: list[Event] = []
    for number in range(length):
        draft = drafted(
            f"id{number}", Kind.ESCALATED, 1.5 + number, "t", number, "i", {"code": f"c{number}", "ü": [1]}
        )
        events.append(seal("app", draft, events[-1] if events else None))
    return events


def test_a_whole_chain_is_whole_and_survives_its_own_text() -> None:
    events = chain()
    assert broken_at(events) is None
    assert broken_at([]) is None
    assert [event_of(event.text) for event in events] == events
    assert (events[0].seq, events[0].prev) == (1, GENESIS)


@pytest.mark.parametrize("place", range(8))
def test_any_edit_at_any_place_is_found_there(place: int) -> None:
    events = chain()
    victim = events[place]
    edits = [
        replace(victim, draft=replace(victim.draft, at=victim.at + 0.001)),
        replace(victim, draft=replace(victim.draft, by="mallory")),
        replace(victim, draft=replace(victim.draft, data={**victim.data, "code": "other"})),
        replace(victim, draft=replace(victim.draft, kind=Kind.ARMED)),
        replace(victim, application="another"),
        replace(victim, prev=ascii_digest("x")),
        replace(victim, hash=ascii_digest("x")),
        replace(victim, seq=victim.seq + 1),
    ]
    for edited in edits:
        assert broken_at([*events[:place], edited, *events[place + 1 :]]) == place + 1


@pytest.mark.parametrize("place", range(1, 7))
def test_dropped_swapped_doubled_and_rewritten_records_are_found(place: int) -> None:
    events = chain()
    assert broken_at([*events[:place], *events[place + 1 :]]) == place + 1
    swapped = [*events[:place], events[place + 1], events[place], *events[place + 2 :]]
    assert broken_at(swapped) == place + 1
    assert broken_at([*events[: place + 1], *events[place:]]) == place + 2
    forged = seal("app", replace(events[place].draft, by="mallory"), events[place - 1])
    assert broken_at([*events[:place], forged, *events[place + 1 :]]) == place + 2
    assert broken_at(events[1:]) == 1


def test_a_cut_tail_is_whole_in_itself_and_differs_by_its_last_hash() -> None:
    events = chain()
    assert broken_at(events[:5]) is None
    assert events[4].hash != events[-1].hash


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"draft": {}}', '{"draft": {"kind": "NoSuchKind"}}', "null"]
)
def test_what_is_no_event_is_refused_by_name(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        event_of(text)


def test_an_unknown_kind_stops_the_reader() -> None:
    raw = json.loads((chain(1)[0]).text)
    raw["draft"]["kind"] = "Teleported"
    with pytest.raises(ValueError, match="Teleported"):
        event_of(json.dumps(raw))


def test_canonical_has_one_spelling_and_no_infinities() -> None:
    assert ascii_json({"b": 1, "a": "é"}) == '{"a":"\\u00e9","b":1}'
    with pytest.raises(ValueError, match="Out of range"):
        ascii_json({"x": float("nan")})
