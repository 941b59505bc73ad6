"""A controller's memory of its own looks: gaps, what was lost, a clock that was set back, and its bound."""

import json

import pytest

from controller.aws.dynamodb import assessments as adapter
from controller.core.journal.kind import Kind
from controller.rehearsal.service import Request, Response, Scope
from controller.steps.tick.self_checks import BLIND, FAR, own_gap
from tests.support.journal_events import said
from tests.support.policy_scene import OTHER
from tests.support.world import World, world

TABLE = "tidegate-assessments"


def blinded(w: World) -> list[tuple[float, float]]:
    return [(said(e)["from"], said(e)["to"]) for e in w.events if e.kind is Kind.BLINDED]


def lines(w: World, word: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in w.log.getvalue().splitlines() if word in line]


def test_an_assessment_that_cannot_be_written_is_said_in_the_log_and_by_a_metric() -> None:
    """Found: one of 2,000 signals passed DynamoDB's largest item, and nothing and nobody said so."""
    w = world()
    w.advance(61)
    assert lines(w, "assessment lost") == lines(w, "AssessmentsLost") == []
    w.down.add(f"{OTHER} {TABLE}")
    w.advance(180)
    lost, metrics = lines(w, "assessment lost"), lines(w, "AssessmentsLost")
    assert len(lost) == len(metrics)
    assert [each["handler"] for each in lost].count("Tick") == 3
    assert {each["level"] for each in lost} == {"ERROR"}
    assert all(str(each["why"]).startswith(("recording an assessment", "reading the")) for each in lost)
    assert {each["AssessmentsLost"][0] for each in metrics} == {1.0}  # type: ignore[index]
    w.down.clear()
    w.advance(120)
    assert lines(w, "assessment lost") == lost
    assert len(blinded(w)) == 1  # and that nothing was written for so long is in the journal


def test_the_first_tick_after_a_gap_reads_no_more_than_it_must() -> None:
    """Found: it read a whole day, which was 497 MB in a Lambda of 512 MB."""
    w = world()
    w.advance(20 * 60)
    w.asleep.add("Tick")
    w.advance(600)
    before, handle = w.stage.kernel.now(), w.stage.cloud.wire.handle
    pages: list[int] = []

    def tapped(request: Request, endpoint: str = "", scope: Scope | None = None) -> Response:
        answer = handle(request, endpoint, scope)
        if request.headers.get("x-amz-target", "").endswith("Query") and TABLE.encode() in request.body:
            pages.append(json.loads(answer.body)["Count"])
        return answer

    vars(w.stage.cloud.wire)["handle"] = tapped
    w.asleep.clear()
    w.advance(61)
    ((since, _),) = blinded(w)
    assert before - 700 < since < before - 590
    assert 0 < len(pages) <= 6
    assert max(pages) <= adapter.PAGE


@pytest.mark.parametrize("beyond", [0, 1])
def test_where_the_bound_of_the_reader_is_met_first_the_gap_says_so(
    monkeypatch: pytest.MonkeyPatch, beyond: int
) -> None:
    """A tick fails, and steps of an incident wrote many records since."""
    w = world()
    w.advance(61)
    w.asleep.add("Tick")
    for _ in range(3):
        w.advance(1)
        w.deps.assessments.add("storefront", w.stage.kernel.now(), {"by": "assess"})
    w.advance(BLIND)
    newest = [record["by"] for _, record in w.hand.assessments.newest_first("storefront", 0.0)]
    monkeypatch.setattr(adapter, "MOST_RECORDS", newest.index("tick") + 1 - beyond)
    gap = own_gap(w.deps, w.stage.kernel.now())
    assert gap is not None
    assert (" bytes were read, back to 2030-01-01T" in gap.beyond) is bool(beyond)
    w.asleep.clear()
    w.advance(61)
    (event,) = [event for event in w.events if event.kind is Kind.BLINDED]
    assert said(event)["from"] == gap.since
    assert said(event).get("reason", "") == (f"perhaps for longer: {gap.beyond}" if beyond else "")


def test_a_gap_of_more_than_a_day_is_no_gap_of_this_deployment() -> None:
    w = world()
    w.advance(61)
    w.asleep.add("Tick")
    assert own_gap(w.deps, w.stage.kernel.now() + FAR - 120) is not None
    assert own_gap(w.deps, w.stage.kernel.now() + FAR + 120) is None


def test_a_clock_that_was_set_back_makes_one_gap_and_no_more() -> None:
    """Times never step back in the chain; but what a controller saw lately it still knows."""
    w = world()
    w.advance(300)
    w.set_clock(OTHER, 600.0)
    w.advance(300)
    w.set_clock(OTHER, 0.0)
    w.advance(500)
    assert len(blinded(w)) <= 2  # when the clock went forward, and when it went back
    moments = [at for at, _ in w.hand.assessments.between("storefront", 0.0, 1e11)]
    assert moments == sorted(moments)
    newest = next(iter(w.hand.assessments.newest_first("storefront", 0.0)))
    assert w.stage.kernel.now() - newest[0] < 61
    assert moments[-1] > newest[0]
