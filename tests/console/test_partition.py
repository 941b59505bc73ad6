"""A1 at the gate: two Regions, two people, one answer; with the Regions cut off from each other, too."""

from typing import Any

import pytest

from controller.aws.dynamodb.journal import DynamoJournal
from controller.core.journal.event import Event, broken_at
from controller.core.journal.kind import Kind
from tests.console.console_answers import given
from tests.support.console_world import Browser, Desk, asked_desk
from tests.support.policy_scene import OTHER, WEST
from tests.support.world_faults import Sent

CONTROLLERS = [OTHER, WEST]


def two() -> tuple[Desk, Desk]:
    """A console in each of two Regions; nobody's calls meet trouble."""
    desk = asked_desk(controllers=CONTROLLERS)
    return desk, Desk(desk.w, desk.w.hands[WEST])


def filled(b: Browser, request: str) -> tuple[Browser, str, dict[str, str]]:
    return b, f"/approve/{request}", {**b.form(request), "answer": "approve"}


def at_once(desk: Desk, clicks: list[tuple[Browser, str, dict[str, str]]]) -> list[Any]:
    """All of them posted at the same moment."""
    run = desk.w.stage.runtime
    tasks = [run.spawn(lambda b=b, path=path, form=form: b.post(path, form)) for b, path, form in clicks]
    desk.w.advance(10)
    return [task.result() for task in tasks]


def test_a1_two_people_click_in_two_regions_at_once_and_one_answer_counts() -> None:
    desk, there = two()
    clicks = [filled(here.browser(who), desk.request) for here, who in ((desk, "u-ana"), (there, "u-ben"))]
    assert sorted(response.status for response in at_once(desk, clicks)) == [303, 409]
    assert given(desk) == 1
    assert desk.w.until(desk.w.has(Kind.SETTLED), 120)
    assert desk.w.count(Kind.SHIFT_APPLIED) == 1


def test_a1_without_the_conditional_append_both_would_count(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, there = two()
    clicks = [filled(here.browser(who), desk.request) for here, who in ((desk, "u-ana"), (there, "u-ben"))]
    put = DynamoJournal._put

    def whatever(self: DynamoJournal, event: Event) -> None:
        send = self._replicas.send
        bare = {"ConditionExpression", "ExpressionAttributeNames"}
        with monkeypatch.context() as patch:
            patch.setattr(
                self._replicas, "send",
                lambda name, **params: send(name, **{k: v for k, v in params.items() if k not in bare}),
            )  # fmt: skip
            put(self, event)

    monkeypatch.setattr(DynamoJournal, "_put", whatever)
    assert [response.status for response in at_once(desk, clicks)] == [303, 303]
    assert desk.w.overwritten is not None


def test_a1_in_a_partition_both_click_and_the_one_without_a_quorum_is_told_so() -> None:
    desk = asked_desk(controllers=CONTROLLERS)
    cut = Desk(desk.w, desk.w.every[WEST])
    ben, ana = filled(cut.browser("u-ben"), desk.request), filled(desk.browser("u-ana"), desk.request)
    desk.w.stage.faults.journal_unreachable.add(WEST)
    lost, counted = at_once(desk, [ben, ana])
    assert (lost.status, counted.status) == (503, 303)
    assert "Nothing was read or written" in lost.body.decode()
    assert given(desk) == 1
    desk.w.stage.faults.journal_unreachable.clear()
    again = ben[0].post(*ben[1:])
    assert again.status == 409
    assert "approved already by ana@storefront.example" in again.body.decode()
    assert desk.w.until(desk.w.has(Kind.SETTLED), 120)
    assert (given(desk), desk.w.count(Kind.SHIFT_APPLIED)) == (1, 1)
    assert broken_at(desk.w.events) is None


def test_a1_an_answer_whose_reply_is_lost_is_not_said_to_be_unwritten_and_counts_once() -> None:
    desk = asked_desk()
    for name in ("ana@storefront.example", "u-ana"):  # she acted before: the one write is her answer
        desk.w.hand.people.id_of(name)
    alone = Desk(desk.w, desk.w.deps)
    b, path, form = filled(alone.browser("u-ana"), desk.request)
    written: list[Sent] = []

    def landed_and_then_deaf(sent: Sent) -> str | None:
        if sent.step or sent.service != "dynamodb":
            return None
        if sent.operation == "PutItem" and not written:
            written.append(sent)
            return "lost"
        return "refused" if written else None

    with desk.w.troubled(landed_and_then_deaf):
        response = b.post(path, form)
    assert response.status == 503
    assert "It is not known whether this counted" in response.body.decode()
    assert given(desk) == 1
    assert b.post(path, form).status == 409
    assert b"approved already by ana" in desk.browser("u-ben").get(path).body
    assert desk.w.until(desk.w.has(Kind.SETTLED), 150)
    assert (given(desk), desk.w.count(Kind.SHIFT_APPLIED)) == (1, 1)
