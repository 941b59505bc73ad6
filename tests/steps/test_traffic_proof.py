"""A shift is verified once customers have moved: by the requests that each Region's CloudWatch counted."""

from typing import Any

import pytest

from controller.core.journal.kind import Kind
from tests.steps.scheduled_drill import DRILLS
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, policy_data
from tests.support.request_counts import RULE, counting
from tests.support.world import FREE, World, failing, world


def served(stubborn: float = 0.0, **changes: Any) -> World:
    """us-east-1 fails, and the policy asks for proof."""
    w = failing(traffic=RULE | changes.pop("rule", {}), **changes)
    counting(w, stubborn)
    return w


def verified(w: World) -> list[dict[str, Any]]:
    return [said(event) for event in w.events if event.kind is Kind.SHIFT_VERIFIED]


def test_a_shift_is_verified_when_the_share_has_fallen_and_the_record_says_how_far() -> None:
    w = served()
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    w.advance(80)
    assert verified(w) == []  # read back, well, and no whole minute since
    assert w.until(w.has(Kind.SETTLED), 180)
    (told,) = verified(w)
    assert told["share"] == 0.0
    assert "us-east-1 serves 0% of all requests" in told["sentence"]


def test_customers_who_stay_hold_the_next_wave_and_people_are_told_once() -> None:
    limits = policy_data()["limits"] | {"tellAfter": "30m"}  # the proof's own time is over first
    w = served(stubborn=1.0, evacuate=FREE | {"waves": [2], "settle": "30s"}, limits=limits)
    assert w.until(w.has(Kind.ESCALATED), 600)
    w.advance(300)
    assert (verified(w), w.count(Kind.SHIFT_INTENDED)) == ([], 1)
    told = [said(event) for event in w.events if event.kind is Kind.ESCALATED]
    assert [each["code"] for each in told] == ["traffic-stays"]
    assert "us-east-1 serves 50% of all requests" in told[0]["reason"]
    assert sum("traffic-stays" in subject for subject in w.pages) == 1


def test_a_wave_goes_on_as_soon_as_its_part_has_moved() -> None:
    w = served(evacuate=FREE | {"waves": [2], "settle": "30s"})
    assert w.until(w.has(Kind.SETTLED), 900)
    assert [round(each["share"], 2) for each in verified(w)] == [0.25, 0.0]


@pytest.mark.parametrize(("if_unknown", "goes_on"), [("proceed", True), ("hold", False)])
def test_a_region_that_cannot_be_asked_is_unknown_and_the_policy_says_what_that_means(
    if_unknown: str, goes_on: bool
) -> None:
    w = served(rule={"ifUnknown": if_unknown})
    w.stage.faults.apis_dark.add(EAST)
    assert w.until(w.has(Kind.SHIFT_APPLIED), 120)
    w.advance(60 if goes_on else 500)
    if goes_on:
        (told,) = verified(w)
        assert told["share"] is None
        assert "the share of us-east-1 is not known: us-east-1 cannot be asked" in told["sentence"]
    else:
        assert verified(w) == []
        assert sum("traffic-unknown" in subject for subject in w.pages) == 1


def test_a_dark_region_counts_nothing_and_that_the_others_serve_more_is_the_proof() -> None:
    w = served()
    w.stage.faults.dark.add(EAST)
    assert w.until(w.has(Kind.SETTLED), 500)
    assert [each["share"] for each in verified(w)] == [0.0]


def test_a_drill_in_which_customers_stay_goes_home_and_has_failed() -> None:
    w = world(traffic=RULE, **DRILLS)
    counting(w, stubborn=1.0)
    assert w.until(w.has(Kind.SETTLED), 1500)
    (incident,) = w.state.incidents.values()
    assert incident.outcome == "failed"
    (turned,) = [said(event) for event in w.events if event.kind is Kind.TURNED_BACK]
    assert "us-east-1 serves 50% of all requests" in turned["reason"]
    assert [on for _, _, on in w.moves] == [False] * 4 + [True] * 4


def test_without_the_key_nobody_is_asked() -> None:
    w = failing()
    assert w.until(w.has(Kind.SETTLED), 200)
    assert {call.operation for call in w.calls} & {"GetMetricData"} == set()
