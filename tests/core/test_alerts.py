"""Alerts and their telling: what is bad, unknown, lost or only quiet, and who tells it when."""

from dataclasses import replace
from typing import Any

import pytest

from controller.core.contracts import CHANGES
from controller.core.decision.alerts import Alert, alerts, journal_lost
from controller.core.decision.decide import Situation, decide
from controller.core.decision.telling import AGAIN, GAP, JOIN, Episode, is_due, pages, place, seen_again
from controller.core.incident.alert_keys import known_by_page
from controller.core.incident.fold import fold
from controller.core.incident.state import State
from controller.core.journal.body import body_of
from controller.core.journal.event import Event, Written, seal
from controller.core.journal.kind import Kind
from controller.core.journal.notes import DriftSeen
from controller.core.model import Observation
from controller.core.policy.schema import Policy
from tests.support.journal_events import drafted, said
from tests.support.policy_scene import (
    CONFIRMED,
    EAST,
    OPENED,
    OTHER,
    T0,
    WEST,
    all_on,
    evidence,
    journal,
    later,
    loaded,
    policy_data,
    situation,
    state,
    storefront,
)

LIMITS = policy_data()["limits"]
WELL, RED, GONE, DUMB = "H" * 12, "H" * 4 + "B" * 8, "H" * 4 + "-" * 8, "H" * 4 + "?" * 8
NOTICES = {"health": ["DYNAMODB"]}


def found(s: Situation) -> dict[str, Alert]:
    decisions = [decide(s, region) for region in s.policy.regions]
    return {alert.key: alert for alert in alerts(s, decisions)}


def seen(policy: Policy, **families: str) -> dict[str, tuple[Observation, ...]]:
    """What is seen of us-east-1, by family; all else is well."""
    parts = {"customer": "checkout", "service": "5xx", "latency": "latency"}
    return evidence(policy, {(parts[key], EAST, ""): said for key, said in families.items()})


CROSSED = policy_data()["signals"]["customer"][0]


@pytest.mark.parametrize(
    ("families", "key"),
    [
        ({"customer": RED}, f"bad/{EAST}"),
        ({"service": RED}, f"bad/{EAST}"),
        ({"customer": GONE}, f"unknown/{EAST}"),
        ({"customer": GONE, "service": RED}, f"bad/{EAST}"),
        ({"service": DUMB, "latency": DUMB}, None),
        ({"customer": DUMB}, f"unknown/{EAST}"),  # a canary that says nothing is an observer that is lost
        ({"customer": DUMB, "service": DUMB, "latency": DUMB}, f"unknown/{EAST}"),
        ({}, None),
    ],
)
def test_what_is_seen_of_a_region_makes_it_bad_or_unknown_or_nothing(
    families: dict[str, str], key: str | None
) -> None:
    policy = storefront()
    assert set(found(situation(policy, evidence=seen(policy, **families)))) == ({key} if key else set())


def test_one_of_two_observers_that_is_needed_is_not_heard_nobody_can_be_sure() -> None:
    policy = storefront()
    partly = evidence(policy, {("checkout", EAST, WEST): GONE})
    (alert,) = found(situation(policy, evidence=partly)).values()
    assert alert.key == f"unknown/{EAST}"
    assert "1 of 2 observers of customer can be heard (needs 2)" in alert.fact
    assert alert.since == pytest.approx(T0 - 8 * 60, abs=5)


def test_what_a_dark_region_takes_along_is_told_with_it_and_not_before() -> None:
    """The canary in us-east-1 was the second observer of us-west-2."""
    policy = storefront(signals=policy_data()["signals"] | {"customer": [CROSSED]})
    dark = {("checkout", WEST, EAST): GONE, ("checkout", EAST, ""): "HHHHHHHHHHBB"}
    told_of = found(situation(policy, evidence=evidence(policy, dark)))
    assert set(told_of) == {f"bad/{EAST}", f"unknown/{WEST}"}
    assert told_of[f"unknown/{WEST}"].since == told_of[f"bad/{EAST}"].since
    alone = found(situation(policy, evidence=evidence(policy, {("checkout", WEST, EAST): GONE})))
    assert alone[f"unknown/{WEST}"].since < told_of[f"unknown/{WEST}"].since  # type: ignore[operator]


def test_a_quorum_counts_from_when_it_was_full_by_our_clock_and_not_from_the_for_of_the_leaf() -> None:
    policy = storefront()
    (alert,) = found(situation(policy, evidence=seen(policy, customer=RED))).values()
    assert alert.since == pytest.approx(T0 - 7 * 60, abs=5)


def test_quiet_health_is_nothing_and_its_notice_alone_makes_no_region_bad() -> None:
    families = policy_data()["signals"] | {"aws": [NOTICES]}
    when = {"any": [policy_data()["evacuate"]["when"],
                    {"in": "source", "family": "aws", "is": "breaching", "for": "2h"}]}  # fmt: skip
    policy = storefront(signals=families, evacuate=policy_data()["evacuate"] | {"when": when})
    quiet = evidence(policy, {("DYNAMODB", "", ""): "-" * 12})
    assert found(situation(policy, evidence=quiet)) == {}
    notice = evidence(policy, {("DYNAMODB", EAST, ""): RED, ("DYNAMODB", WEST, ""): "-" * 12})
    assert found(situation(policy, evidence=notice)) == {}


def test_a_leaf_below_not_and_a_reference_are_read_as_they_are_meant() -> None:
    fails = {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "3m"}
    well = {"not": {"in": "source", "family": "service", "is": "breaching", "signals": 1}}
    evacuate = policy_data()["evacuate"] | {"when": {"all": [{"condition": "fails"}, well]}}
    policy = storefront(conditions={"fails": fails}, evacuate=evacuate)
    assert found(situation(policy, evidence=seen(policy, service=RED))) == {}
    assert set(found(situation(policy, evidence=seen(policy, customer=RED)))) == {f"bad/{EAST}"}


def test_a_region_that_carries_nothing_is_no_alert_and_one_slice_is_enough() -> None:
    policy = storefront()
    red = seen(policy, customer=RED)
    assert found(situation(policy, evidence=red, controls=all_on(policy, EAST))) == {}
    part = all_on(policy, EAST) | {"use1-c": True}
    assert set(found(situation(policy, evidence=red, controls=part))) == {f"bad/{EAST}"}


def test_what_was_turned_on_by_hand_stands_still_since_then_and_not_since_it_fails() -> None:
    policy = storefront()
    gone = dict.fromkeys(policy.regions[EAST].controls, False) | dict.fromkeys(
        policy.regions[WEST].controls, True
    )
    red, part = seen(policy, customer=RED), gone | {"use1-c": True}
    before = replace(state(policy), stand=gone)
    (unwritten,) = found(situation(policy, state=before, evidence=red, controls=part)).values()
    assert unwritten.since == situation(policy, evidence=red).now
    event = Written(1, T0 - 30, "x", None, DriftSeen(controls={"use1-c": True}))
    written = replace(before, stand=part, drift=event)
    (told_of,) = found(situation(policy, state=written, evidence=red, controls=part)).values()
    assert told_of.since == T0 - 30
    everything = dict.fromkeys(gone, True)
    (always,) = found(situation(policy, state=replace(written, stand=everything), evidence=red)).values()
    assert always.since is not None
    assert always.since < T0 - 300


def test_what_every_decision_needs_is_lost() -> None:
    policy = storefront()
    well = evidence(policy, {})
    assert set(found(situation(policy, controls=None, evidence=well))) == {"lost/switch"}
    assert set(found(situation(policy, evidence=None))) == {"lost/evidence"}
    assert set(found(situation(policy, state=None))) == {"lost/journal"}
    unread = replace(state(policy), fleet="cannot be read", fleet_unread=True)
    assert set(found(situation(policy, state=unread, evidence=well))) == {"lost/fleet"}
    older = state(storefront(limits=LIMITS | {"cooldown": "9m"}))
    (alert,) = found(situation(policy, state=older, evidence=well)).values()
    assert (alert.key, "redeploy" in alert.remedy) == ("lost/policy", True)


def test_a_newer_policy_that_another_controller_has_is_given_half_an_hour_to_arrive_here() -> None:
    policy = storefront(controllers=[OTHER, WEST, EAST])
    well = evidence(policy, {})
    superseded = replace(state(policy), policy="newer", policy_by=WEST, deployed=T0 - 1700)
    s = situation(policy, state=superseded, evidence=well)
    assert found(s)["lost/policy"].hushed == f"{WEST} has it, and the others follow"
    assert found(replace(s, now=T0 + 101))["lost/policy"].hushed == ""
    rolled_back = replace(superseded, policy_by=OTHER)
    assert found(replace(s, state=rolled_back))["lost/policy"].hushed == ""


def test_muted_signals_say_nothing_and_hide_no_quorum_of_the_others() -> None:
    policy = storefront()
    gone = seen(policy, customer=GONE)
    assert found(situation(policy, state=replace(state(policy), muted={EAST: T0 + 900}), evidence=gone)) == {}
    muted = replace(state(policy), muted={f"storefront-{EAST}-latency": T0 + 900})
    assert set(found(situation(policy, state=muted, evidence=seen(policy, customer=RED)))) == {f"bad/{EAST}"}


def test_an_open_window_counts_as_told_until_it_closes() -> None:
    shut = [{"cron": "0 8 * * *", "for": "1h", "reason": "release"}]  # T0 is 08:00Z
    policy = storefront(timezone="UTC", limits=LIMITS | {"blackout": shut})
    red = seen(policy, customer=RED)
    s = situation(policy, evidence=red)
    assert found(s)[f"bad/{EAST}"].hushed.startswith("a window is open")
    assert found(replace(s, now=T0 + 3700, evidence=later(red, 3690)))[f"bad/{EAST}"].hushed == ""


def asked(**more: Any) -> tuple[Kind, dict[str, Any]]:
    return Kind.APPROVAL_REQUESTED, {"approval": "r1", "digest": "d", "expires": T0 + 600} | more


def test_a_question_counts_as_told_within_its_time_and_only_where_somebody_heard_of_it() -> None:
    policy = storefront()
    drafts = [OPENED, CONFIRMED, asked()]
    red = seen(policy, customer=RED)
    s = situation(policy, drafts, evidence=red)
    assert found(s)[f"bad/{EAST}"].hushed.startswith("people are asked")
    over = replace(s, now=T0 + 900, evidence=later(red, 890))
    assert found(over)[f"bad/{EAST}"].hushed == ""
    untold = fold("storefront", [*journal_of(s), untold_event(s)])
    soon = replace(s, state=untold, now=T0 + 300, evidence=later(red, 290))
    assert found(soon)[f"bad/{EAST}"].hushed == ""


def journal_of(s: Situation) -> list[Event]:
    return journal(loaded(s.policy), OPENED, CONFIRMED, asked())


def untold_event(s: Situation) -> Event:
    data = {"id": "/approve/r1", "controller": OTHER, "key": f"storefront/{EAST}", "subject": "leave?",
            "text": "why", "path": "/approve/r1", "request": "r1"}  # fmt: skip
    draft = drafted("u", Kind.UNTOLD, T0, f"tidegate@{OTHER}", 1, "storefront-us-east-1-2", data)
    return seal("storefront", draft, journal_of(s)[-1])


def test_a_question_s_time_begins_when_somebody_hears_of_it_and_another_controller_s_voice_is_kept() -> None:
    policy = storefront()
    s = situation(policy, [OPENED, CONFIRMED, asked()])
    events = [*journal_of(s), untold_event(s)]
    told = drafted("t", Kind.TOLD, T0 + 700, f"tidegate@{WEST}", 1, "storefront-us-east-1-2",
                 {"id": "/approve/r1", "controller": WEST, "sent": True})  # fmt: skip
    before = fold("storefront", events)
    after = fold("storefront", [*events, seal("storefront", told, events[-1])])
    assert (before.open.mute, len(before.untold)) == (OTHER, 1)  # type: ignore[union-attr]
    assert after.open.voice == (WEST, T0 + 700)  # type: ignore[union-attr]
    assert after.open.request.expires == T0 + 600 + 700  # type: ignore[union-attr]
    assert after.untold == {}


def test_a_page_of_an_incident_and_an_acknowledgement_are_what_people_know() -> None:
    policy = storefront()
    held = (Kind.ESCALATED, {"code": "switch-unavailable", "reason": "x"})
    known = state(policy, OPENED, held).pages
    assert {f"bad/{EAST}", "lost/switch", f"{EAST}/switch-unavailable"} <= set(known)
    quiet = state(policy, OPENED, (Kind.ESCALATED, {"code": "x", "reason": "x", "quiet": True}))
    assert (quiet.pages, quiet.open.escalated) == ({}, frozenset({"x"}))  # type: ignore[union-attr]
    ended = (Kind.STOOD_DOWN, {"code": "healthy", "reason": ""})
    assert f"bad/{EAST}" in state(policy, OPENED, ended, (Kind.ACKNOWLEDGED, {"reason": ""})).pages


def test_a_page_of_a_region_that_fails_on_the_way_home_tells_of_the_one_that_takes_traffic_back() -> None:
    policy = storefront()
    out = [(Kind.DRILL_OPENED, {"source": EAST}), CONFIRMED,
           (Kind.SHIFT_INTENDED, {"plan": "p", "wave": 1, "changes": [["use1-a", False]]}),
           (Kind.SHIFT_APPLIED, {"plan": "p", "wave": 1, "states": {"use1-a": False}})]  # fmt: skip
    fails = (Kind.ESCALATED, {"code": "target-failing", "reason": "x"})
    assert {f"bad/{EAST}", f"bad/{WEST}"} <= set(state(policy, *out, fails).pages)
    home = state(policy, *out, (Kind.TURNED_BACK, {"outcome": "failed", "reason": "x"}), fails)
    assert set(home.pages) == {f"bad/{EAST}", f"{EAST}/target-failing"}
    assert home.open is not None
    assert set(home.pages) == set(known_by_page(home.open, "target-failing"))


def test_a_deferred_notice_waits_and_makes_nobody_mute() -> None:
    s = situation(storefront(), [OPENED, CONFIRMED, asked()])
    untold = untold_event(s)
    later_ = body_of(Kind.NOTICE_DEFERRED, said(untold) | {"due": T0 + 180})
    draft = replace(untold.draft, body=later_)
    waits = fold("storefront", [*journal_of(s), seal("storefront", draft, journal_of(s)[-1])])
    assert [each.due for each in waits.untold.values()] == [T0 + 180]
    assert (waits.open.mute, str(draft.kind) in CHANGES) == ("", False)  # type: ignore[union-attr]


# When, by whom, and in how many pages.

BAD = Alert(f"bad/{EAST}", "disarmed", "it fails", "disarmed: by ann", "arm", EAST, T0)


def due(at: float, alert: Alert = BAD, told: float | None = None, **more: Any) -> bool:
    policy = storefront(**more)
    known = State("storefront", pages={} if told is None else {alert.key: told})
    return is_due(alert, Episode(T0, T0, at), known, policy, at)


def test_it_is_told_after_five_minutes_or_as_the_policy_says_and_again_each_hour() -> None:
    assert not due(T0 + 299)
    assert due(T0 + 300)
    assert not due(T0 + 599, limits=LIMITS | {"tellAfter": "10m"})
    assert due(T0 + 600, limits=LIMITS | {"tellAfter": "10m"})
    assert not due(T0 + 300 + AGAIN - 1, told=T0 + 300)
    assert due(T0 + 300 + AGAIN, told=T0 + 300)
    assert not due(T0 + 300 + 9 * AGAIN, told=T0 + 300, enforcement="shadow")
    assert not due(T0 + 900, replace(BAD, hushed="a window"))


def test_who_was_told_that_it_fails_need_not_be_told_of_doubt_but_the_other_way_round() -> None:
    doubt = replace(BAD, key=f"unknown/{EAST}")
    known = State("storefront", pages={BAD.key: T0 + 100})
    assert not is_due(doubt, Episode(T0, T0, T0), known, storefront(), T0 + 400)
    known = State("storefront", pages={doubt.key: T0 + 100})
    assert is_due(BAD, Episode(T0, T0, T0), known, storefront(), T0 + 400)


def test_what_stands_anew_soon_after_is_the_same_episode_and_later_is_another() -> None:
    first = seen_again({}, {"a"}, T0)
    gone = seen_again(first, (), T0 + 60)
    soon = seen_again(gone, {"a"}, T0 + JOIN - 1)["a"]
    assert (soon.first, soon.begun) == (T0, T0 + JOIN - 1)
    assert seen_again(gone, {"a"}, T0 + JOIN + 61)["a"].first == T0 + JOIN + 61
    late = seen_again(first, {"a"}, T0 + GAP)["a"]
    assert late.begun == T0
    assert seen_again(first, {"a"}, T0 + GAP + 1)["a"].begun == T0 + GAP + 1


def test_the_driver_tells_first_and_then_the_policy_s_order() -> None:
    policy = storefront(controllers=[OTHER, WEST, EAST])
    assert [place(policy, here, None) for here in (OTHER, WEST, EAST)] == [0, 1, 2]
    assert [place(policy, here, EAST) for here in (OTHER, WEST, EAST)] == [1, 2, 0]


def test_one_page_a_cause_and_its_key_is_stable() -> None:
    policy = storefront()
    fleet = Alert("lost/fleet", "fleet-unreadable", "the fleet's journal cannot be read", "x", "look")
    doubts = [Alert(f"unknown/{r}", "unknown", f"{r}?", "x", "look", r, T0) for r in (EAST, WEST)]
    together = pages(policy, [BAD, fleet, *doubts], [BAD, fleet, *doubts])
    assert [each.key for each in together] == [f"storefront/{EAST}", "storefront/unknown"]
    assert together[0].about == (BAD.key, "lost/fleet")
    assert together[1].regions == (EAST, WEST)
    assert together[1].subject == f"storefront: nobody knows whether {EAST}, {WEST} fail"
    assert pages(policy, doubts[:1], doubts[:1])[0].subject.endswith(f"nobody knows whether {EAST} fails")
    assert "Why nothing moves: disarmed: by ann." in together[0].text
    assert "What is known: x." in together[0].text
    (alone,) = pages(policy, [fleet], [fleet])
    assert (alone.key, alone.subject) == (
        "storefront/fleet",
        "storefront: the fleet's journal cannot be read",
    )
    both = [BAD, replace(BAD, key=f"bad/{WEST}", region=WEST)]
    assert [each.key for each in pages(policy, both, both)] == ["storefront/regions"]
    (shadow,) = pages(storefront(enforcement="shadow"), [BAD], [BAD])
    assert shadow.subject.startswith("[shadow] ")
    assert journal_lost("x").key == "lost/journal"
