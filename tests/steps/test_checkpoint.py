"""A fresh process goes on from the checkpoint that an assessment names, and from nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.aws.dynamodb.journal import WHOLE, DynamoJournal
from controller.core.incident.fold import fold
from controller.core.journal.kind import Kind
from controller.core.journal.notes import Refused
from controller.ports.errors import JournalUnreadable
from controller.steps.context.checkpoint import EVERY
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import read_state, write
from controller.steps.operator.commands import arm
from tests.support.journal_events import rewritten
from tests.support.policy_scene import OTHER
from tests.support.world import World, deploy, failing, rebuilt, world

PLACE = f"checkpoint#storefront#{OTHER}"


def lived(events: int = EVERY) -> World:
    """A controller that has written so many events; its tick has seen them."""
    w = world()
    state = w.state
    for number in range(events - len(w.events)):
        state = write(w.hand, state, Refused(command="arm", reason=str(number)), by="ana")
    w.advance(65)
    return w


def kept(w: World) -> int:
    found = w.stage.cloud.call("dynamodb", "Query", OTHER, {
        "TableName": "tidegate-journal", "KeyConditionExpression": "application = :a",
        "ExpressionAttributeValues": {":a": {"S": PLACE}}})  # fmt: skip
    return len(found["Items"])


def fresh(w: World) -> Deps:
    deps = rebuilt(w)
    w.calls.clear()
    return deps


def items_read(w: World, deps: Deps, monkeypatch: pytest.MonkeyPatch) -> int:
    """Read the state; how many events of the application's journal were read for it."""
    read: list[int] = []
    real = DynamoJournal._events

    def counted(self: DynamoJournal, application: str, first: int, last: int | None = None) -> object:
        found = real(self, application, first, last)
        read.append(len(found) if application == "storefront" else 0)
        return found

    monkeypatch.setattr(DynamoJournal, "_events", counted)
    assert read_state(deps) == w.state
    monkeypatch.setattr(DynamoJournal, "_events", real)
    return read[0] + (read[1] if len(read) > 2 else 0)


@pytest.mark.parametrize(("events", "parts"), [(EVERY - 1, 0), (EVERY, 1)])
def test_a_tick_keeps_one_after_so_many_events(events: int, parts: int) -> None:
    assert kept(lived(events)) == parts


def test_a_fresh_process_reads_what_came_after_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    w = lived()
    for number in range(7):
        write(w.hand, w.state, Refused(command="arm", reason=f"later {number}"), by="ana")
    assert items_read(w, fresh(w), monkeypatch) == 8
    assert read_state(fresh(w)) == fold("storefront", w.events)


def forged(w: World) -> None:
    """Somebody who can write to the journal's table says that all is disarmed."""
    deps = fresh(w)
    state = fold("storefront", w.events)

    deps.checkpoints.keep(
        "storefront", deps.checkpointing.text_of(replace(state, armed=False), deps.deployed)
    )


def gone(w: World) -> None:
    key = {"application": {"S": PLACE}, "seq": {"N": "0"}}
    w.stage.cloud.call("dynamodb", "DeleteItem", OTHER, {"TableName": "tidegate-journal", "Key": key})


def damaged(w: World) -> None:
    item = {"application": {"S": PLACE}, "seq": {"N": "0"}, "part": {"S": "x"}}
    w.stage.cloud.call("dynamodb", "PutItem", OTHER, {"TableName": "tidegate-journal", "Item": item})


def unwitnessed(w: World) -> None:
    w.down.add(f"{OTHER} tidegate-assessments")


@pytest.mark.parametrize("how", [forged, gone, damaged, unwitnessed], ids=lambda how: how.__name__)
def test_what_the_assessment_does_not_name_is_not_believed(
    how: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    w = lived()
    how(w)
    assert items_read(w, fresh(w), monkeypatch) >= EVERY
    assert w.state.armed


def test_another_deployment_reads_the_whole_journal_and_its_tick_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    w = lived()
    later = rebuilt(w, deployed=w.stage.deployment.deployed + 60)
    assert items_read(w, later, monkeypatch) >= EVERY
    deploy(w, later)
    w.advance(65)
    monkeypatch.undo()
    again = rebuilt(w, deployed=w.stage.deployment.deployed + 60)
    assert items_read(w, again, monkeypatch) < EVERY


def changed_before_it(w: World) -> None:
    event = w.events[4]
    key = {"application": {"S": "storefront"}, "seq": {"N": "5"}}
    change = {"UpdateExpression": "SET body = :b",
              "ExpressionAttributeValues": {":b": {"S": rewritten(event, by="mallory")}}}  # fmt: skip
    w.stage.cloud.call(
        "dynamodb", "UpdateItem", OTHER, {"TableName": "tidegate-journal", "Key": key} | change
    )


def test_s18_what_was_changed_before_it_is_found_by_the_tick_within_ten_minutes() -> None:
    w = lived()
    changed_before_it(w)
    deps = fresh(w)
    assert read_state(deps).armed  # it goes on from what was whole when it was kept
    deploy(w, fresh(w))
    w.advance(WHOLE + 130)
    assert any("the journal cannot be read" in page for page in w.pages)
    records = [record for _, record in w.hand.assessments.between("storefront", 0.0, 1e11)]
    assert "broken at event 5" in records[-1]["decisions"][0]["reason"]


def test_s18_the_event_it_stands_on_must_still_be_there() -> None:
    w = lived()
    key = {"application": {"S": "storefront"}, "seq": {"N": str(len(w.events))}}
    w.stage.cloud.call("dynamodb", "DeleteItem", OTHER, {"TableName": "tidegate-journal", "Key": key})
    with pytest.raises(JournalUnreadable, match="no longer what it was"):
        read_state(fresh(w))


def test_an_evacuation_from_a_checkpoint_is_the_same_as_any() -> None:
    w = failing()
    state = w.state
    for number in range(EVERY):
        state = write(w.hand, state, Refused(command="arm", reason=str(number)), by="ana")
    arm(w.hand, on=False, who="ana", reason="not yet")
    w.advance(130)
    assert w.moves == []
    arm(w.hand, on=True, who="ana", reason="now")
    deploy(w, rebuilt(w))
    assert w.until(w.has(Kind.SETTLED), 200)
