"""What a restored journal may lack: its own events explain a head that it does not hold, or nothing does."""

from typing import Any

import pytest

from controller.core.incident.fold import fold
from controller.core.incident.state import IllegalMove, State
from controller.core.journal.event import Event
from controller.core.journal.restoration import (
    Head,
    explained,
    head_of,
    reopened,
    restorations,
    story,
)
from controller.readmodel.run import sentence
from controller.steps.context.situation import stopped, to_review
from tests.support.journal_events import grown

LOST = {"first": 4, "last": 6, "head": "6x", "witness": "us-west-2", "table": "copy", "reason": "emptied"}


PLAIN = grown("Armed", "Armed", "Armed")
RESTORED = grown(LOST, onto=PLAIN)


@pytest.mark.parametrize(
    ("seq", "hash_", "is_so"),
    [(4, "x", True), (5, "x", True), (6, "6x", True), (6, "x", False), (7, "x", False), (3, "x", False)],
)
def test_a_head_is_explained_within_the_range_and_at_its_end_by_its_hash(
    seq: int, hash_: str, is_so: bool
) -> None:
    assert explained(Head(seq, hash_), restorations(RESTORED)) is is_so
    assert not explained(Head(seq, hash_), restorations(PLAIN))


def test_what_was_seen_since_is_explained_by_a_later_restoration_alone() -> None:
    """Numbers of the missing events are used again: who cuts those off must not go by the old range."""
    longer = grown("Armed", "Armed", onto=RESTORED)
    seen = head_of(longer[4], restorations(longer[:5]))
    assert (seen.seq, seen.restored) == (5, RESTORED[3].hash)
    assert not explained(seen, restorations(RESTORED))
    again = grown({"first": 5, "last": 5, "head": seen.hash}, onto=RESTORED)
    assert explained(seen, restorations(again))
    other = {"first": 4, "last": 5, "head": seen.hash}
    assert not explained(
        seen, restorations(grown(other, onto=PLAIN))
    )  # nothing says that the first is missing
    lost = {"restored": seen.restored, "restored_at": seen.restored_at}
    assert explained(seen, restorations(grown(other | lost, onto=PLAIN)))
    assert not explained(seen, restorations(grown(other | lost | {"restored_at": 2.9}, onto=PLAIN)))


@pytest.mark.parametrize(("seq", "is_so"), [(3, False), (4, True), (9, True)])
def test_a_journal_may_be_read_anew_from_the_first_missing_event_on(seq: int, is_so: bool) -> None:
    """Also beyond the last that anybody named: a process may have seen more, and nobody could say so."""
    assert reopened(Head(seq, "x"), restorations(RESTORED)) is is_so
    assert not reopened(Head(seq, "x"), restorations(PLAIN))
    since = Head(seq, "x", RESTORED[3].hash, RESTORED[3].at)
    assert not reopened(since, restorations(RESTORED))


def test_after_a_restoration_the_state_is_disarmed_until_somebody_arms() -> None:
    state = fold("storefront", RESTORED)
    assert state.stopped == (
        "disarmed by ana: the journal was restored from copy: events 4 to 6 are missing (us-west-2 saw event "
        "6): emptied"
    )
    assert state.review is not None
    assert state.review == state.restored[0]
    later = fold("storefront", grown("Disarmed", onto=RESTORED))
    assert later.review == state.review
    armed = fold("storefront", grown("Armed", "Disarmed", onto=RESTORED))
    assert (armed.review, armed.restored) == (None, state.restored)


def test_the_same_of_the_fleet() -> None:
    assert stopped(RESTORED) == f"the whole fleet is disarmed by ana: {story(state_of().restored[0].said)}"
    assert to_review(RESTORED) is not None
    assert (stopped(grown("Armed", onto=RESTORED)), to_review(grown("Armed", onto=RESTORED))) == (None, None)
    assert to_review(grown("Disarmed", onto=RESTORED)) is not None
    assert to_review(PLAIN) is None


def state_of(events: tuple[Event, ...] = RESTORED) -> State:
    return fold("storefront", events)


@pytest.mark.parametrize(("first", "last"), [(5, 9), (0, 2), (-1, 2), (4, 2)])
def test_what_could_not_be_missing_is_no_event_of_a_journal(first: int, last: int) -> None:
    with pytest.raises(IllegalMove, match=f"event 4 says that {first} to {last} are missing"):
        fold("storefront", grown({"first": first, "last": last}, onto=PLAIN))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "events 4 to 6 are missing (us-west-2 saw event 6): emptied"),
        ({"last": 4, "witness": ""}, "event 4 is missing: emptied"),
        ({"last": 3}, "no controller saw an event after 3, but there may have been some: emptied"),
        ({"silent": ["us-east-1"], "reason": ""}, "(us-west-2 saw event 6); us-east-1 could not be asked"),
    ],
)
def test_what_is_missing_is_a_sentence(change: dict[str, Any], told: str) -> None:
    (*_, event) = grown({**LOST, **change}, onto=PLAIN)
    assert sentence(event).startswith("the journal was restored from copy: ")
    assert sentence(event).endswith(told)
