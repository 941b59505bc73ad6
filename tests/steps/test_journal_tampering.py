"""S18: a record that was edited, dropped, swapped or cut off is found; people are told, and nothing moves."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.aws.dynamodb.journal import DynamoJournal
from controller.core.journal.event import Event, event_of
from controller.core.journal.kind import Kind
from controller.ports.errors import JournalUnreadable
from controller.steps.context.deps import Deps
from controller.steps.context.journal_head import JournalHead
from controller.steps.context.journalling import read_state
from controller.steps.operator.commands import arm
from tests.support.journal_events import rewritten
from tests.support.policy_scene import OTHER, policy_data
from tests.support.world import World, deploy, failing, rebuilt

Patch = pytest.MonkeyPatch


def edited(w: World) -> None:
    stop = last(w, Kind.DISARMED)
    rewrite(w, stop, rewritten(stop, kind="Armed"))


def swapped(w: World) -> None:
    stop, go = last(w, Kind.DISARMED), last(w, Kind.ARMED)
    rewrite(w, stop, rewritten(go, seq=stop.seq, prev=stop.prev))
    rewrite(w, go, rewritten(stop, seq=go.seq, prev=go.prev))


def dropped(w: World) -> None:
    delete(w, last(w, Kind.ARMED).seq)


def truncated(w: World) -> None:
    delete(w, last(w, Kind.DISARMED).seq)


def last(w: World, kind: Kind) -> Event:
    return next(event for event in reversed(w.events) if event.kind is kind)


def item(seq: int) -> dict[str, Any]:
    key = {"application": {"S": "storefront"}, "seq": {"N": str(seq)}}
    return {"TableName": "tidegate-journal", "Key": key}


def delete(w: World, seq: int) -> None:
    w.stage.cloud.call("dynamodb", "DeleteItem", OTHER, item(seq))


def rewrite(w: World, event: Event, text: str) -> None:
    """In place, with the hash as it was: who could write a new one could not write those that follow."""
    body = {":b": {"S": text}}
    change = {"UpdateExpression": "SET body = :b", "ExpressionAttributeValues": body}
    w.stage.cloud.call("dynamodb", "UpdateItem", OTHER, item(event.seq) | change)


def tampered(how: Callable[[World], None]) -> World:
    """Armed, disarmed last; then somebody changes the record. Its readers live on or come anew."""
    w = failing()
    w.advance(1)
    arm(w.hand, on=False, who="ana", reason="release")
    arm(w.hand, on=True, who="ana", reason="done")
    arm(w.hand, on=False, who="ana", reason="stop")
    read_state(w.deps)
    how(w)
    if how is not truncated:
        for deps in (w.deps, w.hand):
            forget(deps)
    return w


def forget(deps: Deps) -> None:
    """As if its process had begun just now."""
    assert isinstance(deps.journal, DynamoJournal)
    deps.journal._known.clear()
    deps.journal._rounds.clear()
    deps.folding._state = None


def found_out(w: World) -> bool:
    try:
        read_state(w.deps)
    except JournalUnreadable:
        return True
    return False


@pytest.mark.parametrize("how", [edited, dropped, swapped, truncated], ids=lambda how: how.__name__)
def test_s18_a_record_that_was_changed_is_found_and_nothing_moves(
    how: Callable[[World], None], monkeypatch: Patch
) -> None:
    w = tampered(how)
    assert found_out(w)
    w.advance(150)
    assert w.moves == []
    assert any("the journal cannot be read" in page for page in w.pages)
    monkeypatch.setattr("controller.aws.dynamodb.journal.broken_at", lambda *_, **__: None)
    unchecked = lambda _application, item: event_of(item["body"]["S"])  # noqa: E731
    monkeypatch.setattr("controller.aws.dynamodb.journal.event_in", unchecked)
    w = tampered(how)
    forget(w.deps)
    w.deps.journal_head._heads.clear()  # what was changed at the end is missed by those alone who remember it
    assert not found_out(w)


def cut_while_nobody_ran() -> World:
    """Disarmed last, and a tick has seen it. That event goes, and only a fresh process looks."""
    w = failing(limits=policy_data()["limits"] | {"tellAfter": "1h"})
    assert w.state.policy == w.stage.policy.digest  # loaded first
    arm(w.hand, on=False, who="ana", reason="stop")
    w.advance(65)
    truncated(w)
    deploy(w, rebuilt(w))
    w.advance(130)
    return w


def test_s18_a_tail_that_was_cut_off_before_a_process_began_is_found(monkeypatch: Patch) -> None:
    w = cut_while_nobody_ran()
    assert w.moves == []
    assert [page for page in w.pages if "the journal cannot be read" in page] != []
    records = [record for _, record in w.hand.assessments.between("storefront", 0.0, 1e11)]
    assert {record["head"]["seq"] for record in records} == {2}  # handed on by those that found it missing
    assert "this controller saw event 2" in records[-1]["decisions"][0]["reason"]
    real = JournalHead.after_reading
    monkeypatch.setattr(
        JournalHead, "after_reading", lambda self, _expected, *read, **of: real(self, None, *read, **of)
    )
    assert cut_while_nobody_ran().moves


def test_without_its_assessments_a_fresh_process_evacuates_all_the_same() -> None:
    w = failing()
    w.down.add("us-east-2 tidegate-assessments")
    deploy(w, rebuilt(w))
    assert w.until(w.has(Kind.SETTLED), 120)
