"""What of a backup goes back, what is then missing, and what excludes what: then nothing goes back."""

from typing import Any

import pytest

from controller.core.journal.event import Event, seal
from controller.core.journal.kind import Kind
from controller.core.journal.recovery import BACKUP, Contradiction, Recovery, merged, recovered
from controller.core.journal.restoration import Head, explained, restorations
from tests.support.journal_events import drafted

NAME = "storefront"


def journal(length: int, word: str = "x", onto: tuple[Event, ...] = ()) -> tuple[Event, ...]:
    events = list(onto)
    while len(events) < length:
        draft = drafted(f"{word}{len(events)}", Kind.ARMED, 1.0, "ana", data={"reason": word})
        events.append(seal(NAME, draft, events[-1] if events else None))
    return tuple(events)


WHOLE = journal(9)
BACK = WHOLE[:6]


def head(event: Event, restored: str = "") -> Head:
    return Head(event.seq, event.hash, restored)


def found(kept: Any = BACK, standing: Any = (), **seen: Head) -> Recovery:
    return recovered(merged(NAME, kept, standing), {who: [each] for who, each in seen.items()})


def numbers(events: tuple[Event, ...]) -> list[int]:
    return [event.seq for event in events]


def test_an_empty_table_gets_all_of_it_backwards_and_says_what_the_furthest_witness_saw() -> None:
    got = found(west=head(WHOLE[8]), east=head(WHOLE[6]), home=head(WHOLE[3]))
    assert got.events == BACK
    assert numbers(got.lacking) == [6, 5, 4, 3, 2, 1]
    assert got.said is not None
    assert (got.said.first, got.said.last) == (7, 9)
    assert (got.said.head, got.said.witness) == (WHOLE[8].hash, "west")
    longer = with_said(got)
    assert all(explained(head(event), restorations(longer)) for event in WHOLE[6:])


def with_said(got: Recovery) -> tuple[Event, ...]:
    assert got.said is not None
    data = {name: getattr(got.said, name) for name in ("first", "last", "head")}
    draft = drafted("r", Kind.JOURNAL_RESTORED, 2.0, "ana", data=data)
    return (*got.events, seal(NAME, draft, got.events[-1] if got.events else None))


def test_where_no_witness_saw_more_it_is_said_all_the_same() -> None:
    """An event that was written after the last look may be missing, and nobody can know."""
    got = found(west=head(BACK[5]))
    assert got.said is not None
    assert (got.said.first, got.said.last, got.said.head, got.said.witness) == (7, 6, "", "")


def test_a_table_that_lacks_some_gets_those_and_one_that_lacks_nothing_says_nothing() -> None:
    holes = tuple(event for event in WHOLE if event.seq not in (2, 5))
    got = found(standing=holes, west=head(WHOLE[8]))
    assert (numbers(got.lacking), got.events) == ([5, 2], WHOLE)
    assert got.said is not None  # that events were gone is known, and perhaps the last one is
    assert got.said.last == 9
    assert found(standing=WHOLE, west=head(WHOLE[8])) == Recovery(NAME, WHOLE, (), None)


def test_what_the_backup_lacks_whole_is_missing_from_its_first_event_on() -> None:
    got = found((), west=head(WHOLE[8]))
    assert got.said is not None
    assert (got.events, got.said.first, got.said.last) == ((), 1, 9)
    assert found(()) == Recovery(NAME, (), (), None)


def test_a_run_that_was_cut_short_goes_on_and_says_nothing_twice() -> None:
    begun = with_said(found(west=head(WHOLE[8])))
    got = found(standing=begun[3:], west=head(WHOLE[8]))
    assert (numbers(got.lacking), got.said, got.events) == ([3, 2, 1], None, begun)


def test_a_witness_that_was_silent_then_adds_what_it_saw() -> None:
    restored = with_said(found(west=head(WHOLE[7])))
    since = journal(12, "new", onto=restored)
    got = found(BACK, since, west=head(since[11], restored[6].hash), late=head(WHOLE[8]))
    assert got.said is not None
    assert (got.said.first, got.said.last, got.said.head, got.said.witness) == (7, 9, WHOLE[8].hash, "late")
    more = with_said(got)
    assert explained(head(WHOLE[8]), restorations(more))
    assert not explained(head(WHOLE[8]), restorations(since))


def test_what_a_backup_holds_beyond_a_gap_is_a_witness_of_its_own() -> None:
    """DynamoDB promises no order: the newest item may be in a backup, and the one before it not."""
    got = found((*BACK, WHOLE[7]))
    assert (got.events, got.said and got.said.last, got.said and got.said.witness) == (BACK, 8, BACKUP)
    with pytest.raises(
        Contradiction, match="event 3 of storefront is missing in the backup, which has 4 later"
    ):
        found((*BACK[:2], *BACK[3:], WHOLE[6]))


CHANGED = journal(9, "y", onto=WHOLE[:3])


@pytest.mark.parametrize(
    ("kept", "standing", "seen", "told"),
    [
        (CHANGED[:6], (), {"west": head(WHOLE[4])}, "west saw another event 5 of storefront"),
        (BACK, (), {"west": head(WHOLE[8]), "east": head(CHANGED[8])}, "two different events 9"),
        (BACK, CHANGED[:4], {}, "event 4 of storefront stands in the table already"),
        (BACK, WHOLE[7:], {}, "event 7 of storefront is in neither table"),
        ((*BACK[:3], *CHANGED[4:6]), (), {}, "event 4 of storefront is missing in the backup"),
        ((*WHOLE[:4], *CHANGED[4:6]), (), {}, "broken at event 5: somebody changed a table"),
        (BACK, (*BACK, CHANGED[6]), {}, "broken at event 7"),
    ],
)  # fmt: skip
def test_what_contradicts_another_record_is_refused(
    kept: Any, standing: Any, seen: dict[str, Head], told: str
) -> None:
    if "missing in the backup" in told:
        kept = (*kept, *CHANGED[6:])
    with pytest.raises(Contradiction, match=told):
        found(kept, standing, **seen)
