"""Approvals in a world of three controllers, each promise with its guard in place and then taken out."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.incident import fold
from controller.core.incident.approval import Request, answered
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.steps.operator import approve as answers
from controller.steps.operator.approve import Answered, answer
from tests.steps.application_shapes import THIRD, sliced
from tests.steps.guard_removal import unconditional_appends
from tests.support.invariant_checks import kinds
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.three_controllers import ASKED, CLOCKS, ended
from tests.support.world import World, failing

Patch = pytest.MonkeyPatch


def asked(**changes: Any) -> tuple[World, str]:
    w = failing(**{**ASKED, **changes})
    assert w.until(lambda: Kind.APPROVAL_REQUESTED in kinds(w), 120)
    w.advance(2)
    return w, waiting(w)


def waiting(w: World) -> str:
    incident = w.truth.open
    assert incident is not None
    assert incident.request is not None
    return incident.request.id


def in_two_regions() -> list[Answered]:
    """The driver is cut off from the journal; one person says yes in one Region, one says no in another."""
    w, request = asked()
    w.stage.faults.journal_unreachable.add(OTHER)
    tasks = [
        w.stage.runtime.spawn(
            lambda region=region, who=who: answer(w.hands[region], request, who=who, approve=who == "ana")  # type: ignore[misc]
        )
        for region, who in ((WEST, "ana"), (EAST, "ben"))
    ]
    w.advance(5)
    return [task.result() for task in tasks]


def test_a1_of_two_clicks_in_two_regions_during_a_partition_one_counts(monkeypatch: Patch) -> None:
    assert sorted(each.counted for each in in_two_regions()) == [False, True]
    unconditional_appends(monkeypatch)
    assert [each.counted for each in in_two_regions()] == [True, True]


def another_target() -> Answered:
    """Asked about us-west-2, which falls ill: the third Region would be taken now."""
    prefer = policy_data()["target"] | {"prefer": [WEST, THIRD, EAST]}
    w, request = asked(**sliced(4, THIRD), target=prefer)
    w.asleep |= {"Tick", "Assess"}
    w.say(west=Verdict.UNKNOWN)
    w.advance(60)
    return answer(w.hand, request, who="ana", approve=True)


def test_a3_an_approval_is_of_the_plan_that_was_shown(monkeypatch: Patch) -> None:
    said = another_target()
    assert (said.counted, said.sentence) == (False, "the plan has changed since; a new request will be sent")
    monkeypatch.setattr(answers, "binding", lambda _policy, incident, _goal: incident.request.digest)
    assert another_target().counted


def taken_over(*, approve: bool = True) -> Answered:
    """Another controller drives since, and has not asked anew yet."""
    w, request = asked()
    w.stage.faults.controllers_dead.add(OTHER)
    w.asleep.add("Assess")
    assert w.until(lambda: Kind.TAKEN_OVER in kinds(w), 300)
    return answer(w.hands[WEST], request, who="ana", approve=approve)


def test_a4_a_request_of_a_driver_that_was_replaced_is_refused_and_says_so(monkeypatch: Patch) -> None:
    for approve in (True, False):
        said = taken_over(approve=approve)
        assert not said.counted
        assert "another controller drives this incident since you were asked" in said.sentence
    monkeypatch.setattr(answers, "_refusal", lambda *_: None)
    assert taken_over().counted


def approved_elsewhere() -> bool:
    """Approved by way of a controller whose clock is twenty minutes behind the driver's."""
    clocks = CLOCKS[1]
    w = failing(skews=clocks, **ASKED)
    assert w.until(lambda: Kind.APPROVAL_REQUESTED in kinds(w), 120)
    w.advance(2)
    assert clocks[OTHER] - clocks[WEST] == 1200.0
    assert answer(w.hands[WEST], waiting(w), who="ana", approve=True).counted
    w.advance(60)
    return bool(w.moves)


def test_s17_an_approval_counts_whatever_clock_dated_it(monkeypatch: Patch) -> None:
    """Found: dated before its question, it was taken for too old at once, and people were asked for ever."""
    assert approved_elsewhere()

    def as_dated(request: Request, event: Any) -> Request:
        return replace(answered(request, event), at=event.at)

    monkeypatch.setattr(fold, "answered", as_dated)
    assert not approved_elsewhere()


def test_one_who_says_yes_in_any_region_is_heard() -> None:
    w, _ = asked()
    assert ended(w, 120)
    assert kinds(w)[-1] is Kind.SETTLED
