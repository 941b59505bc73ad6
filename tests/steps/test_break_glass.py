"""Break-glass beside a running controller: journalled once, seen as drift; nothing sent without an intent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from controller.core.incident.fold import fold
from controller.core.journal.event import Draft, Event
from controller.core.journal.kind import Kind
from controller.core.model import Plan
from controller.ports.errors import JournalConflict, SwitchUnavailable
from controller.ports.outside import ReadBack
from controller.steps.context.deps import Deps
from controller.steps.operator.break_glass import Outlook, journal_records, move, plan_move
from tests.support.break_glass_line import Line, line
from tests.support.drill_run import set_up
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, WEST, storefront


def glass_events(deps: Deps) -> list[Event]:
    return [e for e in deps.journal.read(deps.application) if e.kind is Kind.BROKE_GLASS]


def test_each_record_is_journalled_once_with_who_and_its_hash() -> None:
    _, deps = set_up()
    assert journal_records(deps, [line("a"), line("b")]) == 2
    assert journal_records(deps, [line("a"), line("b"), line("c")]) == 1
    events = glass_events(deps)
    assert [said(event)["record"] for event in events] == ["a", "b", "c"]
    assert events[0].draft.by == "ana@host"
    assert events[0].draft.incident is None
    assert said(events[0])["record_hash"] == "hash of a"
    assert (said(events[0])["region"], said(events[0])["reason"]) == (EAST, "dark")
    assert fold(deps.application, deps.journal.read(deps.application)).open is None


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
    assert journal_records(raced, [*records, line("c")]) == 1
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
