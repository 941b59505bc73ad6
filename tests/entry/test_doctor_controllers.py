"""Each look of the doctor at a controller finds what it is for: one thing is wrong, and one row says so."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from controller.entry.doctor import canaries, concurrency, controller, people, permissions, signals, versions
from controller.entry.doctor.finding import Patient
from controller.lab.environment.environment import Stage
from controller.rehearsal.blueprint import queue_arn
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services import readiness
from tests.entry.examined_deployment import HERE, changed, patients, told
from tests.entry.simulated_roles import MOVE, PUT, TABLE, with_roles
from tests.support.drill_run import ALONE, set_up
from tests.support.wire import connect


@pytest.fixture(scope="module")
def stage() -> Stage:
    """Three controllers that never ticked: what is configured is there, and nothing moves."""
    return set_up()[0]


@pytest.fixture
def patient(stage: Stage) -> Patient:
    return next(each for each in patients(stage) if each.deployment.region == HERE)


# What runs, and what it may do


def test_a_region_that_runs_something_else_is_found(stage: Stage) -> None:
    built, every = stage.cloud.built.builds, patients(stage)
    assert not told(versions.versions(every))
    whole = dict(built)
    for region, name in whole:
        if region == "us-east-1":
            built[region, name] = "other"
    built["us-west-2", "tidegate-Assess"] = "half"
    try:
        says = told(versions.versions(every))
    finally:
        built.update(whole)
    assert "runs another build or policy than us-east-2" in says
    assert "Assess run another build than Tick: a deployment ended half-way" in says


def test_a_region_whose_functions_cannot_be_seen_is_unknown(stage: Stage) -> None:
    del stage.cloud.built.builds["us-west-2", "tidegate-Tick"]
    found = list(versions.versions(patients(stage)))
    stage.cloud.built.builds["us-west-2", "tidegate-Tick"] = stage.cloud.built.builds[HERE, "tidegate-Tick"]
    assert [(f.where, f.verdict) for f in found if f.verdict != "ok"] == [("us-west-2", "unknown")]


def test_what_runs_is_what_the_alias_points_at(stage: Stage) -> None:
    """A newer upload that nobody calls is no other build; an alias that was rolled back is."""
    latest, built = stage.cloud.built.latest, stage.cloud.built.builds
    whole = dict(latest)
    latest.update(dict.fromkeys(whole, "uploaded"))
    assert not told(versions.versions(patients(stage)))
    built["us-west-2", "tidegate-Assess"], before = "older", built["us-west-2", "tidegate-Assess"]
    try:
        assert "Assess run another build than Tick" in told(versions.versions(patients(stage)))
    finally:
        latest.update(whole)
        built["us-west-2", "tidegate-Assess"] = before


NEED = {"Observe": 12, "ShiftTraffic": 2}


def test_a_quota_that_is_too_small_is_found(patient: Patient, stage: Stage) -> None:
    enough, storage = concurrency.concurrency(changed(patient, at_once=NEED))
    assert (enough.verdict, storage.verdict) == ("ok", "ok")
    assert "up to 14 functions at once, 0 reserved; the quota is 1000, of which 1000" in enough.says
    many = changed(patient, at_once=NEED | {"Tick": 990})
    assert told(concurrency.concurrency(many)).startswith("up to 1004 functions run at once, and 1000 may")
    unknown, _ = concurrency.concurrency(changed(patient, at_once={"Nobody": 1}))
    assert unknown.verdict == "unknown"
    none, _ = concurrency.concurrency(patient)
    assert none.verdict == "skipped"


@pytest.mark.parametrize(
    ("kept", "wanted", "says"),
    [
        (0, {}, "ShiftTraffic may not run at all: somebody reserved 0 for it"),
        (1, {}, "ShiftTraffic is held to 1 at once, and needs 2"),
        (None, {"ShiftTraffic": 2}, "ShiftTraffic has none reserved, not 2"),
        (3, {"ShiftTraffic": 2}, "ShiftTraffic has 3 reserved, not 2"),
        (2, {"ShiftTraffic": 2}, ""),
    ],
)
def test_a_function_that_is_held_back_by_hand_is_found(
    patient: Patient, stage: Stage, kept: int | None, wanted: dict[str, int], says: str
) -> None:
    reserved = stage.cloud.built.reserved
    if kept is not None:
        reserved[HERE, "tidegate-ShiftTraffic"] = kept
    try:
        assert told(concurrency.concurrency(changed(patient, at_once=NEED, reserved=wanted))) == says
    finally:
        reserved.clear()


def test_a_full_storage_of_code_is_found(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "CODE_STORAGE", -1)
    assert "delete versions that no alias points at" in told(
        concurrency.concurrency(changed(patient, at_once=NEED))
    )


def test_a_role_that_lost_a_right_is_found(patient: Patient) -> None:
    assert not told(permissions.permissions(with_roles(patient, PUT, "kms:Decrypt")))
    says = told(permissions.permissions(with_roles(patient, "kms:Decrypt")))
    assert says == "ShiftTraffic may not dynamodb:PutItem (implicitDeny)"


def test_a_shadow_that_may_move_traffic_is_found(patient: Patient) -> None:
    shadow = replace(patient.deps, policy=patient.deps.policy.model_copy(update={"enforcement": "shadow"}))
    sees = with_roles(replace(patient, deps=shadow), PUT, "kms:Decrypt", MOVE)
    assert "in shadow ShiftTraffic may move traffic" in told(permissions.permissions(sees))


def test_iam_is_asked_about_the_role_the_resources_and_the_conditions(patient: Patient) -> None:
    asked: list[dict[str, list[str]]] = []
    list(permissions.permissions(with_roles(patient, asked=asked)))
    role = f"arn:aws:iam::{ACCOUNT}:role/tidegate-ShiftTraffic"
    first, second = asked
    assert first["PolicySourceArn"] == [role]
    assert first["ResourceArns.member.1"] == [TABLE]
    assert "*" not in second["ResourceArns.member.1"][0]
    assert second["ContextEntries.member.1.ContextKeyValues.member.1"] == ["alias/tidegate"]
    assert second["ContextEntries.member.1.ContextKeyType"] == ["stringList"]


def test_who_may_not_ask_iam_hears_that_it_is_unknown(patient: Patient) -> None:
    def refuse(request: Any) -> AWSResponse:
        text = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
        return AWSResponse(request.url, 403, {"content-type": "text/xml"}, MockRawResponse(text.encode()))

    iam, _ = connect("iam", refuse, "us-east-1")
    sees, before = with_roles(patient), patient.ask
    sees = replace(sees, ask=lambda s, r, url: iam if s == "iam" else before(s, r, url))
    assert "AccessDenied" in told(permissions.permissions(sees), "unknown")


# What it hears, and its house


def test_an_alarm_that_was_deleted_is_found(patient: Patient, stage: Stage) -> None:
    (kept,) = [a for a in stage.cloud.plan.alarms if a.members["AlarmName"] == "storefront-us-west-2-5xx"]
    rings = "tidegate-storefront-us-west-2-service"
    names = {"AlarmNames": [rings]}
    stage.cloud.call("monitoring", "DeleteAlarms", "us-west-2", names)
    stage.cloud.call("monitoring", "DeleteAlarms", "us-west-2", {"AlarmNames": [kept.members["AlarmName"]]})
    try:
        assert "storefront-us-west-2-5xx" in told(signals.alarms(patient))
    finally:
        for alarm in stage.cloud.plan.alarms:
            if alarm.members["AlarmName"] in (kept.members["AlarmName"], rings):
                operation = "PutCompositeAlarm" if "AlarmRule" in alarm.members else "PutMetricAlarm"
                stage.cloud.call("monitoring", operation, alarm.region, dict(alarm.members))


def test_a_canary_that_does_not_run_is_found(patient: Patient, stage: Stage) -> None:
    assert not told(canaries.canaries(patient))
    stage.synthetics.stop("us-east-1", "storefront-us-west-2-checkout")
    try:
        assert told(canaries.canaries(patient)) == "storefront-us-west-2-checkout is STOPPED"
    finally:
        stage.synthetics.start("us-east-1", "storefront-us-west-2-checkout")


def test_signals_and_probes_that_never_came_are_found() -> None:
    (patient,) = patients(set_up(**ALONE)[0])
    assert "nothing was decided" in told(controller.watching(patient))
    assert "10 of 10 are silent" in told(signals.signals(patient))
    assert "none came through the intake" in told(signals.probes(patient))


def test_a_journal_that_would_forget_is_found(patient: Patient, stage: Stage) -> None:
    ttl = {"Enabled": True, "AttributeName": "expires"}
    wish = {"TableName": "tidegate-assessments", "TimeToLiveSpecification": ttl | {"Enabled": False}}
    stage.cloud.call("dynamodb", "UpdateTimeToLive", HERE, wish)
    swapped = changed(patient, journal_table="tidegate-evidence")
    assert "EXPIRES: the journal must not" in told(controller.tables(swapped))
    assert "never expires" in told(controller.tables(patient))
    back = {"TableName": "tidegate-assessments", "TimeToLiveSpecification": ttl}
    stage.cloud.call("dynamodb", "UpdateTimeToLive", HERE, back)
    assert not told(controller.tables(patient))
    kept = controller.names(patient)
    assert (kept.verdict, "kept for 400 days" in kept.says) == ("ok", True)
    apart = controller.names(changed(patient, people_table="tidegate-evidence"))
    assert (apart.verdict, "one person could count as two" in apart.says) == ("bad", True)
    assert controller.names(changed(patient, people_table="tidegate-none")).verdict == "unknown"


def test_a_workflow_of_another_version_is_found(patient: Patient, stage: Stage) -> None:
    assert not told(controller.workflow(patient))
    old = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    arn = {"stateMachineArn": patient.deployment.state_machine}
    kept = stage.cloud.call("states", "DescribeStateMachine", HERE, arn)["definition"]
    stage.cloud.call("states", "UpdateStateMachine", HERE, arn | {"definition": json.dumps(old)})
    try:
        assert "of another version" in told(controller.workflow(patient))
    finally:
        stage.cloud.call("states", "UpdateStateMachine", HERE, arn | {"definition": kept})


def test_a_dead_letter_is_found(patient: Patient, stage: Stage) -> None:
    assert not told(controller.dead_letters(patient))
    stage.cloud.queues[HERE].put(queue_arn(HERE, ACCOUNT, "tidegate-dead-letters"), "{}", {})
    assert told(controller.dead_letters(patient)) == "1 events could not be handled"


@pytest.mark.parametrize(
    ("issuer", "verdict"),
    [
        ("https://cognito-idp.us-east-1.amazonaws.com/p", "bad"),
        ("https://cognito-idp.us-east-2.amazonaws.com/p", "ok"),
        ("https://login.us-east-1-is-not-this.example.com/", "ok"),
        (None, "skipped"),
    ],
)
def test_an_issuer_in_a_guarded_region_is_found(patient: Patient, issuer: str | None, verdict: str) -> None:
    assert people.sign_in(changed(patient, issuer=issuer)).verdict == verdict


def test_a_record_that_was_edited_is_found() -> None:
    """Whoever edits the table must edit the hash too; then it is the chain that tells."""
    stage, _ = set_up(**ALONE)
    stage.advance(90)
    (patient,) = patients(stage)
    assert [f.verdict for f in controller.journal(patient)] == ["ok", "ok"]
    key = {"application": {"S": "storefront"}, "seq": {"N": "1"}}
    found = stage.cloud.call("dynamodb", "GetItem", HERE, {"TableName": "tidegate-journal", "Key": key})
    body = found["Item"]["body"]["S"].replace("tidegate@us-east-2", "nobody@us-east-2")
    forged = {"TableName": "tidegate-journal", "Item": found["Item"] | {"body": {"S": body}}}
    assert body != found["Item"]["body"]["S"]
    stage.cloud.call("dynamodb", "PutItem", HERE, forged)
    looked = next(iter(controller.journal(set_up_again(stage))))
    assert looked.verdict == "bad"
    assert "broken at event 1" in looked.says


def set_up_again(stage: Stage) -> Patient:
    """Somebody who has not read the journal before: a process keeps what it has verified."""
    (fresh,) = patients(stage)
    return fresh


def test_a_table_that_anybody_can_delete_is_bad_once_live_and_only_said_in_shadow() -> None:
    stage, _ = set_up(**ALONE)
    stage.advance(120)
    here = stage.deployment.region
    params = {"TableName": "tidegate-evidence", "DeletionProtectionEnabled": False}
    stage.cloud.call("dynamodb", "UpdateTable", here, params)
    [patient] = patients(stage)
    found = controller.protection(patient)
    assert (found.verdict, found.says) == (
        "bad", "tidegate-evidence can be deleted: set `protected: true`, and deploy"
    )  # fmt: skip
    shadow = replace(patient.deps, policy=patient.deps.policy.model_copy(update={"enforcement": "shadow"}))
    assert controller.protection(replace(patient, deps=shadow)).verdict == "skipped"


def test_what_no_bus_took_is_found_in_the_region_that_kept_it() -> None:
    stage, _ = set_up(**ALONE)
    [rule] = [r for r in stage.cloud.plan.rules if r.name == "tidegate-forward" and r.region == "us-west-2"]
    [kept] = {target["DeadLetterConfig"]["Arn"] for target in rule.targets}
    assert kept == queue_arn("us-west-2", ACCOUNT, "tidegate-forward-letters")
    url = stage.cloud.call("sqs", "GetQueueUrl", "us-west-2", {"QueueName": "tidegate-forward-letters"})
    stage.cloud.call("sqs", "SendMessage", "us-west-2", url | {"MessageBody": "{}"})
    [patient] = patients(stage)
    found = {f.where: (f.verdict, f.says) for f in controller.forward_letters(patient)}
    assert found == {
        "us-east-1": ("ok", "0 events did not get to a controller's bus"),
        "us-west-2": ("bad", "1 events did not get to a controller's bus"),
    }
    [apart] = controller.forward_letters(changed(patient, forwarding=()))
    assert (apart.verdict, apart.says) == ("skipped", "the Regions that forward are in another account")
