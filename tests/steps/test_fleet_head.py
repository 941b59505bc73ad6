"""S22: the fleet's journal has a witness of its end in each controller's assessments."""

from collections.abc import Callable

import pytest

from controller.core.journal.event import Draft, Event, hash_of, seal
from controller.core.journal.notes import Armed
from controller.steps.context.journal_head import JournalHead
from controller.steps.context.journalling import read_state
from controller.steps.context.situation import FLEET
from controller.steps.operator.commands import arm_fleet
from tests.support.journal_events import rewritten
from tests.support.policy_scene import OTHER
from tests.support.world import World, deploy, failing, rebuilt

STOPPED = "the fleet's kill switch cannot be read and counts as disarmed"


def turned(w: World) -> tuple[Event, ...]:
    """Off, on, off: the fleet is stopped, and each controller's tick has seen it."""
    w.advance(1)
    for on in (False, True, False):
        assert arm_fleet(w.hand, on=on, who="ana", reason="outage of ours").done
    w.advance(130)
    return w.hand.journal.read(FLEET)


def key(seq: int) -> dict[str, object]:
    return {"TableName": "tidegate-journal", "Key": {"application": {"S": FLEET}, "seq": {"N": str(seq)}}}


def delete(w: World, seq: int) -> None:
    w.stage.cloud.call("dynamodb", "DeleteItem", OTHER, key(seq))


def put(w: World, seq: int, text: str) -> None:
    change = {"UpdateExpression": "SET body = :b, #h = :h", "ExpressionAttributeNames": {"#h": "hash"},
              "ExpressionAttributeValues": {":b": {"S": text}, ":h": {"S": hash_of(text)}}}  # fmt: skip
    w.stage.cloud.call("dynamodb", "UpdateItem", OTHER, key(seq) | change)


def cut(w: World, events: tuple[Event, ...]) -> None:
    delete(w, events[-1].seq)


def erased(w: World, events: tuple[Event, ...]) -> None:
    for event in events:
        delete(w, event.seq)


def edited_at_the_end(w: World, events: tuple[Event, ...]) -> None:
    put(w, events[-1].seq, rewritten(events[-1], kind="Armed"))


def rewritten_whole(w: World, events: tuple[Event, ...]) -> None:
    """Every event says that the fleet is armed, with all hashes made anew."""
    last = None
    for event in events:
        last = seal(FLEET, Draft(event.draft.id, Armed(reason="x"), event.at, "mallory"), last)
        put(w, event.seq, last.text)


def with_one_more(w: World, events: tuple[Event, ...]) -> None:
    """Rewritten, and longer than what anybody saw."""
    rewritten_whole(w, events)
    last = None
    for event in events:
        last = seal(FLEET, Draft(event.draft.id, Armed(reason="x"), event.at, "mallory"), last)
    assert last is not None
    w.hand.journal._known.clear()  # type: ignore[attr-defined]
    w.hand.journal.append(FLEET, Draft("more", Armed(), last.at, "mallory"), last)


HOWS = [cut, erased, edited_at_the_end, rewritten_whole, with_one_more]


def changed_while_nobody_ran(how: Callable[[World, tuple[Event, ...]], None]) -> World:
    """The fleet is stopped; the record of it is changed, and only fresh processes look."""
    w = failing()
    how(w, turned(w))
    deploy(w, rebuilt(w))
    return w


@pytest.mark.parametrize("how", HOWS, ids=lambda how: how.__name__)
def test_s22_a_fleet_s_journal_that_was_cut_rewritten_or_erased_is_found_by_a_fresh_process(
    how: Callable[[World, tuple[Event, ...]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    w = changed_while_nobody_ran(how)
    w.advance(300)
    assert w.moves == []
    state = read_state(rebuilt(w))
    assert state.fleet_unread
    assert str(state.fleet).startswith(STOPPED)
    assert "this controller saw" in str(state.fleet)
    assert any("fleet" in notice.text for notice in w.stage.cloud.outbox.notices)
    real = JournalHead.after_reading
    monkeypatch.setattr(JournalHead, "after_reading", lambda self, _seen, *a, **k: real(self, None, *a, **k))
    unwitnessed = changed_while_nobody_ran(how)
    assert unwitnessed.until(lambda: bool(unwitnessed.moves), 300)


def test_what_is_as_it_was_goes_on_and_each_controller_keeps_its_own_witness() -> None:
    w = failing()
    turned(w)
    assert arm_fleet(w.hand, on=True, who="ana", reason="done").done
    assert w.until(lambda: bool(w.moves), 300)
    w.advance(130)
    last = w.hand.journal.read(FLEET)[-1]
    kept = [deps.assessments.witness("storefront")["fleet"] for deps in w.every.values()]
    assert kept == [{"seq": last.seq, "hash": last.hash}] * len(w.every)
