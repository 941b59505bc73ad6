"""Liveness invariants, each with what makes it hold in place and then taken out."""

import pytest

from controller.core.evidence import evaluation
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.steps.tick import alert_pages, tick
from tests.support.invariant_checks import kinds
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.restore_policy import HOME
from tests.support.three_controllers import TAKEOVER, TRIO, ended
from tests.support.world import FREE, World, deploy, failing, rebuilt, world

Patch = pytest.MonkeyPatch


# S8: coming home.


def flapping(*, times: int) -> World:
    """us-east-1 was left, and is well for three minutes at a time."""
    w = failing(**HOME)
    assert w.until(w.has(Kind.SETTLED), 120)
    for _ in range(times):
        w.say(east=Verdict.HEALTHY)
        w.advance(180)
        w.say(east=Verdict.BREACHING)
        w.advance(60)
    return w


def test_s8_a_region_comes_home_after_unbroken_health_only(monkeypatch: Patch) -> None:
    w = flapping(times=3)
    assert w.count(Kind.RESTORE_OPENED) == 0
    w.say(east=Verdict.HEALTHY)
    w.advance(280)
    assert w.count(Kind.RESTORE_OPENED) == 0
    assert w.until(w.has(Kind.RESTORE_OPENED), 120)
    monkeypatch.setattr(evaluation, "held", lambda *_: 1e9)
    assert flapping(times=1).count(Kind.RESTORE_OPENED) == 1


# L2: ARC.


def two_hung(*, knows: tuple[str, ...]) -> World:
    """Two of five endpoints never answer, the impaired Region's own among them."""
    w = failing()
    w.stage.faults.arc.update(dict.fromkeys((EAST, WEST), "hung"))
    arc = w.stage.deployment.arc
    assert arc is not None
    urls = {region: url for region, url in arc.endpoints.items() if region in knows}
    deploy(w, rebuilt(w, arc=arc.model_copy(update={"endpoints": urls})))
    w.advance(75)
    return w


def test_l2_two_endpoints_hang_and_traffic_moves_within_fifteen_seconds() -> None:
    w = two_hung(knows=ENDPOINTS)
    opened = next(x.at for x in w.ledger if x.event.kind is Kind.INCIDENT_OPENED)
    assert w.moves
    assert w.moves[-1][0] - opened <= 15.0
    assert two_hung(knows=(EAST, WEST)).moves == []


# L3: EventBridge is deaf, so that no event of the failed Region comes; what is polled says it.

RED = {"in": "source", "family": "service", "is": "breaching", "signals": 1, "for": "2m"}
CUSTOMERS = {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "3m"}


def deaf() -> World:
    w = world(evacuate=FREE | {"when": {"all": [CUSTOMERS, RED]}})
    names = [f"storefront-us-east-1-{kind}" for kind in ("5xx", "latency")]
    for name in names:
        alarm = {"AlarmName": name, "Namespace": "N", "MetricName": "m", "Period": 60, "Statistic": "Average",
                 "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
                 "TreatMissingData": "breaching"}  # fmt: skip
        w.stage.cloud.call("monitoring", "PutMetricAlarm", EAST, alarm)
        key = f"alarm:123456789012:{EAST}:{name}"
        w.verdicts[key] = None
    w.say(east=Verdict.BREACHING)
    w.advance(420)
    return w


def test_l3_what_no_event_says_is_polled(monkeypatch: Patch) -> None:
    assert deaf().moves
    monkeypatch.setattr(tick, "_poll", lambda _deps: tick.Polled([], {}))
    assert deaf().moves == []


# L4: tables.


def evidence_down() -> World:
    """The evidence of the first controller's Region is gone, and stays so."""
    w = failing(**TRIO)
    w.down.add(f"{OTHER} tidegate-evidence")
    w.advance(20)
    ended(w, 60 + TAKEOVER)
    return w


def test_l4_without_its_evidence_a_controller_leaves_it_to_the_next(monkeypatch: Patch) -> None:
    w = evidence_down()
    assert kinds(w)[-1] is Kind.SETTLED
    assert next(said(x.event)["driver"] for x in w.ledger if x.event.kind is Kind.INCIDENT_OPENED) == WEST
    # The next never thinks that it is its turn.
    monkeypatch.setattr("controller.steps.incident.opening.TURN", 1e9)
    assert Kind.INCIDENT_OPENED not in kinds(evidence_down())


def lost_under_way() -> World:
    """As before, but the first drives already."""
    w = failing(**TRIO, evacuate=policy_data()["evacuate"])
    assert w.until(lambda: Kind.APPROVAL_REQUESTED in kinds(w), 120)
    w.down.add(f"{OTHER} tidegate-evidence")
    w.hand = w.hands[WEST]
    assert w.stage.cloud.live() == OTHER
    w.until(lambda: Kind.TAKEN_OVER in kinds(w), TAKEOVER)
    return w


def test_l4_a_driver_without_its_evidence_stops_beating_and_is_replaced(monkeypatch: Patch) -> None:
    assert Kind.TAKEN_OVER in kinds(lost_under_way())
    for module in ("incident.driver", "tick.takeover", "workflow.assess"):
        monkeypatch.setattr(f"controller.steps.{module}.abstains", lambda *_: None)
    assert Kind.TAKEN_OVER not in kinds(lost_under_way())


def no_quorum() -> list[str]:
    """The journal answers none of the three; what people are told."""
    w = failing(**TRIO)
    w.down.add("tidegate-journal")
    w.advance(240)
    assert w.moves == []
    return [page for page in w.pages if "journal" in page]


def test_l4_without_a_journal_nothing_moves_and_people_are_told(monkeypatch: Patch) -> None:
    assert no_quorum() == ["storefront: the journal does not answer"] * 3  # each Region's controller, once
    monkeypatch.setattr(alert_pages, "page", lambda *_, **__: True)
    assert no_quorum() == []
