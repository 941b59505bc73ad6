"""Break-glass and its record: no send without an intent; each line is journalled once, and watched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from controller.core.incident.fold import fold
from controller.core.journal.event import Draft, Event
from controller.core.journal.kind import Kind
from controller.core.model import Plan
from controller.core.person import is_id
from controller.ports.errors import JournalConflict, OutsideUnreachable, SwitchUnavailable
from controller.ports.outside import ReadBack
from controller.steps.context.deps import Deps
from controller.steps.operator import local_records
from controller.steps.operator.break_glass import Outlook, move, plan_move
from controller.steps.operator.local_records import contradictions, journal_records, waiting
from tests.support.break_glass_line import Line, line
from tests.support.drill_run import set_up
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST, storefront
from tests.support.world import world


def glass_events(deps: Deps) -> list[Event]:
    return [e for e in deps.journal.read(deps.application) if e.kind is Kind.BROKE_GLASS]


def test_each_record_is_journalled_once_with_who_and_its_hash() -> None:
    _, deps = set_up()
    assert journal_records(deps, [line("a"), line("b", 2)]).added == 2
    assert journal_records(deps, [line("a"), line("b", 2), line("c", 3)]).added == 1
    events = glass_events(deps)
    assert [said(event)["record"] for event in events] == ["a", "b", "c"]
    assert deps.people.name_of(events[0].draft.by) == "ana@host"
    found = said(events[0])
    assert found["who"] == events[0].draft.by == deps.people.known("ana@host")
    assert "ana" not in events[0].text
    assert (found["record_hash"], found["machine"], found["number"]) == ("hash of a", "laptop", 1)
    assert (found["region"], found["reason"], found["amiss"]) == (EAST, "dark", "")
    assert fold(deps.application, deps.journal.read(deps.application)).open is None


def test_the_lines_of_a_move_are_one_incident_and_two_moves_are_two() -> None:
    _, deps = set_up()
    brought = journal_records(
        deps, [line("a", stage="intended"), line("b", 2, of="a"), line("c", 3), line("d", 4, of="gone")]
    )
    named = [event.draft.incident for event in glass_events(deps)]
    assert named[0] == named[1]
    assert len(set(named)) == 3
    assert brought.incidents == tuple(dict.fromkeys(named))
    assert all(str(name).startswith("storefront-us-east-1-") for name in named)


def test_a_second_result_of_a_move_is_an_incident_of_its_own() -> None:
    _, deps = set_up()
    lines = [line("a", stage="intended"), line("b", 2, of="a"), line("c", 3, of="a", stage="refused")]
    assert journal_records(deps, lines).added == 3
    assert len({event.draft.incident for event in glass_events(deps)}) == 2


HOSTILE = {
    "stage": "applied\x1b[2J" + "x" * 900, "who": "tidegate@us-east-2", "region": "mars\n-1" + "y" * 900,
    "to": ["us-west-2"], "reason": "r" * 9000, "at": float("inf"), "before": {"use1-a": "On"},
    "after": [1], "plan": 7, "policy": None, "account": {"a": 1}, "credential": 5, "sentence": "\u202e" * 50,
}  # fmt: skip


def test_whatever_a_line_says_each_member_is_bounded_and_nobody_writes_as_a_controller() -> None:
    _, deps = set_up()
    journal_records(deps, [line("a", **HOSTILE)])
    (event,) = glass_events(deps)
    found = said(event)
    assert is_id(event.draft.by)
    assert deps.people.name_of(event.draft.by) == "tidegate@…"
    assert event.draft.incident is not None
    assert event.draft.incident.startswith("storefront-unknown-")
    assert found["at"] == 0.0
    assert [found[name] for name in ("to", "before", "after", "plan", "credential")] == [None] * 5
    assert len(event.text) < 3000
    assert "\x1b" not in event.text
    assert fold(deps.application, deps.journal.read(deps.application)).open is None


def journalled(*lines: Line) -> tuple[Deps, list[Line]]:
    _, deps = set_up()
    journal_records(deps, lines)
    return deps, list(lines)


FIVE = [line(str(n), n) for n in range(1, 6)]


@pytest.mark.parametrize("left", range(5))
def test_a_record_that_was_cut_after_it_was_journalled_is_named_by_its_lines(left: int) -> None:
    deps, _ = journalled(*FIVE)
    other = replace(line("other", 6), body={})
    found = contradictions(deps.journal.read(deps.application), [*FIVE[:left], other])
    gone = [f"line {n} is gone here" for n in range(left + 1, 6)]
    assert [each.partition(";")[0] for each in found[:3]] == gone[:3]
    assert (len(gone) > 3) is any("more lines" in each for each in found)
    assert contradictions(deps.journal.read(deps.application), FIVE) == ()


def test_a_record_that_was_rewritten_with_the_key_is_named_by_the_journal_and_in_the_next_event() -> None:
    deps, lines = journalled(*FIVE[:3])
    forged = [replace(each, hash="another", id=f"f{each.number}") for each in lines]
    brought = journal_records(deps, [*forged, line("4", 4)], forged)
    assert brought.added == 4
    assert brought.amiss[0].startswith("line 1 is another here than in event ")
    amiss = [said(event)["amiss"] for event in glass_events(deps)]
    assert amiss[:3] == ["", "", ""]
    assert all("is another here than in event" in each for each in amiss[3:])
    assert "the journal had line 3 of this record before" in amiss[3]


def rewritten_with_the_key() -> str:
    """What the journal says of line 4, which goes on from lines that were rewritten."""
    deps, lines = journalled(*FIVE[:3])
    forged = [replace(each, hash="another") for each in lines]
    journal_records(deps, [*forged, FIVE[3]], [*forged, FIVE[3]])
    return str(said(glass_events(deps)[-1])["amiss"])


def test_s22_without_the_journal_s_word_a_rewritten_record_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "line 1 is another here than in event" in rewritten_with_the_key()
    monkeypatch.setattr(local_records, "contradictions", lambda _events, _held: ())
    assert rewritten_with_the_key() == ""


def test_what_a_machine_found_damaged_stands_in_the_event_of_its_next_line() -> None:
    deps, _ = journalled(
        replace(line("a", 6), amiss=("the record ends at line 3: lines 4 to 5 are missing",))
    )
    assert said(glass_events(deps)[0])["amiss"] == "the record ends at line 3: lines 4 to 5 are missing"


def test_a_new_record_of_a_host_whose_old_one_the_journal_knows_is_named() -> None:
    deps, _ = journalled(*FIVE)
    fresh = replace(line("x", 1), machine="new key")
    journal_records(deps, [fresh])
    told = said(glass_events(deps)[-1])["amiss"]
    ana = deps.people.known("ana@host")
    assert told == f"it does not go on from the record that {ana} had, up to line 5"
    journal_records(deps, [fresh, replace(line("y", 2), machine="new key")])
    assert said(glass_events(deps)[-1])["amiss"] == "", "said once"
    journal_records(deps, [replace(line("z", 1, who="ben@other"), machine="another's")])
    assert said(glass_events(deps)[-1])["amiss"] == ""


def test_where_names_cannot_be_read_a_record_waits() -> None:
    w = world()
    w.down.add("tidegate-people")
    with pytest.raises(OutsideUnreachable, match="nobody can be told apart"):
        journal_records(w.deps, [line("a")])
    w.down.clear()
    assert glass_events(w.deps) == []
    assert journal_records(w.deps, [line("a")]).added == 1


def test_other_deployments_lines_between_are_no_gap_and_lines_that_wait_are_counted() -> None:
    deps, _ = journalled(FIVE[0], FIVE[3])
    events = deps.journal.read(deps.application)
    assert contradictions(events, FIVE) == ()
    assert (waiting(events, FIVE), waiting(events, [FIVE[0]])) == (3, 0)


class Refusing:
    """Notices that nobody takes: people cannot be told, nor other tools."""

    def send(self, *_: Any, **__: Any) -> None:
        raise OutsideUnreachable("AccessDenied")

    def publish(self, *_: Any) -> None:
        raise OutsideUnreachable("AccessDenied")


def test_where_people_cannot_be_told_from_here_all_is_journalled_and_a_controller_tells_them() -> None:
    _, deps = set_up()
    lines = [line(str(n), n) for n in range(1, 9)]
    assert journal_records(replace(deps, notices=Refusing()), lines).added == 8
    assert len(glass_events(deps)) == 8
    untold = fold(deps.application, deps.journal.read(deps.application)).untold
    assert len(untold) == 8
    assert all("was left by break-glass" in notice.subject for notice in untold.values())


class Raced:
    """A journal into which another machine's command brings the same records at the worst moment."""

    def __init__(self, deps: Deps, records: Sequence[Line]) -> None:
        self.inner, self.deps, self.records = deps.journal, deps, records

    def read(self, application: str) -> tuple[Event, ...]:
        return self.inner.read(application)

    def append(self, application: str, draft: Draft, after: Event | None) -> Event:
        records, self.records = self.records, ()
        if records:
            journal_records(self.deps, records)
        return self.inner.append(application, draft, after)


def test_two_machines_that_journal_the_same_records_write_each_once() -> None:
    _, deps = set_up()
    records = [line("a"), line("b")]
    raced = replace(deps, journal=Raced(deps, records))
    assert journal_records(raced, [*records, line("c")]).added == 1
    assert [said(event)["record"] for event in glass_events(deps)] == ["a", "b", "c"]


class Busy(Raced):
    def append(self, application: str, draft: Draft, after: Event | None) -> Event:
        raise JournalConflict("taken")


def test_a_journal_that_stays_busy_is_said_so() -> None:
    _, deps = set_up()
    with pytest.raises(JournalConflict, match="not in it yet"):
        journal_records(replace(deps, journal=Busy(deps, ())), [line("a")])


class Hand:
    """A switch in memory; `lost`: changes apply, and no endpoint says so; `alone`: the one that does."""

    def __init__(
        self, controls: Mapping[str, bool], said: list[str], *, lost: bool = False, alone: str | None = None
    ) -> None:
        self.controls, self.said, self.lost, self.alone = dict(controls), said, lost, alone

    def read(self, controls: Sequence[str]) -> Mapping[str, bool]:
        return {name: self.controls[name] for name in controls}

    def update(
        self,
        calls: Sequence[Sequence[tuple[str, bool]]],
        *,
        deadline: float,
        fence: Callable[[], None],
        override: Sequence[str] = (),
    ) -> ReadBack:
        fence()
        self.said.append("update")
        states = {name: on for call in calls for name, on in call}
        self.controls |= states
        if self.lost:
            raise SwitchUnavailable("applied but not confirmed")
        return ReadBack(states, self.alone)


def hand(**options: Any) -> tuple[Hand, list[str]]:
    said: list[str] = []
    controls = {name: True for entry in storefront().regions.values() for name in entry.controls}
    return Hand(controls, said, **options), said


def test_the_intent_is_written_before_the_update_and_the_result_after() -> None:
    stage, _ = set_up()
    switch, said = hand()
    seen = plan_move(storefront(), switch, source=EAST, target=None)

    def write_down(body: Mapping[str, Any]) -> str:
        said.append(str(body["stage"]))
        return "id"

    outcome = move(storefront(), switch, stage.runtime, seen, write_down)
    assert said == ["intended", "update", "applied"]
    assert (outcome.stage, outcome.states) == ("applied", seen.after)


def test_an_intent_that_cannot_be_written_sends_nothing() -> None:
    stage, _ = set_up()
    switch, said = hand()

    def full(_body: Mapping[str, Any]) -> str:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        move(
            storefront(),
            switch,
            stage.runtime,
            plan_move(storefront(), switch, source=EAST, target=None),
            full,
        )
    assert said == []


@pytest.mark.parametrize(
    ("options", "lone"), [({"lost": True}, True), ({"alone": "eu-west-1"}, True), ({}, False)]
)
def test_a_change_that_no_other_endpoint_confirms_is_said_to_be_one(
    options: dict[str, Any], lone: bool
) -> None:
    stage, _ = set_up()
    switch, _ = hand(**options)
    seen = plan_move(storefront(), switch, source=EAST, target=None)
    outcome = move(storefront(), switch, stage.runtime, seen, lambda _body: "id")
    assert outcome.stage == "applied"
    assert ("no second endpoint says so" in outcome.sentence) is lone


def test_what_was_refused_cannot_be_moved() -> None:
    stage, _ = set_up()
    switch, said = hand()
    seen = plan_move(storefront(), switch, source=EAST, target=None)
    made: Plan | None = seen.plan
    refused = Outlook(EAST, WEST, seen.before, made, "the floor forbids it")
    with pytest.raises(ValueError, match="nothing to move"):
        move(storefront(), switch, stage.runtime, refused, lambda _body: "id")
    assert said == []
