"""A lost journal is put back as far as the backup goes; what is missing is said, told, and nothing moves."""

from dataclasses import replace

import pytest

from controller.aws.dynamodb.journal_backup import DynamoJournalBackup
from controller.core.journal.event import Event, broken_at, event_of, hash_of, seal
from controller.core.journal.kind import Kind
from controller.core.journal.notes import JournalRestored
from controller.core.model import Verdict
from controller.ports.errors import JournalUnreadable, OutsideUnreachable
from controller.ports.storage import StoredItem
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import read_state
from controller.steps.operator.commands import arm, arm_fleet, mute
from controller.steps.operator.journal_restore import look, restore
from tests.steps.lost_journal import (
    COPY,
    TABLE,
    back_up,
    backup,
    call,
    empty,
    items,
    lived,
    lost,
    made_anew,
    put_back,
    speak,
)
from tests.support.journal_events import grown, rewritten
from tests.support.policy_scene import EAST, OTHER, WEST
from tests.support.three_controllers import TRIO
from tests.support.world import World, build_controller, rebuilt


def unwarned(w: World) -> Deps:
    """A fresh process that could not read what the controllers saw: it takes a part for the whole."""
    fresh = rebuilt(w)
    fresh.journal_head._tried = True
    return fresh


def test_what_was_lost_is_put_back_and_what_is_missing_is_said() -> None:
    w = lived()
    before = w.events
    at = w.stage.kernel.now()
    for number in range(4, 7):
        speak(w, number)
        w.advance(60)
    whole = w.events
    w.advance(180)
    back_up(w, at)
    empty(w)
    outlook, done = put_back(w)
    assert (outlook.silent, outlook.refusal, done.done) == ((), None, True)
    events = w.events
    assert events[: len(before)] == before
    assert broken_at(events) is None
    said = events[len(before)].body
    assert isinstance(said, JournalRestored)
    assert (said.first, said.last, said.head) == (len(before) + 1, whole[-1].seq, whole[-1].hash)
    assert (said.witness, said.table, said.reason) == (OTHER, COPY, "a script emptied it")
    assert events[len(before)].draft.by == "ana"
    assert f"events {said.first} to {said.last} are missing" in done.sentence
    assert read_state(w.deps).stopped == f"disarmed by ana: {w.state.armed_reason.partition(': ')[2]}"
    fleet = w.hand.journal.read("*fleet*")
    assert [event.kind for event in fleet] == [Kind.DISARMED, Kind.ARMED, Kind.JOURNAL_RESTORED]


def test_policies_and_approvals_come_back_leases_and_checkpoints_do_not() -> None:
    w = lived()
    for name in ("policy#5e6f", "approval#7a", "lease#storefront", "checkpoint#storefront#us-east-2"):
        item = {"application": {"S": name}, "seq": {"N": "0"}, "text": {"S": "kept"}}
        call(w, "PutItem", TableName=TABLE, Item=item)
    w.advance(301)
    back_up(w)
    empty(w)
    newer = {"application": {"S": "approval#7a"}, "seq": {"N": "0"}, "text": {"S": "newer"}}
    call(w, "PutItem", TableName=TABLE, Item=newer)
    put_back(w)
    found = {item["application"]["S"]: item.get("text", {}).get("S") for item in items(w) if "text" in item}
    assert found == {"policy#5e6f": "kept", "approval#7a": "newer"}


def test_nothing_moves_until_somebody_arms_and_people_are_told_each_hour() -> None:
    w = lost()
    put_back(w)
    w.say(east=None)
    before = len(w.pages)
    w.advance(600)
    told = w.pages[before:]
    assert [page for page in told if "the journal was" in page] == ["storefront: the journal was restored"]
    assert [page for page in told if "fleet's journal was restored" in page] != []
    assert w.moves == []
    w.advance(3600)
    assert w.pages.count("storefront: the journal was restored") == 2
    text = next(n.text for n in w.stage.cloud.outbox.notices if "the journal was restored" in n.subject)
    assert "are missing (us-east-2 saw event" in text
    assert "`tidegate arm --reason WHY`" in text


def test_armed_again_it_goes_on_as_ever() -> None:
    w = lost()
    put_back(w)
    w.advance(120)
    assert arm(w.hand, on=True, who="ben", reason="looked").done
    assert arm_fleet(w.hand, on=True, who="ben", reason="looked").done
    told = len([page for page in w.pages if "journal was restored" in page])
    w.advance(4000)
    assert len([page for page in w.pages if "journal was restored" in page]) == told
    w.say(east=Verdict.BREACHING)
    assert w.until(w.has(Kind.SETTLED), 900)
    assert broken_at(w.events) is None


def test_it_is_announced_to_other_tools() -> None:
    w = lost()
    found: list[dict[str, object]] = []
    publish = w.hand.notices.publish
    w.hand.notices.publish = lambda schema, detail: (found.append(detail), publish(schema, detail))  # type: ignore[method-assign]
    put_back(w)
    assert [each["change"] for each in found] == ["restored"]
    assert "are missing" in str(found[0]["reason"])


def test_a_table_that_was_made_anew_is_filled_too() -> None:
    w = lost()
    made_anew(w)
    with pytest.raises(JournalUnreadable, match="event"):
        read_state(w.deps)
    put_back(w)
    assert w.state.review is not None


@pytest.mark.parametrize("after", range(8))
def test_however_it_is_cut_short_nobody_reads_a_part_and_the_same_command_goes_on(
    after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = lost()
    put, done = DynamoJournalBackup.put, [0]

    def dies(self: DynamoJournalBackup, item: StoredItem) -> bool:
        done[0] += 1
        if done[0] > after:
            raise OutsideUnreachable("the cable was pulled")
        return put(self, item)

    with monkeypatch.context() as patch:
        patch.setattr(DynamoJournalBackup, "put", dies)
        with pytest.raises(OutsideUnreachable):
            put_back(w)
    fresh = unwarned(w)
    if events_of(w, TABLE):
        try:
            assert read_state(fresh).stopped is not None
        except JournalUnreadable:
            assert events_of(w, TABLE)[0].seq > 1
    put_back(w)
    assert [event.kind for event in w.events].count(Kind.JOURNAL_RESTORED) == 1
    assert w.state.stopped is not None
    assert put_back(w)[1].sentence == "the journals lack nothing: nothing was restored"


def events_of(w: World, table: str) -> tuple[Event, ...]:
    bodies = [i["body"]["S"] for i in items(w, table) if i["application"]["S"] == "storefront"]
    return tuple(sorted((event_of(body) for body in bodies), key=lambda event: event.seq))


def forge(w: World, table: str, number: int) -> None:
    """Another event in its place, and a chain that is whole again after it: who can write it can do that."""
    whole = events_of(w, table)
    forged = list(whole[: number - 1])
    for event in whole[number - 1 :]:
        draft = replace(event.draft, by="mallory") if event.seq == number else event.draft
        forged.append(seal("storefront", draft, forged[-1] if forged else None))
        call(w, "PutItem", TableName=table, Item=dict(backup(w).item_of(forged[-1]).content))
    assert broken_at(forged) is None


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_backup_that_was_changed_is_refused_by_what_the_controllers_saw_then(number: int) -> None:
    """Whatever of it: each minute a controller kept the last event, whose hash stands for all before it."""
    w = lost()
    forge(w, COPY, number)
    outlook, done = put_back(w)
    assert outlook.refusal is not None
    assert f"{OTHER} saw another event" in outlook.refusal
    assert (done.done, done.sentence) == (False, outlook.refusal)
    assert items(w) == []


def test_a_backup_whose_chain_is_broken_is_refused() -> None:
    w = lost()
    last = events_of(w, COPY)[-1]
    text = rewritten(last, by="mallory")
    change = {"body": {"S": text}, "hash": {"S": hash_of(text)}}
    (item,) = [i for i in items(w, COPY) if i["seq"]["N"] == "2" and i["application"]["S"] == "storefront"]
    text = rewritten(event_of(item["body"]["S"]), by="mallory")
    call(w, "PutItem", TableName=COPY, Item={**item, "body": {"S": text}, "hash": {"S": hash_of(text)}})
    assert "broken at event 3" in str(put_back(w)[0].refusal)
    call(w, "PutItem", TableName=COPY, Item={**item, **change, "hash": {"S": "0" * 64}})
    assert "an item is no event of its journal" in str(put_back(w)[0].refusal)
    assert items(w) == []


def test_what_somebody_wrote_into_the_table_meanwhile_stands_in_the_way() -> None:
    w = lost()
    mute(unwarned(w), EAST, seconds=1.0, who="ben", reason="in a hurry")
    outlook, done = put_back(w)
    assert "event 1 of storefront stands in the table already (PolicyLoaded by tidegate@" in str(
        outlook.refusal
    )
    assert "make the table anew" in done.sentence


def test_who_writes_between_the_look_and_the_restoring_is_not_written_over() -> None:
    w = lost()
    there = backup(w)
    outlook = look(w.hand, there, reason="x")
    mute(unwarned(w), EAST, seconds=1.0, who="ben", reason="in a hurry")
    done = restore(w.hand, there, outlook, who="ana", tell=lambda _count: None)
    assert not done.done
    assert "is another; somebody wrote to the table meanwhile" in done.sentence
    mine = [event for event in events_of(w, TABLE) if event.seq == 1]
    assert mine[0].kind is Kind.POLICY_LOADED


def test_a_region_that_cannot_be_asked_is_named_and_what_it_saw_is_brought_in_later() -> None:
    w = lived(**TRIO)
    at = w.stage.kernel.now()
    w.advance(240)
    w.down |= {f"{home} tidegate-assessments" for home in (OTHER, EAST)}
    speak(w, 4)  # which the third controller alone writes down that it saw
    w.advance(120)
    whole = w.events
    back_up(w, at)
    empty(w)
    w.stage.faults.apis_dark.add(WEST)
    w.down.clear()
    outlook, done = put_back(w)
    assert (outlook.silent, done.done) == ((WEST,), True)
    said = w.state.restored[0].said
    assert said.silent == (WEST,)
    assert said.last < whole[-1].seq
    assert f"{WEST} could not be asked" in str(w.state.stopped)
    w.stage.faults.apis_dark.clear()
    w.advance(130)
    with pytest.raises(JournalUnreadable):
        read_state(w.every[WEST])
    outlook, done = put_back(w)
    assert (outlook.silent, done.done) == ((), True)
    more = w.state.restored[1].said
    assert (more.first, more.last, more.witness) == (said.first, whole[-1].seq, WEST)
    for home, deps in w.every.items():
        assert read_state(deps).restored == w.state.restored, home
        assert read_state(build_controller(w, home)).restored == w.state.restored
    assert put_back(w)[1].sentence == "the journals lack nothing: nothing was restored"


def cut_after_a_restoration(w: World) -> None:
    """The event that says it stays, and numbers that were lost before are used again, then cut off."""
    put_back(w)
    arm(w.hand, on=True, who="ben", reason="looked")
    arm(w.hand, on=False, who="ben", reason="stop")
    w.advance(65)
    last = w.events[-1]
    assert last.seq <= w.state.restored[0].said.last
    while last.kind is not Kind.DISARMED:
        key = {"application": {"S": "storefront"}, "seq": {"N": str(last.seq)}}
        call(w, "DeleteItem", TableName=TABLE, Key=key)
        last = next(event for event in events_of(w, TABLE) if event.seq == last.seq - 1)
    call(
        w,
        "DeleteItem",
        TableName=TABLE,
        Key={"application": {"S": "storefront"}, "seq": {"N": str(last.seq)}},
    )


def test_a_tail_that_is_cut_off_after_a_restoration_is_found_as_ever() -> None:
    w = lived()
    at = w.stage.kernel.now()
    for number in range(4, 14):
        speak(w, number)
        w.advance(30)
    w.advance(70)
    back_up(w, at)
    empty(w)
    cut_after_a_restoration(w)
    for deps in (w.deps, rebuilt(w)):
        with pytest.raises(JournalUnreadable):
            read_state(deps)


def test_a_cut_tail_that_no_event_explains_is_unreadable_also_where_it_is_claimed_for_others() -> None:
    """Who may append can claim a cut: it disarms and is told; and of another cut it explains nothing."""
    w = lived()
    w.advance(65)
    whole = w.events
    for number in (len(whole), len(whole) - 1):
        key = {"application": {"S": "storefront"}, "seq": {"N": str(number)}}
        call(w, "DeleteItem", TableName=TABLE, Key=key)
    claim = {"first": len(whole) - 1, "last": len(whole), "head": "0" * 64}
    for head, readable in (("0" * 64, False), (whole[-1].hash, True)):
        event = grown({**claim, "head": head}, onto=whole[:-2])[-1]
        call(w, "PutItem", TableName=TABLE, Item=dict(backup(w).item_of(event).content))
        if readable:
            assert read_state(rebuilt(w)).stopped is not None
            before = len(w.pages)
            w.advance(70)
            assert "storefront: the journal was restored" in w.pages[before:]
        else:
            with pytest.raises(JournalUnreadable):
                read_state(rebuilt(w))


def test_what_a_process_alone_had_seen_blocks_it_for_no_longer_than_the_next_process() -> None:
    """It wrote an event, the table was lost within the minute, and nobody could know of it."""
    w = lived()
    at = w.stage.kernel.now()
    w.advance(301)
    alone = rebuilt(w)
    mute(alone, EAST, seconds=1.0, who="tidegate", reason="the last word")
    back_up(w, at)
    empty(w)
    with pytest.raises(JournalUnreadable):
        read_state(alone)
    put_back(w)
    assert w.state.restored[0].said.last < w.state.restored[0].said.first
    assert read_state(alone).review == w.state.review
    assert alone.journal.read("storefront") == w.events


def test_without_the_rule_every_controller_would_stay_blind(monkeypatch: pytest.MonkeyPatch) -> None:
    w = lost()
    put_back(w)
    with monkeypatch.context() as patch:
        patch.setattr("controller.steps.context.journal_head.explained", lambda *_: False)
        with pytest.raises(JournalUnreadable):
            read_state(rebuilt(w))
    assert read_state(rebuilt(w)).review is not None
