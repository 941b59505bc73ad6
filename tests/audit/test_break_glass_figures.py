"""Moves by break-glass in the figures, in the review of a period and in a bundle's incidents."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from controller.audit.bundle import extracts
from controller.audit.report.period_html import review, sections
from controller.audit.statistics import account, figures
from controller.core.incident.fold import fold
from controller.core.journal.event import Draft, Event
from controller.core.journal.kind import Kind
from controller.readmodel.run import sentence
from tests.audit.html_document import HOSTILE, Read
from tests.support.journal_events import drafted
from tests.support.policy_scene import OTHER
from tests.support.quarter_journal import BEGIN, DAY, at_time, chained

EAST = {"use1-a": True, "use1-b": True}
WHO = "ana@host"


def record(at: float, name: str, stage: str, who: str = WHO, **more: Any) -> Draft:
    moved = stage == "applied"
    after = dict.fromkeys(EAST, not moved)
    said = {"record": f"{name}-{stage}", "record_hash": "h", "stage": stage, "who": who, "at": at,
            "region": "us-east-1", "to": "us-west-2", "before": EAST, "after": after, "reason": "dark",
            "credential": "AKIDEXAMPLE", "account": "123456789012", "policy": "b" * 64,
            "sentence": f"{who}: us-east-1 -> us-west-2, {stage}: dark"}  # fmt: skip
    return drafted(f"{name}-{stage}", Kind.BROKE_GLASS, at + 60, who, 0, name, said | more)


def drafts() -> Iterator[Draft]:
    yield at_time(BEGIN, Kind.POLICY_LOADED, f"tidegate@{OTHER}", digest="b" * 64, deployed=BEGIN,
                  controls=EAST, enforcement="live")  # fmt: skip
    yield record(BEGIN + 1000, "first", "intended", after=dict.fromkeys(EAST, False))
    yield record(BEGIN + 1002, "first", "applied")
    yield record(BEGIN + DAY, "second", "refused", "ben@jump")
    yield record(
        BEGIN + 2 * DAY, "third", "unconfirmed", amiss="the record ends at line 3: line 4 is missing"
    )


@pytest.fixture(scope="module")
def events() -> tuple[Event, ...]:
    return chained("storefront", drafts())


def test_moves_are_counted_by_what_became_of_them_and_by_whom(events: tuple[Event, ...]) -> None:
    told = figures(account("storefront", events, (), (OTHER,), BEGIN, BEGIN + 7 * DAY))
    assert told["break_glass"] == {
        "moves": 3,
        "outcomes": {"moved": 1, "refused": 1, "unconfirmed": 1},
        "people": [{"who": WHO, "moves": 2}, {"who": "ben@jump", "moves": 1}],
    }
    assert told["also"]["break_glass"] == 4, "its lines are counted too"
    assert told["evacuations"]["opened"] == told["restores"]["opened"] == told["drills"]["opened"] == 0


def test_a_period_counts_a_move_when_the_journal_heard_of_it_so_that_none_is_lost_between_two(
    events: tuple[Event, ...],
) -> None:
    made, heard = BEGIN + 1002, BEGIN + 1060
    before = figures(account("storefront", events, (), (OTHER,), BEGIN, made + 20))
    assert before["break_glass"]["moves"] == 0
    later = figures(account("storefront", events, (), (OTHER,), made + 20, BEGIN + 7 * DAY))
    assert later["break_glass"]["moves"] == 3
    assert {each["id"] for each in incidents(events, made + 20)} >= {"first"}
    ids = {each["id"] for each in incidents(events, heard + 20)}
    assert ids == {"second", "third"}


def test_the_review_names_them_and_draws_them_in_a_lane_of_their_own(events: tuple[Event, ...]) -> None:
    found = account("storefront", events, (), (OTHER,), BEGIN, BEGIN + 7 * DAY)
    rows = dict(sections(figures(found)))["Break-glass"]
    assert ("moves by people", "3") in rows
    assert (f"by {WHO}", "2") in rows
    page = review(found)
    assert ">break-glass</text>" in page
    assert "first, moved" in page


@pytest.mark.parametrize("bad", HOSTILE)
def test_whatever_a_machine_calls_itself_is_text_in_the_review(bad: str) -> None:
    made = chained("storefront", iter([*drafts(), record(BEGIN + 3 * DAY, "fourth", "applied", bad)]))
    page = Read(review(account("storefront", made, (), (OTHER,), BEGIN, BEGIN + 7 * DAY)))
    assert not {"script", "img"} & {name for name, _ in page.tags}
    assert page.open == []
    assert "\x1b" not in page.said


def incidents(events: tuple[Event, ...], begin: float, only: str | None = None) -> list[dict[str, Any]]:
    """The bundle's incidents of a period that begins then."""
    found = extracts.Extracts("storefront", begin, BEGIN + 7 * DAY, only)
    for event in events:
        found.take(event)
    return list(json.loads(dict(found.files())["incidents.json"]))


def test_a_bundle_s_incidents_say_who_why_when_and_what_moved(events: tuple[Event, ...]) -> None:
    found = {each["id"]: each for each in incidents(events, BEGIN)}
    first = found["first"]
    assert (first["intent"], first["phase"], first["outcome"]) == ("break-glass", "settled", "applied")
    assert (first["requested_by"], first["reason"]) == (WHO, "dark")
    assert first["moved"] == {"use1-a": "Off", "use1-b": "Off"}
    assert [each["says"] for each in first["journal"]] == [
        f"{WHO}: us-east-1 -> us-west-2, intended: dark",
        f"{WHO}: us-east-1 -> us-west-2, applied: dark",
    ]
    assert (found["third"]["phase"], found["third"]["moved"]) == ("unconfirmed", {})
    assert set(incidents(events, BEGIN, "second")[0]) == set(first)


def test_what_was_amiss_with_the_record_is_said_with_the_event(events: tuple[Event, ...]) -> None:
    assert sentence(events[-1]).endswith(
        "(the machine's record is amiss: the record ends at line 3: line 4 is missing)"
    )
    assert fold("storefront", events).open is None
