"""S18, S22: a journal that was restored, changed at every place of it since, by whoever writes to its table.

```
 lost: 5 … 16     JournalRestored #5 {5 to 16}     #6 …  reuses the numbers        a person's stop, #7
```
Twelve numbers are used again. What was seen since then knows the restoration: it, or one that says that the
first is missing, explains nothing that came after it.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest

from controller.audit.bundle.write import Period, Record
from controller.core.journal.event import Draft, Event, seal
from controller.core.journal.kind import Kind
from controller.core.journal.notes import Armed, JournalRestored
from controller.ports.errors import JournalUnreadable
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import read_state
from controller.steps.operator.commands import arm, arm_fleet
from tests.steps.lost_journal import back_up, empty, lived, put_back, speak
from tests.support.audit_bundle import Forger, checked, exported, record_of
from tests.support.journal_places import CHANGES, Change, Rows, lay, places, rows
from tests.support.three_controllers import TRIO
from tests.support.world import World, rebuilt

OWN, LENGTH = "storefront", 7


@cache
def restored() -> World:
    """Twelve events were lost and the journal restored; armed, and disarmed by a person."""
    w = lived()
    at = w.stage.kernel.now()
    for number in range(4, 16):
        speak(w, number)
        w.advance(20)
    w.advance(430)
    back_up(w, at)
    empty(w)
    put_back(w)
    w.advance(70)
    arm(w.hand, on=True, who="ben", reason="looked")
    arm_fleet(w.hand, on=True, who="ben", reason="looked")
    w.advance(70)
    arm(w.hand, on=False, who="ben", reason="STOP")
    w.advance(200)
    assert w.events[4].kind is Kind.JOURNAL_RESTORED
    assert len(w.events) == LENGTH
    return w


@cache
def recorded() -> Record:
    return record_of(restored())


def found(deps: Deps) -> str:
    try:
        read_state(deps)
    except JournalUnreadable as error:
        return str(error)
    return ""


def refused(w: World) -> str:
    now = w.stage.kernel.now()
    try:
        record = replace(recorded(), events=rebuilt(w).journal.read(OWN))
        exported(record, Period(now - 3600, now), Forger())
    except JournalUnreadable as error:
        return str(error)
    return ""


def chained(before: Sequence[Event], drafts: Sequence[Draft]) -> list[Event]:
    every = list(before)
    for draft in drafts:
        every.append(seal(OWN, draft, every[-1] if every else None))
    return every


def looks(w: World, wanted: Rows) -> tuple[str, str]:
    """What a fresh controller and the export say of these rows."""
    whole = rows(recorded().events)
    lay(w.stage.cloud, OWN, whole, wanted)
    try:
        return found(rebuilt(w)), refused(w)
    finally:
        lay(w.stage.cloud, OWN, wanted, whole)


@pytest.mark.parametrize(
    ("change", "place"), [(change, place) for change in CHANGES for place in places(change, LENGTH)]
)
def test_every_change_at_every_place_of_a_restored_journal_is_found(change: Change, place: int) -> None:
    w = restored()
    by_controller, by_export = looks(w, change(recorded().events, place))
    assert "event" in by_controller
    assert "event" in by_export


@pytest.mark.parametrize("since", [1, 5])
def test_a_restoration_that_was_rewritten_explains_nothing_of_what_was_seen_since(since: int) -> None:
    """Found: a dot more in its reason, and a person's stop behind it became an `Armed`."""
    w = restored()
    lie = replace(recorded().events[4].draft, body=replace(recorded().events[4].body, reason="x."))
    armed = [
        replace(e.draft, body=Armed(reason="all well")) if e.kind is Kind.DISARMED else e.draft
        for e in recorded().events[5:]
    ]
    first = [replace(e.draft, by="mallory") for e in recorded().events[since - 1 : 4]]
    by_controller, by_export = looks(w, rows(chained(recorded().events[: since - 1], [*first, lie, *armed])))
    assert by_controller == "event 7 is another than the one this controller saw"
    assert "is another than" in by_export


@pytest.mark.parametrize("first", [1, 3, 7])
def test_a_restoration_speaks_of_its_own_number_or_of_one_that_was_missing_before(first: int) -> None:
    w = restored()
    last = recorded().events[-1]
    lie = JournalRestored(first=first, last=7, head=last.hash)
    by_controller, _ = looks(w, rows(chained(recorded().events, [Draft("a" * 32, lie, last.at, "mallory")])))
    assert by_controller.endswith(f"event 8 says that {first} to 7 are missing")


def forged_between_two_ticks(w: World) -> list[str]:
    """A person's stop is cut off, and a restoration and an `Armed` stand there; the pages of an hour."""
    arm(w.hand, on=False, who="ben", reason="STOP")
    w.advance(130)
    events, before = w.events, len(w.pages)
    last = events[-1]
    lie = JournalRestored(first=last.seq, last=last.seq, head=last.hash, witness="us-west-2")
    drafts = [
        Draft("a" * 32, lie, last.at, "mallory"),
        Draft("b" * 32, Armed(reason="x"), last.at, "mallory"),
    ]
    lay(w.stage.cloud, OWN, rows(events), rows(chained(events[:-1], drafts)))
    w.advance(3700)
    return w.pages[before:]


def test_who_restores_and_arms_at_once_does_so_before_everybodys_eyes() -> None:
    """Found: nobody was told, since it was armed when the next tick looked."""
    assert forged_between_two_ticks(lived()) == ["storefront: the journal was restored"]


def test_each_controller_region_tells_it_once_whatever_the_journal_says_of_who_was_told() -> None:
    pages = forged_between_two_ticks(lived(**TRIO))
    assert pages == ["storefront: the journal was restored"] * 3


def test_a_later_bundle_after_an_honest_restoration_goes_on_from_an_earlier_one() -> None:
    """Found: shorter than the earlier one it was not whole, and the help for that case is `--earlier`."""
    w, signer = lived(), Forger()
    key = signer.public_key().pem.encode()
    at = w.stage.kernel.now()
    for number in range(4, 16):
        speak(w, number)
        w.advance(20)
    w.advance(430)
    full = checked(exported(record_of(w), Period(at - 3600, w.stage.kernel.now()), signer), key, keep=True)
    back_up(w, at)
    empty(w)
    put_back(w)
    w.advance(70)
    now = w.stage.kernel.now()
    later = checked(exported(record_of(w), Period(now - 60, now), signer), key, earlier=full.as_earlier)
    assert later.verdict == "whole", later.wrong
    assert any(note.startswith("the earlier bundle has events, up to 16") for note in later.notes)


def test_what_an_earlier_bundle_saw_since_a_restoration_is_held_against_a_forger() -> None:
    w, signer = restored(), Forger()
    key, now = signer.public_key().pem.encode(), w.stage.kernel.now()
    early = checked(exported(recorded(), Period(now - 3600, now), signer), key, keep=True)
    fresh = [
        replace(e.draft, body=Armed(reason="all well")) if e.kind is Kind.DISARMED else e.draft
        for e in recorded().events[5:]
    ]
    forged = replace(recorded(), events=chained(recorded().events[:5], fresh), logs={})
    bundle = exported(forged, Period(now + 10, now + 20), signer)
    found_by_check = checked(bundle, key, earlier=early.as_earlier)
    assert found_by_check.wrong is not None
    assert found_by_check.wrong.where == "event 7"
