"""A run as data: what is told of it is what its journal, its ledger and its routing controls say."""

from dataclasses import replace
from itertools import pairwise

import pytest

from controller.audit.report.run_html import page
from controller.audit.report.wording import because
from controller.core.journal.event import broken_at
from controller.core.journal.kind import Kind
from controller.core.journal.notes import Escalated
from controller.lab.environment.approvers import Mode
from controller.lab.environment.environment import Stage
from controller.lab.environment.observer import RunObserver
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.play import judge, rehearse
from controller.lab.scenarios.run_story import StoryBuilder, answered_no
from controller.readmodel.run import Story
from tests.support.drill_run import ALONE, set_up
from tests.support.secret_search import found_in
from tests.support.task_tokens import tokens
from tests.support.world import World


def told(name: str, *, approve: Mode = "auto") -> Story:
    return _played(name, approve=approve)[0]


def _played(name: str, *, approve: Mode = "auto") -> tuple[Story, Stage]:
    stage, deps = set_up(**ALONE)
    watch = RunObserver(stage, deps, every=60.0)
    run = rehearse(
        stage, deps, SCENARIOS[name], region="us-east-1", approve=approve, beat=lambda _run: _look(watch)
    )
    return StoryBuilder(stage, watch, run, deps.account, approve, 60.0).tell(
        judge(stage, run, approve)
    ), stage


def _look(watch: RunObserver) -> None:
    watch.look()


@pytest.fixture(scope="module")
def played() -> tuple[Story, Stage]:
    return _played("region-dark")


@pytest.fixture(scope="module")
def dark(played: tuple[Story, Stage]) -> Story:
    return played[0]


def test_a6_the_report_of_a_demo_holds_no_task_token(played: tuple[Story, Stage]) -> None:
    story, stage = played
    (secret,) = tokens(World(stage))
    assert found_in(page(story), secret) == []
    assert "plain" in found_in(page(replace(story, says=f"a token: {secret}")), secret)


def test_the_milestones_come_in_order(dark: Story) -> None:
    m = dark.milestones
    assert dark.ok
    assert m.first_signal is not None
    assert m.decided is not None
    assert m.first_shift is not None
    assert m.last_failed_request is not None
    assert 0 < m.first_signal < 90 < 180 < m.decided < m.first_shift < m.last_failed_request < 600


def test_requests_are_those_since_the_break(dark: Story) -> None:
    since = [b for buckets in dark.traffic.values() for b in buckets if b.at >= 0]
    assert dark.failed == sum(b.failed for b in since) > 500
    assert dark.served == sum(b.served for b in since)
    assert min(b.at for b in dark.traffic["us-east-1"]) == -60


def test_the_shares_are_of_the_customers_own_requests_and_move_with_them(dark: Story) -> None:
    first, last = dark.shares[0].parts, dark.shares[-1].parts
    assert 0.3 < (first["us-east-1"] or 0.0) < 0.7
    assert (last["us-east-1"], last["us-west-2"]) == (0.0, 1.0)
    totals = [sum(part or 0.0 for part in share.parts.values()) for share in dark.shares]
    assert totals == pytest.approx([1.0] * len(totals))
    assert all(before.end == after.start for before, after in pairwise(dark.shares))


def test_decisions_are_the_changes_of_code_in_order(dark: Story) -> None:
    codes = [d.code for d in dark.decisions]
    assert codes[:4] == ["healthy", "not-confirmed", "approval", "evacuate"]
    assert all(a != b for a, b in pairwise(codes))
    assert [d.at for d in dark.decisions] == sorted(d.at for d in dark.decisions)
    assert all(d.at >= 0 for d in dark.decisions)


def test_it_tells_why_it_did_not_act_at_first_and_then_did(dark: Story) -> None:
    early, decided = dark.judgements
    assert (early.record["action"], early.record["tree"]["value"]) == ("none", "false")
    assert 30 <= early.at <= 90
    assert "Kept by `when.all.0` is false" in dark.why_not
    assert (decided.record["action"], decided.record["tree"]["value"]) == ("ask", "true")
    assert decided.at == pytest.approx(dark.milestones.decided, abs=1)


def test_every_signal_has_its_whole_past(dark: Story) -> None:
    assert len(dark.lanes) == 10
    (outside,) = [
        lane for lane in dark.lanes
        if (lane.kind, lane.subject, lane.observer) == ("canary", "us-east-1", "us-east-2")
    ]  # fmt: skip
    assert [s.value for s in outside.stretches] == ["healthy", "breaching"]
    (inside,) = [
        lane for lane in dark.lanes
        if (lane.kind, lane.subject, lane.observer) == ("canary", "us-east-1", "us-east-1")
    ]  # fmt: skip
    assert [s.value for s in inside.stretches] == ["healthy", "silent"]
    for lane in dark.lanes:
        assert lane.stretches[0].start == -60
        assert lane.stretches[-1].end == pytest.approx(dark.lasted)


def test_what_moved_is_told_and_what_was_before(dark: Story) -> None:
    assert {shift.control for shift in dark.shifts} == set(dark.regions["us-east-1"])
    assert not any(shift.on for shift in dark.shifts)
    assert all(dark.before.values())
    assert [dark.after[name] for name in dark.regions["us-east-1"]] == [False] * 4
    assert (dark.target, dark.slices_off_at(), dark.broken_at) == ("us-west-2", None, None)
    (asked,) = dark.approvals()
    assert asked.value == "approved"
    # Afterwards people are told only that us-west-2 is seen by one observer less.
    pages = [event for event in dark.journal if isinstance(event.body, Escalated)]
    seen_by_less = [event for event in pages if event.body.region == "us-west-2"]
    (*_, last) = (event for event in dark.journal if event not in seen_by_less)
    assert last.kind is Kind.SETTLED
    assert broken_at(dark.journal) is None


def test_the_steps_are_told_in_words(dark: Story) -> None:
    assert (dark.steps[0].at, dark.steps[0].text) == (0, "us-east-1 goes dark")


def test_a_denial_is_told_as_one() -> None:
    story = told("region-dark", approve="deny")
    assert (story.ok, story.shifts, story.milestones.first_shift) == (True, (), None)
    assert story.milestones.decided is not None
    assert {each.value for each in story.approvals()} == {"denied"}
    assert answered_no(story.journal, "storefront")


def test_a_blip_moves_nothing_and_says_what_kept_it() -> None:
    story = told("blip-43s")
    assert (story.ok, story.shifts, story.target) == (True, (), None)
    assert story.milestones.decided is None
    assert story.milestones.last_failed_request == pytest.approx(43, abs=10)
    assert story.judgements[-1].record["kept_by"]
    assert not answered_no(story.journal, "storefront")


def test_a_forged_backup_is_told_with_what_the_operator_heard_and_why_the_dark_region_stayed() -> None:
    story = told("journal-forged")
    assert (story.ok, story.began, story.journal) == (True, -500.0, ())
    assert story.amiss == "an assessment saw event 3, and the journal holds no event"
    steps = {step.text: step.at for step in story.steps}
    assert steps["us-east-1 goes dark"] == pytest.approx(0.0, abs=1.0)
    (refused,) = (text for text in steps if "another event 1" in text)
    assert refused.startswith("the operator is refused: ")
    assert sum(step.text.startswith("the operator is ") for step in story.steps) == 4
    assert story.milestones.first_signal is not None
    assert story.milestones.first_signal < 60.0
    assert all(judgement.at >= 0.0 for judgement in story.judgements)
    assert "journal-unreadable" in because(story)
    assert any(page.at < 0 and "journal cannot be read" in page.code for page in story.pages)


def test_a_watch_looks_no_more_often_than_it_may() -> None:
    stage, deps = set_up(**ALONE)
    watch = RunObserver(stage, deps, every=60.0)
    assert watch.look()
    stage.advance(30.0)
    assert not watch.look()
    assert watch.look(now=True)
    stage.advance(60.0)
    assert watch.look()


def test_the_record_says_where_the_traffic_of_its_region_went_whatever_was_left_later(dark: Story) -> None:
    intent = next(event for event in dark.journal if event.kind is Kind.SHIFT_INTENDED)
    back = replace(intent.body, source="us-west-2", target="us-east-1")
    later = replace(intent, draft=replace(intent.draft, body=back))
    assert replace(dark, journal=(*dark.journal, later)).target == "us-west-2"
