"""Figures over time: of a quarter in which everything happened at a known moment."""

import itertools
import random
from typing import Any

import pytest

from controller.audit.approvals import questions
from controller.audit.availability import common, gaps, nobody, seconds, stretches
from controller.audit.report.period_html import review
from controller.audit.report.wording import lasting
from controller.audit.statistics import Account, account, figures, spread
from controller.core.journal.kind import Kind
from tests.audit.html_document import HOSTILE, Read
from tests.support.policy_scene import OTHER, WEST
from tests.support.quarter_journal import BEGIN, DAY, END, LIVE, WEEK, at_time, chained, quarter

CONTROLLERS = (WEST, OTHER, "us-east-1")


def counted(begin: float = BEGIN, end: float = END) -> Account:
    return account("storefront", quarter(), (), CONTROLLERS, begin, end)


def told(begin: float = BEGIN, end: float = END) -> dict[str, Any]:
    return figures(counted(begin, end))


def test_evacuations_by_outcome_by_whom_and_which_were_false() -> None:
    moved = told()["evacuations"]
    assert moved["outcomes"] == {"moved": 4, "stood down": 1, "refused": 1, "rolled back": 1, "open": 0}
    assert (moved["opened"], moved["automatic"], moved["by_person"]) == (7, 6, 1)
    assert (moved["false"], moved["in_shadow"]) == (1, 1)
    assert told()["restores"]["outcomes"]["moved"] == 1


def test_times_to_decision_to_the_first_control_and_to_verified() -> None:
    """Of week 2 alone, `region-dark`: its journal has the moments."""
    times = told(BEGIN + 2 * WEEK, BEGIN + 3 * WEEK - 1)["times"]
    assert times["first_sign_to_opened"]["count"] == 1
    assert 200 < times["first_sign_to_opened"]["median_s"] < 600
    assert times["opened_to_decision"]["median_s"] == 0.2
    assert times["opened_to_first_control"]["median_s"] == 3.3
    assert times["opened_to_verified"]["median_s"] == 33.5
    every = told()["times"]
    assert every["opened_to_verified"]["count"] == 4, "what was rolled back is not counted as verified"
    assert told(BEGIN, LIVE)["times"]["opened_to_decision"]["count"] == 0, "nor what was in shadow"


def test_a_spread_is_nearest_rank_and_of_nothing_says_nothing() -> None:
    assert spread([]) == {"count": 0, "median_s": None, "p90_s": None, "longest_s": None}
    assert spread([7.0]) == {"count": 1, "median_s": 7.0, "p90_s": 7.0, "longest_s": 7.0}
    ten = spread(float(n) for n in range(10, 0, -1))
    assert ten == {"count": 10, "median_s": 5.5, "p90_s": 9.0, "longest_s": 10.0}


def test_approvals_asked_given_denied_and_how_long_people_took() -> None:
    asked = told()["approvals"]
    assert (asked["asked"], asked["given"], asked["denied"], asked["second_ask"]) == (9, 8, 1, 1)
    assert asked["response"]["longest_s"] == 1000.0
    assert {"who": "mia", "answers": 1} in asked["people"]


def asked(at: float, question: str, stage: int = 1, people: int = 1) -> Any:
    return at_time(at, Kind.APPROVAL_REQUESTED, "t", "i", approval=question, digest="d", expires=at + 900,
                   ask=["group:a"], people=people, gate="oncall", stage=stage)  # fmt: skip


def answer(at: float, kind: Kind, by: str = "mia", needed: int = 0) -> Any:
    return at_time(at, kind, by, "i", approval="q1", needed=needed)


@pytest.mark.parametrize(
    ("drafts", "outcome", "took"),
    [
        ([], "waiting", None),
        ([answer(60, Kind.APPROVAL_GIVEN)], "given", 50.0),
        ([answer(60, Kind.APPROVAL_GIVEN, needed=1)], "waiting", None),
        ([answer(60, Kind.APPROVAL_GIVEN, needed=1),
          answer(80, Kind.APPROVAL_GIVEN, "ben")], "given", 70.0),
        ([answer(60, Kind.APPROVAL_DENIED)], "denied", 50.0),
        ([answer(60, Kind.APPROVAL_EXPIRED, "t")], "expired", None),
        ([asked(60, "q1", stage=2), answer(90, Kind.APPROVAL_DENIED)], "denied", 80.0),
        ([asked(60, "q2")], "superseded", None),
        ([at_time(60, Kind.STOOD_DOWN, "t", "i")], "withdrawn", None),
        ([at_time(60, Kind.STOOD_DOWN, "t", "another")], "waiting", None),
    ],
)  # fmt: skip
def test_what_came_of_a_question(drafts: list[Any], outcome: str, took: float | None) -> None:
    found = questions(chained("storefront", iter([asked(10, "q1"), *drafts])))[0]
    assert (found.id, found.outcome, found.took) == ("q1", outcome, took)


def test_drills_and_the_last_that_succeeded_also_where_it_was_before_the_period() -> None:
    drills = told()["drills"]
    assert (drills["opened"], drills["outcomes"]) == (2, {"succeeded": 2})
    assert drills["last_success"]["at"].startswith("2030-02-12")
    late = told(BEGIN + 10 * WEEK, END)["drills"]
    assert (late["opened"], late["last_success"]) == (0, drills["last_success"])
    assert told(BEGIN, BEGIN + DAY)["drills"]["last_success"] is None


def test_hours_armed_disarmed_live_and_in_shadow() -> None:
    hours = told()["hours"]
    assert hours == {"armed": 12 * 24 * 7 + 7 * 24 - 24 - 6, "disarmed": 6.0, "live": 13 * 7 * 24 - 48,
                     "shadow": 24.0, "without_policy": 24.0}  # fmt: skip


def test_the_fleets_switch_disarms_too_and_only_both_together_arm() -> None:
    own = chained("storefront", iter([
        at_time(0, Kind.POLICY_LOADED, digest="a" * 64, enforcement="live", deployed=0.0),
        at_time(100, Kind.DISARMED, reason="x"), at_time(300, Kind.ARMED, reason="y")]))  # fmt: skip
    fleet = [at_time(200, Kind.DISARMED, reason="x"), at_time(400, Kind.ARMED, reason="y")]
    standing = stretches(own, chained("*fleet*", iter(fleet)), 50, 500)
    assert [(s.start, s.armed) for s in standing] == [
        (50, True), (100, False), (200, False), (300, False), (400, True)]  # fmt: skip
    assert all(before.end == after.start for before, after in itertools.pairwise(standing))
    assert standing[-1].end == 500


def test_nobody_was_watching_only_where_every_controller_was_blind() -> None:
    watching = told()["watching"]
    assert watching["nobody_s"] == watching["longest_s"] == 300.0
    assert watching["blind_s"] == {"us-east-1": 1500.0, OTHER: 1200.0, WEST: 1200.0}
    two = account("storefront", quarter(), (), (*CONTROLLERS, "eu-west-1"), BEGIN, END)
    assert figures(two)["watching"]["nobody_s"] == 0.0


def test_gaps_and_what_is_common_to_them_agree_with_a_look_at_each_second() -> None:
    rng = random.Random(5)
    for _ in range(25):
        looks = {who: sorted(rng.sample(range(3000), rng.randint(0, 12))) for who in "abc"}
        spans = {who: gaps([float(at) for at in at_], 100.0, 2500.0) for who, at_ in looks.items()}
        unseen = {
            who: {s for s in range(100, 2500) if not any(at <= s < at + 150 for at in at_ if at <= 2500)}
            for who, at_ in looks.items()
        }
        # A look from before the period still counts within it.
        for who, found in spans.items():
            assert seconds(found) == len(unseen[who]), (looks[who], found)
        assert seconds(nobody(spans, ["a", "b", "c"])) == len(unseen["a"] & unseen["b"] & unseen["c"])
    assert common([]) == []


def test_policies_with_who_loaded_and_who_reviewed_them() -> None:
    policies = told()["policies"]
    assert [(p["digest"][:1], p["enforcement"], p["reviewed_by"]) for p in policies] == [
        ("a", "shadow", []), ("b", "live", ["mia"])]  # fmt: skip
    assert told(BEGIN + WEEK, END)["policies"] == []


def test_the_page_says_the_same_and_needs_nothing_else() -> None:
    read = Read(review(counted()))
    assert read.open == []
    assert "4 of 7 evacuations moved traffic" in read.said
    assert "nobody was watching 5 min" in read.said
    assert "median 3.9 s, p90 16 min 40 s, longest 16 min 40 s (of 9)" in read.said
    assert not {name for name, _ in read.tags} & {"script", "link", "img", "iframe", "object", "base", "a"}
    shapes = [name for name, _ in read.tags if name in ("circle", "path")]
    assert len(shapes) > 20


@pytest.mark.parametrize("bad", HOSTILE)
def test_text_of_a_journal_stays_text(bad: str) -> None:
    drafts = [
        at_time(10, Kind.POLICY_LOADED, bad, digest=bad, enforcement=bad, deployed=0.0),
        at_time(20, Kind.INCIDENT_OPENED, bad, bad, source=bad, reason=bad, requested_by=bad),
        at_time(21, Kind.CONFIRMED, bad, bad, target=bad, reason=bad),
        at_time(22, Kind.APPROVAL_REQUESTED, bad, bad, approval=bad, digest=bad, expires=99.0, ask=[bad]),
        at_time(23, Kind.APPROVAL_DENIED, bad, bad, approval=bad, reason=bad),
        at_time(24, Kind.STOOD_DOWN, bad, bad, code=bad, reason=bad),
        at_time(500, Kind.BLINDED, bad, who=bad, **{"from": 30.0, "to": 500.0}),
    ]
    found = account(bad, chained(bad, iter(drafts)), (), (bad,), 0.0, 600.0)
    read = Read(review(found))
    assert read.open == []
    assert {name for name, _ in read.tags} <= {name for name, _ in Read(review(counted())).tags} | {"p"}
    assert not [key for _, attributes in read.tags for key in attributes if key.startswith("on")]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "never"), (0, "0 s"), (3.25, "3.2 s"), (59.94, "59.9 s"), (61, "1 min 1 s"), (3600, "1 h"),
     (93784, "26 h 3 min")],
)  # fmt: skip
def test_a_duration_in_words(seconds: float | None, words: str) -> None:
    assert lasting(seconds) == words
