"""The hourly probe, and executions that end before their incident does."""

import json
from typing import Any

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.lab.environment.estate import watchdogs
from tests.support.approval_request import asked, question, yes
from tests.support.policy_scene import EAST, WEST
from tests.support.world import World, failing, stop, world


def probes(w: World) -> list[dict[str, Any]]:
    now = w.stage.kernel.now()
    records = [r for _, r in w.hand.assessments.between("storefront", 0.0, now) if r["by"] == "probe"]
    return [each | {"would": r.get("would")} for r in records for each in r["probes"]]


def test_each_hour_a_probe_of_each_region_goes_through_the_whole_intake_and_opens_nothing() -> None:
    w = world()
    w.advance(3600 + 200)
    found = probes(w)
    assert sorted(p["region"] for p in found) == [EAST, EAST, WEST, WEST]
    assert all(0.0 < p["round_trip_s"] < 10.0 for p in found)
    assert all(p["would"] == {EAST: "healthy", WEST: "healthy"} for p in found)
    assert w.count(Kind.INCIDENT_OPENED) == 0
    metrics = [json.loads(line) for line in w.log.getvalue().splitlines() if "IntakeProbe" in line]
    assert {m["region"] for m in metrics if "IntakeProbe" in m} == {EAST, WEST}
    gauges = [json.loads(line) for line in w.log.getvalue().splitlines() if '"handler": "Tick"' in line]
    assert {(m["region"], *m["ControlsOn"]) for m in gauges if "ControlsOn" in m} == {
        (EAST, 4.0),
        (WEST, 4.0),
    }
    assert {tuple(m["IncidentOpen"]) for m in gauges if "IncidentOpen" in m} == {(0.0,)}


def test_a_deaf_bus_loses_the_probe_and_its_record_goes_missing() -> None:
    w = world()
    w.stage.faults.deaf.add(EAST)
    w.advance(300)
    assert [p["region"] for p in probes(w)] == [WEST]


def test_a_probe_while_a_region_fails_says_what_would_be_decided_and_is_itself_no_evidence() -> None:
    w = world()
    w.advance(61)
    before = set(w.hand.evidence.read("storefront"))
    w.asleep.add("Tick")
    w.say(east=Verdict.BREACHING)
    event = {"source": "tidegate.probe", "detail-type": "Intake Probe", "account": "123456789012",
             "id": "1", "region": EAST, "time": "2030-01-01T08:01:00Z", "detail": {}}  # fmt: skip
    w.invoke("Observe", {"Records": [{"messageId": "1", "body": json.dumps(event)}]})
    assert len(probes(w)) == 1
    assert set(w.hand.evidence.read("storefront")) == before
    assert w.count(Kind.INCIDENT_OPENED) == 0


def test_an_execution_that_was_stopped_is_followed_by_another_within_five_seconds_without_a_tick() -> None:
    w, request = asked()
    w.asleep.add("Tick")
    assert w.count(Kind.HANDED_OVER) == 0
    stop(w)
    assert w.until(w.has(Kind.HANDED_OVER), 5.0, step=0.5)
    w.advance(5)
    yes(w, question(w) or request)
    assert w.until(w.has(Kind.SETTLED), 120)


def test_the_alarms_that_watch_the_watcher_go_off_on_a_dead_letter_and_on_a_stopped_execution() -> None:
    w, _ = asked()
    here, call = w.stage.cloud.plan.controller, w.stage.cloud.call
    for plan in watchdogs("storefront", here):
        call("monitoring", "PutMetricAlarm", here, dict(plan.members))
    dead = w.stage.cloud.controller_regions[here].queues
    dead.put(dead.arn("tidegate-dead-letters"), "poison")
    stop(w)
    w.advance(200)
    alarms = call("monitoring", "DescribeAlarms", here, {"AlarmNamePrefix": "watch-"})["MetricAlarms"]
    states = {a["AlarmName"]: [a["StateValue"]] for a in alarms}
    history = call("monitoring", "DescribeAlarmHistory", here, {})["AlarmHistoryItems"]
    rung = {item["AlarmName"] for item in history if "to ALARM" in item["HistorySummary"]}
    assert states["watch-storefront-dead-letters"] == ["ALARM"]
    assert states["watch-storefront-oldest-event"] == ["OK"]
    assert "watch-storefront-executions-aborted" in rung


def test_executions_that_keep_ending_go_on_at_the_tick_s_pace_and_not_in_a_tight_loop() -> None:
    w = failing()
    w.asleep.add("Assess")
    w.advance(300)
    assert w.count(Kind.HANDED_OVER) <= 2 + 300 / 60
