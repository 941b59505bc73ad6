"""The chain: one edited, dropped, swapped or doubled record is found; a cut tail by its last hash."""

import hashlib
import json
from dataclasses import replace

import pytest

from controller.core.canonical_json import canonical
from controller.core.journal import format1
from controller.core.journal.body import body_of, declared, members
from controller.core.journal.event import (
    FORMAT,
    GENESIS,
    MEMBERS,
    Draft,
    Event,
    UnknownKind,
    broken_at,
    event_of,
    seal,
)
from controller.core.journal.kind import KINDS, Kind
from controller.core.journal.moves import Settled, ShiftIntended
from controller.core.journal.notes import Escalated, Muted
from tests.support.journal_events import rewritten


def chain(length: int = 8) -> list[Event]:
    events: list[Event] = []
    for number in range(length):
        body = Escalated(code=f"c{number}", reason="ü")
        draft = Draft(f"id{number}", body, 1.5 + number, "t", number, "i")
        events.append(seal("app", draft, events[-1] if events else None))
    return events


def test_a_whole_chain_is_whole_and_survives_its_own_text() -> None:
    events = chain()
    assert broken_at(events) is None
    assert broken_at([]) is None
    assert [event_of(event.text) for event in events] == events
    assert (events[0].seq, events[0].prev) == (1, GENESIS)


def test_an_auditor_needs_the_text_and_sha_256_alone() -> None:
    events = chain()
    lines = [event.text.encode() for event in events]
    for line, after in zip(lines, events[1:], strict=False):
        assert hashlib.sha256(line).hexdigest() == after.prev
    for line in lines:
        assert canonical(json.loads(line)).encode() == line
        assert json.loads(line).keys() == MEMBERS
        assert json.loads(line)["format"] == FORMAT == 2


@pytest.mark.parametrize("place", range(8))
def test_any_edit_at_any_place_is_found_there_or_by_the_next(place: int) -> None:
    """The last one's hash is kept elsewhere: by the assessments, by a bundle's manifest."""
    events = chain()
    victim = events[place]
    edits = [
        {"at": victim.at + 0.001}, {"by": "mallory"}, {"data": {"code": "other"}}, {"kind": "Armed"},
        {"epoch": 99}, {"id": "other"}, {"incident": None},
    ]  # fmt: skip
    for edit in edits:
        edited = event_of(rewritten(victim, **edit))
        assert edited.hash != victim.hash
        found = broken_at([*events[:place], edited, *events[place + 1 :]])
        assert found == (place + 2 if place < 7 else None)
        kept = replace(edited, hash=victim.hash)
        assert broken_at([*events[:place], kept, *events[place + 1 :]]) == place + 1
    for edit in ({"prev": "1" * 64}, {"seq": victim.seq + 1}):
        moved = event_of(rewritten(victim, **edit))
        assert broken_at([*events[:place], moved, *events[place + 1 :]]) == place + 1


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
    "text",
    ["", "[]", "{}", '{"draft": {}}', '{"draft": {"kind": "NoSuchKind"}}', "null", '{"format":2}', "7",
     '{"format":2,"kind":[],"seq":1}'],
)  # fmt: skip
def test_what_is_no_event_is_refused_by_name(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        event_of(text)


@pytest.mark.parametrize("change", [{"kind": "Teleported"}, {"format": 3}, {"format": "2"}, {"format": None}])
def test_an_unknown_kind_or_format_stops_the_reader(change: dict[str, object]) -> None:
    event = chain(1)[0]
    with pytest.raises(UnknownKind, match=str(next(iter(change.values())))):
        event_of(canonical(json.loads(event.text) | change))


@pytest.mark.parametrize(
    ("kind", "raw", "named"),
    [
        (Kind.SETTLED, {"target": 7}, "Settled: `target`: expected text"),
        (Kind.MUTED, {"what": "x"}, "Muted lacks `until`"),
        (Kind.MUTED, {"what": "x", "until": "soon"}, "Muted: `until`: expected a number"),
        (Kind.MUTED, {"what": "x", "until": True}, "Muted: `until`: expected a number"),
        (Kind.ECHO_SEEN, {"intent": 1.5}, "EchoSeen: `intent`: expected a whole number"),
        (Kind.SHIFT_INTENDED, {"changes": [["a"]]}, "ShiftIntended: `changes`"),
        (Kind.SHIFT_INTENDED, {"changes": [["a", "on"]]}, "expected true or false"),
        (Kind.SHIFT_APPLIED, {"states": [True]}, "ShiftApplied: `states`: expected an object"),
        (Kind.DRIFT_SEEN, {"controls": {}, "differs": {"a": [True]}}, "DriftSeen: `differs`"),
        (
            Kind.APPROVAL_REQUESTED,
            {"approval": "a", "digest": "d", "expires": 1, "ask": "all"},
            "list of texts",
        ),
        (Kind.TOLD, [], "Told says something that is no JSON object"),
    ],
)
def test_a_member_that_is_missing_or_wrong_is_named(kind: Kind, raw: object, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        body_of(kind, raw)


def test_every_kind_has_one_body_that_survives_its_members_and_what_a_later_version_added() -> None:
    assert declared() == KINDS
    intent = ShiftIntended(
        plan="p", source="a", target="b", changes=(("x", True), ("y", False)), before={"x": False}
    )
    muted = Muted(what="x", until=3.0, for_=2.0)
    for body, kind in ((intent, Kind.SHIFT_INTENDED), (muted, Kind.MUTED), (Settled(), Kind.SETTLED)):
        assert body_of(kind, members(body)) == body
        assert body_of(kind, members(body) | {"ofTheNextVersion": [1]}) == body
    assert members(muted) == {"what": "x", "until": 3.0, "for": 2.0}
    assert members(Settled()) == {}


def test_an_event_of_format_1_is_read_and_format_2_goes_on_from_it() -> None:
    old = {"application": "app", "seq": 1, "prev": GENESIS, "draft": {
        "at": 1.0, "by": "t", "data": {"reason": "ü", "target": "b"}, "epoch": 0, "id": "x", "incident": "i",
        "kind": "Settled"}}  # fmt: skip
    old["hash"] = format1.hash_of(old)
    event = event_of(json.dumps(old))
    assert (event.format, event.hash, event.body) == (1, old["hash"], Settled(target="b", reason="ü"))
    after = seal("app", Draft("y", Escalated(), 2.0, "t"), event)
    assert (after.prev, after.format) == (old["hash"], 2)
    assert broken_at([event, after]) is None
    with pytest.raises(ValueError, match="event 1 is not what its own hash says"):
        event_of(json.dumps({**old, "prev": "1" * 64}))
    assert broken_at([replace(event, text=json.dumps({**old, "prev": "1" * 64})), after]) == 1
