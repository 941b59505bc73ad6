"""Outages of what the controller stands on: it fails safe, says so, and goes on when it is back."""

import json
from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.core.policy.validation import expected_signals
from controller.ports.errors import ControllerError
from controller.steps.context.journalling import load_state
from controller.steps.operator.approve import answer
from controller.steps.operator.commands import arm, evacuate
from tests.steps.alarm_event import event
from tests.support.approval_request import GATE, NO_MOVES, asked, question, yes
from tests.support.journal_events import said
from tests.support.policy_scene import ACCOUNT, EAST, policy_data
from tests.support.world import World, deploy, executions, failing, redeployed, stop, world


def codes(w: World) -> list[str]:
    """The code of each decision about us-east-1, oldest first."""
    now = w.stage.kernel.now()
    records = w.hand.assessments.between("storefront", 0.0, now)
    return [d["code"] for _, r in records for d in r["decisions"] if d["region"] == EAST]


def test_the_journal_does_not_answer_nothing_moves_people_are_paged_once_and_why_can_tell() -> None:
    """Found: the tick died before it wrote anything down, and nobody was told."""
    w = failing()
    w.down.add("tidegate-journal")
    w.advance(600)
    assert w.moves == NO_MOVES
    assert codes(w)[-3:] == ["journal-unreadable"] * 3
    assert [page for page in w.pages if "journal" in page] == ["storefront: the journal does not answer"]
    w.down.clear()
    assert w.until(w.has(Kind.SETTLED), 180)
    assert w.whole


def test_evidence_cannot_be_read_nothing_moves_and_heartbeats_go_on() -> None:
    """Found: the tick died at the first poll that it could not store; a waiting callback lapsed."""
    w, request = asked()
    alarm = {"AlarmName": "storefront-us-east-1-5xx", "Namespace": "N", "MetricName": "m", "Period": 60,
             "Statistic": "Average", "EvaluationPeriods": 1, "Threshold": 1.0,
             "ComparisonOperator": "GreaterThanThreshold"}  # fmt: skip
    w.stage.cloud.call("monitoring", "PutMetricAlarm", EAST, alarm)
    w.down.add("tidegate-evidence")
    w.advance(400)
    now = w.stage.kernel.now()
    ticks = [r for _, r in w.hand.assessments.between("storefront", now - 350, now) if r["by"] == "tick"]
    assert [tick["decisions"][0]["code"] for tick in ticks] == ["evidence-unreadable"] * len(ticks)
    assert len(ticks) >= 5
    assert not any(r["by"] == "assess" for _, r in w.hand.assessments.between("storefront", now - 350, now))
    assert question(w) == request
    w.down.clear()
    w.advance(61)
    yes(w, request)
    assert w.until(w.has(Kind.SETTLED), 120)


def test_assessments_cannot_be_written_and_traffic_moves_within_two_minutes_all_the_same() -> None:
    """Found: a table that only tells why stood in the path of an evacuation."""
    w = failing()
    w.down.add("tidegate-assessments")
    assert w.until(w.has(Kind.SETTLED), 120)
    assert w.whole


def test_pages_cannot_be_sent_and_traffic_moves_all_the_same() -> None:
    w = failing()
    w.trouble = lambda sent: "refused" if sent.service in ("sns", "events") else None
    assert w.until(w.has(Kind.SETTLED), 120)


def test_every_read_of_the_controls_is_denied_the_tick_still_decides_and_records() -> None:
    """Found: a refusal by ARC to show a control ended the tick before its record."""
    w = failing()
    names = w.deps.switch
    names._arns.clear()  # type: ignore[attr-defined] - a deployment whose arc.json names no control
    w.advance(130)
    assert codes(w)[-1] == "switch-unavailable"
    assert w.moves == NO_MOVES


def test_shadow_moves_nothing_asks_nobody_and_says_once_what_it_would_have_done() -> None:
    """Found: it asked for an approval, stood down, and opened the next incident a minute later, for ever."""
    w = failing(enforcement="shadow", evacuate=GATE)
    w.advance(1500)
    assert w.moves == NO_MOVES
    assert (w.count(Kind.INCIDENT_OPENED), w.count(Kind.APPROVAL_REQUESTED)) == (1, 0)
    told = [said(e) for e in w.events if e.kind is Kind.ESCALATED]
    assert [t["code"] for t in told] == ["shadow"]
    assert told[0]["reason"] == "shadow: would leave us-east-1 for us-west-2"
    w.say(east=Verdict.HEALTHY)
    assert w.until(w.has(Kind.STOOD_DOWN), 200)


def test_shadow_a_person_s_request_ends_with_what_it_would_have_done() -> None:
    w = world(enforcement="shadow")
    assert evacuate(w.hand, EAST, who="ana", reason="try").done
    assert w.until(w.has(Kind.STOOD_DOWN), 60)
    assert "would leave us-east-1" in str(said(w.events[-1])["reason"])
    assert w.moves == NO_MOVES


def test_the_state_machine_cannot_be_started_the_incident_is_open_and_the_tick_starts_it_later() -> None:
    """Found: an operator was told of a failure although the evacuation was on its way."""
    w = world()
    down = {"StartExecution": "refused"}
    w.trouble = lambda sent: down.get(sent.operation)
    opened = evacuate(w.deps, EAST, who="ana", reason="now")
    assert opened.done
    assert opened.incident == "storefront-us-east-1-2"
    w.advance(130)
    assert w.moves == NO_MOVES
    down.clear()
    assert w.until(w.has(Kind.SETTLED), 120)


def test_silence_is_a_denial_also_while_the_key_of_the_tokens_does_not_answer() -> None:
    """Found: the tick had to decrypt the token before it could write down that nobody answered."""
    w, _ = asked()
    w.trouble = lambda sent: "refused" if sent.service == "kms" else None
    w.advance(960)
    assert w.count(Kind.APPROVAL_EXPIRED) == 1


def test_a_newer_policy_that_asks_nobody_else_leaves_the_question_and_an_older_stack_goes_on() -> None:
    w, request = asked()
    newer = redeployed(w, limits=policy_data()["limits"] | {"cooldown": "2h"}, evacuate=GATE)
    deploy(w, newer)
    w.advance(70)
    assert [e.kind for e in w.events].count(Kind.POLICY_LOADED) == 2
    assert question(w) == request
    deploy(w, w.deps)
    assert answer(w.hand, request, who="ana", approve=True).counted
    assert w.until(w.has(Kind.SETTLED), 300)


def test_an_older_stack_opens_nothing_once_another_policy_is_in_force() -> None:
    w = failing()
    w.asleep.add("Tick")
    load_state(redeployed(w, limits=policy_data()["limits"] | {"cooldown": "2h"}))
    w.asleep.clear()
    w.advance(200)
    assert w.moves == NO_MOVES
    assert codes(w)[-1] == "policy-superseded"


def test_two_handlers_load_the_policy_at_once_and_one_event_says_so() -> None:
    w = world()
    w.asleep.add("Tick")
    both = [w.later("Observe", event("storefront-us-west-2-latency")) for _ in range(4)]
    w.advance(5)
    assert all("opened" in task.result() for task in both)
    assert w.count(Kind.POLICY_LOADED) == 1


def test_two_observers_at_once_open_one_incident() -> None:
    w = failing()
    w.asleep.add("Tick")
    both = [w.later("Observe", event("storefront-us-east-1-5xx", number)) for number in range(3)]
    w.advance(30)
    opened = [task.result()["opened"] for task in both if not _raised(task)]
    assert w.count(Kind.INCIDENT_OPENED) == 1
    assert sum(each is not None for each in opened) == 1
    assert len(executions(w)) == 1


def _raised(task: Any) -> bool:
    try:
        task.result()
    except ControllerError:
        return True
    return False


POISON = [
    "", "not json", "null", "[]", "{}", "\x00\ud800", '{"detail-type": 7}', '{"a":' * 5000,
    json.dumps({"detail-type": "CloudWatch Alarm State Change", "detail": {"alarmName": {"$": []}}}),
    json.dumps({"detail-type": "No Such Thing", "source": "aws.x", "detail": {}}),
    json.dumps(event("\x1b[31mred\u202e")), json.dumps({"x": "y" * 300_000}),
]  # fmt: skip


def test_poison_in_a_batch_is_recorded_with_a_reason_and_the_rest_of_the_batch_is_used() -> None:
    w = world()
    bodies = [*POISON[:6], json.dumps(event("storefront-us-east-1-5xx")), *POISON[6:]]
    batch = {"Records": [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]}
    result = w.invoke("Observe", batch)
    assert (result["batchItemFailures"], result["used"], result["ignored"]) == ([], 1, len(POISON))
    records = [r for _, r in w.hand.assessments.between("storefront", 0, 1e11) if r["by"] == "observe"]
    reasons = [each["reason"] for each in records[-1]["ignored"]]
    assert len(reasons) == len(POISON)
    assert all(reasons)
    assert not any("\x1b" in json.dumps(r, ensure_ascii=False) or "\u202e" in str(r) for r in records)


def test_the_direct_way_in_opens_the_incident_when_the_queue_is_broken() -> None:
    w = failing()
    w.asleep.add("Tick")
    region, machine = w.stage.cloud.plan.controller, w.stage.deployment.state_machine
    raw = json.dumps(event("tidegate-storefront-us-east-1-service", state="ALARM"))
    w.stage.cloud.call("states", "StartExecution", region, {"stateMachineArn": machine, "input": raw})
    assert w.until(w.has(Kind.SETTLED), 60)
    assert [e["status"] for e in executions(w)] == ["SUCCEEDED", "SUCCEEDED"]


def test_an_execution_that_was_stopped_by_hand_is_handed_on_and_the_old_epoch_can_do_nothing() -> None:
    w = failing()
    w.asleep |= {"ConfirmReadiness"}
    assert w.until(w.has(Kind.CONFIRMED), 70)
    old = w.payload(next="act")
    stop(w)
    w.asleep.clear()
    assert w.until(w.has(Kind.HANDED_OVER), 90)
    with pytest.raises(ControllerError):
        w.invoke("ShiftTraffic", old)
    assert w.invoke("Assess", old)["next"] == "superseded"
    assert w.until(w.has(Kind.SETTLED), 90)
    assert len(w.moves) == 4
    assert w.whole


def test_executions_that_keep_ending_are_told_to_people_at_the_third() -> None:
    """Found: an execution that failed each minute was handed on for ever, and nobody was told."""
    w = failing()
    w.asleep.add("Assess")  # answers nothing, so that the workflow fails at its next Choice
    w.advance(400)
    assert w.count(Kind.HANDED_OVER) >= 3
    assert [said(e)["code"] for e in w.events if e.kind is Kind.ESCALATED] == ["takeovers"]
    w.asleep.clear()
    assert w.until(w.has(Kind.SETTLED), 120)


def test_disarmed_mid_flow_after_the_intent_the_fence_holds_the_call_back() -> None:
    w = failing()
    w.advance(50)
    assert w.until(w.has(Kind.SHIFT_INTENDED), 20, step=0.01)
    arm(w.hand, on=False, who="ana", reason="stop")
    w.advance(300)
    assert (w.moves, w.count(Kind.SHIFT_INTENDED)) == (NO_MOVES, 1)
    assert not [c for c in w.calls if c.operation == "UpdateRoutingControlStates"]
    arm(w.hand, on=True, who="ana", reason="go on")
    assert w.until(w.has(Kind.SETTLED), 120)
    assert w.whole


def test_a_region_in_doubt_for_hours_pages_once_an_hour_and_not_at_each_tick() -> None:
    """Found: the page's key held the start of the stretch, which moves on as old evidence is dropped."""
    w = world(dark_for=270.0)
    service = [s.id for s in expected_signals(w.stage.policy, ACCOUNT) if s.family == "service"]
    w.verdicts |= dict.fromkeys(service, Verdict.UNKNOWN)
    w.advance(4300)
    assert codes(w)[-1] == "unknown"
    assert w.moves == NO_MOVES
    assert 1 <= len(w.pages) <= 2


def test_a_large_policy_s_decision_still_fits_into_the_journal() -> None:
    """Found: fifty alarms made an event of more than 16 KB, and no incident could be opened."""
    signals = policy_data()["signals"]
    alarms = [
        {
            "alarm": f"storefront-{{region}}-{n:02d}-of-a-great-many-alarms-of-its-services-5xx",
            "silentAfter": "3m",
        }
        for n in range(50)
    ]
    w = failing(signals=signals | {"service": alarms})
    assert w.until(w.has(Kind.SETTLED), 120)
    opened = next(e for e in w.events if e.kind is Kind.INCIDENT_OPENED)
    assert said(opened)["decision"]["code"] == "evacuate"
