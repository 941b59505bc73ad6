"""L8: what is bad, unknown or lost and stands still is told, whatever keeps it, and again each hour."""

from itertools import pairwise
from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.core.policy.validation import expected_signals
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.rehearsal.services.sns import Notice
from controller.steps.context.journalling import load_state
from controller.steps.operator import commands
from controller.steps.tick import alert_pages, keep_alive
from tests.support.approval_request import question, yes
from tests.support.journal_events import said
from tests.support.policy_scene import ACCOUNT, EAST, OTHER, WEST, policy_data
from tests.support.three_controllers import ASKED, TRIO
from tests.support.world import FREE, World, failing, redeployed, world

HOUR = 3600.0
WHY: dict[str, Any] = {"who": "ann", "reason": "maintenance"}
FAILING, DOUBT = f"storefront {EAST}: failing, and not left", "nobody knows whether"
LIMITS = policy_data()["limits"]


def told(w: World, word: str = "") -> list[Notice]:
    """The pages that hold a word, oldest first."""
    return [each for each in w.stage.cloud.outbox.notices if word in f"{each.subject}\n{each.text}"]


def minutes(w: World, since: float, word: str = "") -> list[int]:
    """How many minutes after `since` each of these pages came."""
    return [int((each.at - since) / 60) for each in told(w, word)]


def dark(w: World, hours: float) -> float:
    """us-east-1 fails from now on; return when that began."""
    began = w.stage.kernel.now()
    w.say(east=Verdict.BREACHING)
    w.advance(hours * HOUR)
    return began


def disarmed(**changes: Any) -> World:
    w = world(**changes)
    w.advance(130)
    assert commands.arm(w.hand, on=False, **WHY).done
    w.stage.cloud.outbox.notices.clear()
    return w


def hourly(found: list[int], hours: int) -> bool:
    """One page within seven minutes, then one each hour."""
    return len(found) == hours and 5 <= found[0] <= 7 and all(b - a in (60, 61) for a, b in pairwise(found))


def test_disarmed_and_dark_for_three_hours_people_are_told_each_hour_and_how_to_arm_it() -> None:
    w = disarmed()
    began = dark(w, 3)
    assert hourly(minutes(w, began), 3)
    (first, *_) = told(w)
    assert (first.subject, first.key) == (FAILING, f"storefront/{EAST}")
    assert "disarmed by ann: maintenance" in first.text
    assert "2 of 2 observers say customer is breaching" in first.text
    assert "You can: `tidegate arm`" in first.text


def test_l8_without_the_rule_nobody_hears_of_three_dark_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_pages, "is_due", lambda *_, **__: False)
    w = disarmed()
    dark(w, 3)
    assert told(w) == []


def test_a_fleet_journal_that_cannot_be_read_is_told_and_so_is_the_region_that_it_keeps() -> None:
    w = world()
    w.advance(130)
    item = {"application": {"S": "*fleet*"}, "seq": {"N": "1"}, "body": {"S": '{"garbage":1}'}}
    table = w.stage.deployment.journal_table
    w.stage.cloud.call("dynamodb", "PutItem", w.deps.here, {"TableName": table, "Item": item})
    lost = w.stage.kernel.now()
    w.advance(600)
    assert len(told(w, "the fleet's journal cannot be read")) == 1
    assert minutes(w, lost)[0] in (5, 6)
    began = dark(w, 2)
    assert minutes(w, began, FAILING)[0] in (5, 6)
    assert len(told(w)) <= 4  # the cause is told with the Region that it keeps


def test_arc_cannot_be_read_after_the_shift_and_people_are_told_within_seven_minutes_and_each_hour() -> None:
    w = failing()
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    w.stage.faults.arc.update(dict.fromkeys(ENDPOINTS, "hung"))
    lost = w.stage.kernel.now()
    w.advance(2 * HOUR)
    found = minutes(w, lost, "the routing controls cannot be read")
    assert hourly(found, 2)
    assert {each.key for each in told(w, "the routing controls cannot be read")} == {"storefront/switch"}


def test_a_deployment_was_rolled_back_and_people_are_told_to_redeploy() -> None:
    w = world()
    w.advance(130)
    other = redeployed(w, limits=LIMITS | {"cooldown": "6m"})
    load_state(other)  # it writes PolicyLoaded, and nothing uses this controller ever after
    lost = w.stage.kernel.now()
    w.advance(420)
    assert minutes(w, lost, "superseded")[0] in (5, 6)
    assert "redeploy" in told(w)[0].text
    began = dark(w, 3)
    assert minutes(w, began, FAILING)[0] in (5, 6)
    assert "redeploy the policy" in told(w, FAILING)[0].text
    assert len(told(w, FAILING)) == 3


def test_where_every_policy_is_superseded_and_nobody_hears_of_a_region_people_are_told_to_redeploy() -> None:
    w = world(**TRIO)
    w.advance(130)
    load_state(redeployed(w, limits=LIMITS | {"cooldown": "6m"}))  # the one that loaded it is rolled back
    blind = w.stage.kernel.now()
    w.verdicts |= dict.fromkeys(w.verdicts) | dict.fromkeys(
        s.id for s in expected_signals(w.stage.policy, ACCOUNT)
    )
    w.advance(900)
    found = minutes(w, blind)
    assert found[0] <= 9
    assert "superseded" in told(w)[0].text


def test_all_controllers_cut_off_from_each_other_people_are_told() -> None:
    w = world(**TRIO, evacuate=FREE)
    w.advance(130)
    w.stage.faults.cut_off |= set(w.every)
    began = dark(w, 1)
    assert minutes(w, began)[0] <= 8
    assert w.moves == []


def test_customers_fail_and_the_condition_asks_for_more_people_are_told_which_leaf_keeps_it() -> None:
    w = world()
    service = [s.id for s in expected_signals(w.stage.policy, ACCOUNT) if s.family == "service"]
    w.verdicts |= dict.fromkeys(service, Verdict.HEALTHY)
    began = dark(w, 2)
    assert hourly(minutes(w, began), 2)
    assert "not-confirmed" in told(w)[0].text
    assert "`when.all.1" in told(w)[0].text
    assert f"tidegate evacuate {EAST}" in told(w)[0].text


def test_the_observers_are_not_heard_while_all_alarms_are_well_and_people_are_told_once_for_both() -> None:
    w = world()
    w.advance(130)
    canaries = [s.id for s in expected_signals(w.stage.policy, ACCOUNT) if s.family == "customer"]
    w.verdicts |= dict.fromkeys(canaries)
    lost = w.stage.kernel.now()
    w.advance(2 * HOUR)
    assert hourly(minutes(w, lost, DOUBT), 2)
    assert f"{EAST}, {WEST}" in told(w)[0].subject
    assert "0 of 2 observers of customer can be heard (needs 2)" in told(w)[0].text


def test_a_night_without_data_while_customers_are_well_is_told_to_nobody() -> None:
    w = world()
    service = [s.id for s in expected_signals(w.stage.policy, ACCOUNT) if s.family == "service"]
    w.verdicts |= dict.fromkeys(service, Verdict.UNKNOWN)
    w.advance(4 * HOUR)
    assert told(w) == []


def test_quiet_hours_are_told_to_nobody_by_any_of_three() -> None:
    w = world(**TRIO)
    w.advance(3 * HOUR)
    assert told(w) == []
    assert w.count(Kind.ESCALATED) == 0


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, None])
def test_a_storm_of_two_hundred_signals_of_which_nothing_is_known_is_three_pages_at_most(
    verdict: Verdict | None,
) -> None:
    monitors = [{"event": f"monitor-{n:02d}", "silentAfter": "3m"} for n in range(97)]
    signals = policy_data()["signals"] | {"service": monitors[:50], "more": monitors[50:]}
    w = world(signals=signals)
    assert len(expected_signals(w.stage.policy, ACCOUNT)) == 200
    w.advance(130)
    began = w.stage.kernel.now()
    w.verdicts |= dict.fromkeys((s.id for s in expected_signals(w.stage.policy, ACCOUNT)), verdict)
    w.advance(1.25 * HOUR)
    found = minutes(w, began)
    assert 1 <= len(found) <= 3
    assert found[0] <= 8


def test_in_a_window_people_know_and_they_are_told_when_it_closes() -> None:
    window = {"cron": "0 8 * * *", "for": "40m", "reason": "release"}  # a world begins at eight
    w = disarmed(timezone="UTC", limits=LIMITS | {"blackout": [window]})
    dark(w, 0.5)
    assert told(w) == []
    w.advance(0.25 * HOUR)
    assert [each.subject for each in told(w)] == [FAILING]


def test_a_muted_region_is_told_when_the_mute_ends() -> None:
    w = disarmed()
    assert commands.mute(w.hand, EAST, seconds=1800, **WHY).done
    w.stage.cloud.outbox.notices.clear()
    dark(w, 0.45)
    assert told(w) == []
    w.advance(600)
    assert [each.subject for each in told(w)] == [FAILING]


def test_a_mute_of_one_signal_hides_no_quorum_of_the_others() -> None:
    w = disarmed()
    service = next(s.id for s in expected_signals(w.stage.policy, ACCOUNT) if s.family == "service")
    assert commands.mute(w.hand, service, seconds=7200, **WHY).done
    dark(w, 0.25)
    assert len(told(w, FAILING)) == 1


def test_a_question_within_its_time_is_enough_and_when_nobody_answered_that_is_told() -> None:
    w = failing(evacuate=policy_data()["evacuate"])
    w.advance(700)
    assert told(w, "failing, and not left") == []
    assert w.until(w.has(Kind.APPROVAL_EXPIRED), 1000)
    w.advance(300)
    assert len(told(w, "failing, and not left")) == 1


def test_in_shadow_an_episode_is_told_once_and_marked() -> None:
    w = world(enforcement="shadow")
    w.advance(130)
    dark(w, 3)
    assert [each.subject for each in told(w)] == [f"[shadow] storefront-{EAST}-2: shadow"]
    w.say(east=Verdict.HEALTHY)
    w.advance(HOUR)
    dark(w, 0.5)
    assert len(told(w, "[shadow]")) == 2


def test_in_shadow_what_opens_no_incident_is_told_once_and_marked_too() -> None:
    w = disarmed(enforcement="shadow")
    dark(w, 3)
    assert [each.subject for each in told(w)] == [f"[shadow] {FAILING}"]


def test_a_region_that_flaps_is_one_episode() -> None:
    w = disarmed()
    for _ in range(10):
        w.say(east=Verdict.BREACHING)
        w.advance(500)
        w.say(east=Verdict.HEALTHY)
        w.advance(220)
    assert 1 <= len(told(w)) <= 2


def test_a_region_that_flaps_for_hours_while_people_are_asked_is_a_few_pages_and_then_they_are_asked() -> (
    None
):
    w = world(evacuate=policy_data()["evacuate"])
    w.advance(600)
    for _ in range(16):
        w.say(east=Verdict.BREACHING)
        w.advance(300)
        w.say(east=Verdict.HEALTHY)
        w.advance(120)
    assert 4 <= len(told(w)) <= 8
    w.stage.cloud.outbox.notices.clear()
    w.say(east=Verdict.BREACHING)  # for good: the question stands, and people are called
    assert w.until(lambda: len(told(w, f"leave {EAST}")) == 1, 720)
    (asked,) = told(w, f"leave {EAST}")
    assert asked.text.endswith(
        "This question was held back for three minutes, because the Region recovered by itself twice before."
    )
    assert w.count(Kind.NOTICE_DEFERRED) >= 1
    assert w.count(Kind.UNTOLD) == 0  # it could be sent: nobody's silence, and in no statistics of it
    yes(w, question(w))
    assert w.until(w.has(Kind.SETTLED), 200)


def test_of_three_controllers_one_tells_and_where_it_is_dead_the_next_does_two_minutes_later() -> None:
    w = disarmed(**TRIO)
    began = dark(w, 2)
    assert hourly(minutes(w, began), 2)
    assert {e.draft.by for e in w.events if e.kind is Kind.ESCALATED} == {f"tidegate@{OTHER}"}
    dead = disarmed(**TRIO)
    dead.stage.faults.controllers_dead.add(OTHER)
    dead.hand = dead.hands[WEST]
    later = dark(dead, 0.5)
    assert [each - minutes(w, began)[0] for each in minutes(dead, later)] in ([2], [3])
    assert {e.draft.by for e in dead.events if e.kind is Kind.ESCALATED} == {f"tidegate@{WEST}"}


def test_a_process_that_forgets_everything_tells_nothing_twice() -> None:
    w = disarmed(enforcement="shadow")
    dark(w, 0.25)
    for _ in range(6):
        w.every[OTHER].episodes.__init__()  # type: ignore[misc]
        w.advance(300)
    assert len(told(w, FAILING)) == 1


def test_processes_that_forget_everything_and_cannot_ask_tell_what_is_lost_at_once_and_each_hour() -> None:
    w = world()
    w.advance(130)
    w.down.add("tidegate-assessments")
    w.stage.faults.arc.update(dict.fromkeys(ENDPOINTS, "hung"))
    for _ in range(90):
        w.every[OTHER].episodes.__init__()  # type: ignore[misc]
        w.advance(60)
    assert len(told(w, "the routing controls cannot be read")) == 2


def test_a_journal_that_is_lost_for_three_hours_is_told_each_hour() -> None:
    w = world()
    w.advance(130)
    w.down.add("tidegate-journal")
    lost = w.stage.kernel.now()
    w.advance(3 * HOUR)
    found = minutes(w, lost, "the journal does not answer")
    assert len(found) == 3
    assert found[0] <= 3


# A driver that cannot tell people.


def no_sns(w: World, *homes: str) -> None:
    w.trouble = lambda sent: "refused" if sent.service == "sns" and sent.home in homes else None


def test_a_driver_that_cannot_tell_people_hands_over_once_and_people_are_asked_and_it_moves() -> None:
    w = failing(**ASKED)
    no_sns(w, OTHER)
    assert w.until(lambda: w.truth.open is not None and w.truth.open.driver != OTHER, 400)
    assert w.until(lambda: w.truth.open.phase == "asked", 200)  # type: ignore[union-attr]
    handed = [said(e) for e in w.events if e.kind is Kind.HANDED_OVER]
    assert [(each["code"], each["driver"]) for each in handed] in ([("untold", WEST)], [("untold", EAST)])
    assert f"{OTHER} cannot tell people" in handed[0]["reason"]
    w.advance(300)
    assert w.count(Kind.HANDED_OVER) == 1
    assert len(told(w, f"leave {EAST}")) >= 1
    yes(w, question(w))
    assert w.until(w.has(Kind.SETTLED), 200)


def test_l8_without_the_hand_over_the_driver_that_cannot_tell_keeps_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keep_alive, "hand_over_to_voice", lambda *_: None)
    w = failing(**ASKED)
    no_sns(w, OTHER)
    w.advance(400)
    assert w.count(Kind.HANDED_OVER) == 0


def test_if_nobody_can_be_told_what_may_go_on_goes_on_and_it_is_told_later() -> None:
    w = failing()
    no_sns(w, OTHER)
    assert w.until(w.has(Kind.SETTLED), 200)
    w.advance(120)
    untold = [said(e)["subject"] for e in w.events if e.kind is Kind.UNTOLD]
    assert [each.rpartition(": ")[2] for each in untold] == ["settled"]
    w.advance(600)
    assert w.count(Kind.UNTOLD) == 1
    w.trouble = lambda _sent: None
    w.advance(90)
    assert [each.subject for each in told(w)] == untold
    assert w.state.untold == {}


def test_an_hour_in_which_nobody_can_be_asked_is_few_events_and_no_denial() -> None:
    w = failing(**ASKED)
    no_sns(w, OTHER, WEST, EAST)
    w.advance(HOUR)
    assert (w.count(Kind.APPROVAL_EXPIRED), w.count(Kind.HANDED_OVER), w.moves) == (0, 0, [])
    assert len(w.kinds) <= 40
    assert w.count(Kind.UNTOLD) <= 3
    w.trouble = lambda _sent: None
    w.advance(120)
    assert len(told(w, f"leave {EAST}")) >= 1
    w.advance(120)
    request = w.truth.open.request  # type: ignore[union-attr]
    assert request is not None
    assert request.expires - w.stage.kernel.now() > 600  # its time began when somebody heard of it
    yes(w, question(w))
    assert w.until(w.has(Kind.SETTLED), 200)
