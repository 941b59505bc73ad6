"""Each look of the doctor at the switch finds what it is for: one thing is wrong, and one row says so."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from controller.entry.doctor import dns_records, switch
from controller.entry.doctor.finding import Patient
from controller.lab.environment.environment import Stage
from controller.rehearsal.dns.records import RecordTree, Slice
from controller.rehearsal.service import Request, Response
from controller.rehearsal.services.arc.safety_rules import SafetyRule
from controller.rehearsal.services.route53 import described_zone, listed_checks, listed_records
from controller.settings import Arc, Gate
from tests.entry.examined_deployment import HERE, changed, patients, told
from tests.support.drill_run import set_up
from tests.support.wire import connect


@pytest.fixture(scope="module")
def stage() -> Stage:
    """Three controllers that never ticked: what is configured is there, and nothing moves."""
    return set_up()[0]


@pytest.fixture
def patient(stage: Stage) -> Patient:
    return next(each for each in patients(stage) if each.deployment.region == HERE)


# Safety rules


def test_a_slice_that_no_rule_keeps_on_is_found(stage: Stage, patient: Patient) -> None:
    arc = stage.cloud.arc
    assert not told(switch.safety_rules(patient))
    (rule, *_) = arc.rules
    arc.drop_rule(rule.arn)
    try:
        assert "nothing keeps slice 1 On somewhere" in told(switch.safety_rules(patient))
        for weak in ({"threshold": 0}, {"inverted": True}, {"type": "AND"}, {"controls": rule.controls[:1]}):
            arc.add_rule(replace(rule, arn="arn:x", **weak))
            assert "nothing keeps slice 1" in told(switch.safety_rules(patient)), weak
            arc.drop_rule("arn:x")
    finally:
        arc.add_rule(rule)


def test_active_passive_wants_a_rule_against_two_at_once(patient: Patient) -> None:
    assert patient.deployment.records
    passive = patient.deployment.records.model_copy(update={"mode": "active-passive"})
    assert "nothing keeps slice 1 from being On twice" in told(
        switch.safety_rules(changed(patient, records=passive))
    )


def test_a_rule_that_waits_longer_than_the_package_knows_is_found(stage: Stage, patient: Patient) -> None:
    arc = stage.cloud.arc
    arc.add_rule(SafetyRule("slow", "arn:slow", arc.rules[0].controls, wait_period_ms=9000))
    try:
        assert "a rule waits 9 s, arc.json says 5" in told(switch.safety_rules(patient))
    finally:
        arc.drop_rule("arn:slow")


def gated(patient: Patient, stage: Stage) -> Patient:
    arc = patient.deployment.arc
    assert arc is not None
    gate = Gate(control=stage.cloud.arc.arn("use1-a"), rule="arn:gate")
    return changed(patient, arc=Arc.model_validate(arc.model_dump() | {"gates": {"master": gate}}))


@pytest.mark.parametrize(
    ("gating", "targets", "says"),
    [
        (None, (), "the master switch master is gone"),
        ("use1-b", (), "hangs on another control"),
        ("use1-a", ("use1-b",), "does not hold 7 of our controls"),
    ],
)
def test_a_master_switch_that_is_not_as_written_is_found(
    stage: Stage, patient: Patient, gating: str | None, targets: tuple[str, ...], says: str
) -> None:
    arc = stage.cloud.arc
    if gating is not None:
        arc.add_rule(SafetyRule("master", "arn:gate", targets, kind="GATING", gating=(gating,)))
    try:
        assert says in told(switch.safety_rules(gated(patient, stage)))
    finally:
        arc.drop_rule("arn:gate")


# The record tree


def with_records(patient: Patient, stage: Stage, tree: RecordTree, *edits: tuple[str, str]) -> Patient:
    """A Route 53 that holds `tree`, its answer edited."""

    def nothing(_request: Request) -> Response:
        raise AssertionError

    handle = listed_checks(stage.cloud.tree, stage.cloud.arc.arn, nothing)
    handle = listed_records(tree, stage.cloud.arc.arn, handle)

    def serve(request: Any) -> AWSResponse:
        answer = handle(Request("GET", request.url.split("amazonaws.com")[1].split("?")[0]))
        text = answer.body.decode()
        for old, new in edits:
            text = text.replace(old, new, 1)
        return AWSResponse(request.url, 200, dict(answer.headers), MockRawResponse(text.encode()))

    client, _ = connect("route53", serve, "us-east-1")
    return replace(patient, ask=lambda _service, _region, _url: client)


def _sliced(tree: RecordTree, change: Callable[[Slice], Slice]) -> RecordTree:
    first, *others = tree.slices
    return replace(tree, slices=(change(first), *others))


def _crossed(piece: Slice) -> Slice:
    """Health checks of the wrong Region: Off would keep customers where they are."""
    ours, theirs = piece.targets
    return replace(
        piece, targets=(replace(ours, control=theirs.control), replace(theirs, control=ours.control))
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda tree: replace(tree, slices=tree.slices[1:]), "does not lead to slice a"),
        (lambda tree: _sliced(tree, lambda s: replace(s, weight=0)), "not weighted alike"),
        (lambda tree: _sliced(tree, lambda s: replace(s, targets=s.targets[:1])), "no record for us-west-2"),
        (lambda tree: _sliced(tree, _crossed), "watched by another control than use1-a"),
        (lambda tree: _sliced(tree, lambda s: replace(s, routing="failover")), "no record for us-east-1"),
    ],
)
def test_a_tree_that_would_not_move_customers_is_found(
    stage: Stage, patient: Patient, change: Callable[[RecordTree], RecordTree], says: str
) -> None:
    assert says in told(dns_records.record_tree(with_records(patient, stage, change(stage.cloud.tree))))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (
            ("<EvaluateTargetHealth>true", "<EvaluateTargetHealth>false"),
            "is answered even when all of it is Off",
        ),
        (
            ("<HealthCheckId>", "<HealthCheckId>not-"),
            "is watched by no routing control: use1-a moves nothing",
        ),
        (("</RoutingControlArn>", "</RoutingControlArn><Inverted>true</Inverted>"), "disabled or inverted"),
        (
            ("<DNSName>a.", "<DNSName>static."),
            "also leads to static.shop.storefront.test, past every control",
        ),
    ],
)
def test_a_record_that_was_edited_is_found(
    stage: Stage, patient: Patient, edit: tuple[str, str], says: str
) -> None:
    assert says in told(dns_records.record_tree(with_records(patient, stage, stage.cloud.tree, edit)))


def test_a_record_that_is_remembered_for_long_is_found(stage: Stage, patient: Patient) -> None:
    whole = with_records(patient, stage, stage.cloud.tree)
    assert not told(dns_records.record_tree(whole))
    long = ("<Weight>1</Weight>", "<Weight>1</Weight><TTL>300</TTL>")
    found = dns_records.record_tree(with_records(patient, stage, stage.cloud.tree, long))
    assert told(found) == "shop.storefront.test is remembered for 300 s"


def test_many_problems_are_counted_not_listed(stage: Stage, patient: Patient) -> None:
    empty = replace(stage.cloud.tree, slices=())
    says = told(dns_records.record_tree(with_records(patient, stage, empty)))
    assert "; and " in says
    assert len(says) < 700


def test_a_slice_that_is_on_nowhere_is_found(stage: Stage, patient: Patient) -> None:
    arc = stage.cloud.arc
    assert not told(switch.controls(patient))
    (rule, *_) = arc.rules
    arc.drop_rule(rule.arn)
    off = [{"RoutingControlArn": arc.arn(name), "RoutingControlState": "Off"} for name in rule.controls]
    on = [entry | {"RoutingControlState": "On"} for entry in off]
    try:
        for entries in (off, on):
            wish = {"UpdateRoutingControlStateEntries": entries}
            stage.cloud.call("route53-recovery-cluster", "UpdateRoutingControlStates", "us-west-2", wish)
            stage.advance(5)
            assert told(switch.controls(patient)) == ("1 slices are On nowhere" if entries is off else "")
    finally:
        arc.add_rule(rule)


def test_an_endpoint_that_knows_other_controls_is_found(patient: Patient) -> None:
    arc = patient.deployment.arc
    assert arc is not None
    strange = arc.model_copy(update={"controls": {**arc.controls, "new": f"{arc.panel}/routingcontrol/99"}})
    assert told(switch.endpoints(changed(patient, arc=strange))).count("knows 1 of our controls not") == 5


def test_an_endpoint_that_knows_another_panel_is_found(patient: Patient) -> None:
    """It answered, and let us ask: that is no missing right."""
    arc = patient.deployment.arc
    assert arc is not None
    strange = arc.model_copy(update={"panel": f"{arc.panel}0"})
    found = told(switch.endpoints(changed(patient, arc=strange)))
    assert found.count("does not know our control panel") == 5


# The zone


def with_zone(patient: Patient, recovery: str, *edits: tuple[str, str]) -> Patient:
    """A Route 53 that says this of the zone's accelerated recovery."""

    def nothing(_request: Request) -> Response:
        raise AssertionError

    handle = described_zone("shop.example.com", nothing, recovery)

    def serve(request: Any) -> AWSResponse:
        answer = handle(Request("GET", request.url.split("amazonaws.com")[1].split("?")[0]))
        text = answer.body.decode()
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        return AWSResponse(request.url, 200, dict(answer.headers), MockRawResponse(text.encode()))

    client, _ = connect("route53", serve, "us-east-1")
    return replace(patient, ask=lambda _service, _region, _url: client)


PRIVATE = ("<PrivateZone>false", "<PrivateZone>true")


@pytest.mark.parametrize(
    ("recovery", "edits", "verdict"),
    [
        ("ENABLED", (), "ok"),
        ("DISABLED", (), "skipped"),
        ("", (), "skipped"),
        ("", (("<Features></Features>", ""),), "skipped"),
        ("DISABLED", (PRIVATE,), "skipped"),
        ("ENABLING", (), "unknown"),
        ("ENABLING_HOSTED_ZONE_LOCKED", (), "unknown"),
        ("DISABLING", (), "unknown"),
        ("ENABLE_FAILED", (), "bad"),
    ],
)
def test_accelerated_recovery_of_the_zone_is_told(
    patient: Patient, recovery: str, edits: tuple[tuple[str, str], ...], verdict: str
) -> None:
    """It is opt-in: a zone without it is as fit to evacuate, and the row says what is lost by it."""
    found = dns_records.zone_recovery(with_zone(patient, recovery, *edits))
    assert (found.check, found.verdict) == ("zone recovery", verdict)
    assert found.says
    if recovery in ("", "DISABLED") and PRIVATE not in edits:
        assert "nobody can change a record" in found.says


def test_the_zone_of_a_rehearsal_has_it_and_a_deployment_without_records_is_skipped(patient: Patient) -> None:
    assert dns_records.zone_recovery(patient).verdict == "ok"
    assert dns_records.zone_recovery(changed(patient, records=None)).verdict == "skipped"
