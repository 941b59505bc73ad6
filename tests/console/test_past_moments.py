"""Past moments: the same state as the whole fold gives, whatever is kept."""

import pytest

from controller.console import view_data
from controller.console.view_data import Past
from controller.core.incident.fold import fold
from controller.core.journal.event import seal
from controller.core.journal.kind import Kind
from tests.support.console_world import asked_desk
from tests.support.journal_events import drafted


@pytest.mark.parametrize("every", [1, 2, 3, 250])
def test_the_memory_of_any_moment_is_the_fold_of_what_was_written_by_then(
    every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_data, "EVERY", every)
    desk = asked_desk()
    desk.browser("u-ana").answer(desk.request)
    assert desk.w.until(desk.w.has(Kind.SETTLED), 120)
    events, kept = desk.w.events, Past("storefront")
    for number in [*reversed(range(len(events))), *range(len(events))]:
        at = events[number].at
        until = [e for e in events if e.at <= at]
        assert kept.until(events, at) == fold("storefront", until), number
    assert kept.until(events, 0.0) == fold("storefront", [])


def test_a_clock_that_steps_back_leaves_no_hole_in_the_past() -> None:
    events = list(asked_desk().w.events)
    odd = seal("storefront", drafted("x", Kind.ARMED, events[1].at - 500, "ana"), events[-1])
    assert Past("storefront").until([*events, odd], events[1].at).last == events[1]


def test_the_events_about_a_request_are_found_whoever_reads_first() -> None:
    desk = asked_desk()
    request, early = desk.request, desk.w.events
    desk.browser("u-ana").answer(request)
    events, kept = desk.w.events, Past("storefront")
    both = ["ApprovalRequested", "ApprovalGiven"]
    assert [str(e.kind) for e in kept.about(events, request)] == both
    assert [str(e.kind) for e in kept.about(early, request)] == both[:1]
    assert [str(e.kind) for e in kept.about(events, request)] == both
    assert kept.about(events, "0" * 32) == []
    assert kept.about(asked_desk(2).w.events, request) == []
    assert [str(e.kind) for e in kept.about(events, request)] == both


def test_another_journal_is_another_past() -> None:
    kept, one, two = Past("storefront"), asked_desk(1).w.events, asked_desk(2).w.events
    assert kept.until(one, 1e12).last == one[-1]
    assert kept.until(two, 1e12).last == two[-1]
