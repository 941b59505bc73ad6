"""The doctor's look at a switch of objects: its records, its health checks, and who can read the objects."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from controller.entry.doctor import dns_records, examine, objects, permissions, switch
from controller.entry.doctor.finding import Finding, Patient
from controller.lab.environment.environment import Stage
from controller.rehearsal.service import Request
from controller.settings import Bucket, Standby
from tests.entry.examined_deployment import changed, patients, told
from tests.entry.simulated_roles import with_roles
from tests.support.drill_run import ALONE, set_up
from tests.support.policy_scene import EAST, WEST
from tests.support.wire import connect

HERE = "us-east-2"
SWITCH = Standby(
    bucket_by_region={r: Bucket(name=f"storefront-switch-{r}", region=HERE) for r in (EAST, WEST)},
    objects={f"{side}-{s}": f"{side}-{s}.off" for side in ("use1", "usw2") for s in "abcd"},
)


@pytest.fixture
def stage() -> Stage:
    return set_up(standby=SWITCH, **ALONE)[0]


@pytest.fixture
def patient(stage: Stage) -> Patient:
    return patients(stage)[0]


def row(found: list[Finding], check: str) -> Finding:
    (one,) = [each for each in found if each.check == check]
    return one


def test_a_switch_of_objects_is_fit_and_what_is_arcs_is_left_out(stage: Stage, patient: Patient) -> None:
    found = examine([patient])
    for check in ("record tree", "record ttl", "switch objects", "health checkers"):
        assert row(found, check).verdict == "ok", row(found, check)
    for check in ("arc endpoints", "safety rules"):
        assert row(found, check).verdict == "skipped"
    off(stage, "use1-a", "use1-b")
    assert row([*objects.seen(patient)], "switch objects").verdict == "ok", "Off is seen too"


def test_with_a_cluster_there_are_no_objects_to_look_at() -> None:
    (patient,) = patients(set_up(**ALONE)[0])
    found = [*objects.seen(patient), objects.addresses(patient)]
    assert [each.verdict for each in found] == ["skipped", "skipped"]


def test_a_shadow_that_waits_for_its_cluster_has_no_checks_yet(patient: Patient) -> None:
    waits = changed(patient, standby=SWITCH.model_copy(update={"health_checks": False}))
    found = [*dns_records.record_tree(waits), *objects.seen(waits), objects.addresses(waits)]
    assert {each.verdict for each in found} == {"skipped"}
    assert [each.says for each in switch.endpoints(waits)] == ["shadow has no switch yet"]
    (says,) = (each.says for each in switch.endpoints(patient))
    assert says == "this deployment moves objects, not routing controls"


TWIN = "-twin"


def answering(patient: Patient, stage: Stage, change: Callable[[str, str], str]) -> Patient:
    """A Route 53 each of whose answers is changed; change: of a path and what is answered there.

    A health check with `TWIN` behind its id stands as the one without.
    """

    def serve(request: Any) -> AWSResponse:
        path = request.url.split("amazonaws.com")[1].split("?")[0]
        answer = stage.cloud.wire.fallback(Request("GET", path.replace(TWIN, "")))
        body = change(path, answer.body.decode()).encode()
        return AWSResponse(request.url, 200, dict(answer.headers), MockRawResponse(body))

    client, _ = connect("route53", serve, "us-east-1")
    return replace(patient, ask=lambda _service, _region, _url: client)


def edited(patient: Patient, stage: Stage, *edits: tuple[str, str]) -> Patient:
    """The first `old` in each answer becomes `new`."""

    def change(_: str, text: str) -> str:
        for old, new in edits:
            text = text.replace(old, new, 1)
        return text

    return answering(patient, stage, change)


def counted(patient: Patient, stage: Stage, of: int, *codes: int | None) -> Patient:
    """Where every checker saw `of`, there is one checker for each of `codes` now; None: it timed out."""

    def change(_: str, text: str) -> str:
        if f"HTTP Status Code {of}" not in text:
            return text
        start, _, rest = text.partition("<HealthCheckObservations>")
        one = "<StatusReport><Status>{}</Status></StatusReport>"
        one = f"<HealthCheckObservation>{one}</HealthCheckObservation>"
        told = "".join(
            one.format("Failure: timed out" if c is None else f"HTTP Status Code {c}") for c in codes
        )
        return f"{start}<HealthCheckObservations>{told}{rest[rest.index('</HealthCheckObservations>') :]}"

    return answering(patient, stage, change)


def off(stage: Stage, *controls: str) -> None:
    """Somebody wrote the objects of these controls."""
    bucket = SWITCH.bucket_by_region[EAST].name
    stage.cloud.objects.restore({bucket: {f"{control}.off": "00" for control in controls}})
    stage.cloud.health.poll()


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (("/use1-a.off", "/other"), "watched by another object than use1-a.off: use1-a moves nothing"),
        (("storefront-switch-us-east-1.", "elsewhere."), "watched by another object than use1-a.off"),
        (("s3.us-east-2.", "s3.us-west-2."), "watched by another object than use1-a.off"),
        (("<Type>HTTPS", "<Type>HTTP"), "watched by another object than use1-a.off"),
        (("<Inverted>true", "<Inverted>false"), "the health check of use1-a is disabled or not inverted"),
    ],
)
def test_a_record_that_hangs_on_no_object_of_its_control_is_found(
    stage: Stage, patient: Patient, edit: tuple[str, str], says: str
) -> None:
    found = edited(patient, stage, edit)
    assert says in told(dns_records.record_tree(found))
    if "another object" in says:
        assert "no health check asks for use1-a.off of storefront-switch-us-east-1" in told(
            objects.seen(found)
        )


def test_checkers_that_are_denied_would_never_see_an_object(stage: Stage, patient: Patient) -> None:
    """Absent is 404; 403 is what Block Public Access or a policy answers, whatever is there."""
    denied = 3 * (("404, Not Found", "403, Forbidden"),)
    says = told(objects.seen(edited(patient, stage, *denied)))
    assert "health checkers may not read use1-a.off (403): it would turn nothing Off" in says
    assert "and 5 more" in says
    assert not told(objects.seen(edited(patient, stage, denied[0]))), "one of three, whose address is new"


def test_an_off_that_no_checker_sees_is_found(stage: Stage, patient: Patient) -> None:
    off(stage, "use1-a")
    blind = 3 * (("Success: HTTP Status Code 200, OK", "Failure: HTTP Status Code 404, Not Found"),)
    says = told(objects.seen(edited(patient, stage, *blind)))
    assert says == "use1-a is Off in S3, and health checkers do not see use1-a.off (404)"


def test_an_on_of_which_checkers_still_see_the_object_is_found(stage: Stage, patient: Patient) -> None:
    late = edited(
        patient, stage, ("Failure: HTTP Status Code 404, Not Found", "Success: HTTP Status Code 200, OK")
    )
    assert "use1-a is On in S3, and health checkers still see use1-a.off" in told(objects.seen(late))


def test_checks_that_got_no_answer_are_not_known(stage: Stage, patient: Patient) -> None:
    silent = 3 * (("Failure: HTTP Status Code 404, Not Found", "Failure: connection timed out"),)
    assert "most health checkers got no answer for use1-a" in told(
        objects.seen(edited(patient, stage, *silent)), "unknown"
    )
    stage.faults.apis_dark.add(HERE)
    assert told(objects.seen(patient), "unknown"), "and where the buckets do not answer us"


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        ((*2 * (200,), *8 * (404,), *6 * (None,)), "bad"),
        ((*3 * (200,), *8 * (404,), *5 * (None,)), "ok"),
        ((200, *15 * (None,)), "unknown"),
        ((*8 * (200,), *8 * (None,)), "ok"),
        ((*7 * (200,), *9 * (None,)), "unknown"),
        ((*9 * (403,), *7 * (None,)), "bad"),
        ((), "unknown"),
    ],
)
def test_of_an_off_those_who_see_it_are_counted_among_all(
    stage: Stage, patient: Patient, codes: tuple[int | None, ...], verdict: str
) -> None:
    """To Route 53 a checker that timed out saw no object: 2 of 16 are too few, 2 of 10 are not."""
    off(stage, "use1-a")
    assert row([*objects.seen(counted(patient, stage, 200, *codes))], "switch objects").verdict == verdict


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        ((*2 * (200,), *8 * (404,), *6 * (None,)), "ok"),
        ((*3 * (200,), *8 * (404,), *5 * (None,)), "bad"),
        ((404, *15 * (None,)), "unknown"),
    ],
)
def test_of_an_on_those_who_see_an_object_are_counted_among_all(
    stage: Stage, patient: Patient, codes: tuple[int | None, ...], verdict: str
) -> None:
    found = counted(patient, stage, 404, *codes)
    assert row([*objects.seen(found)], "switch objects").verdict == verdict


def test_each_health_check_of_an_object_is_looked_at(stage: Stage, patient: Patient) -> None:
    """Two that ask for the same object: the second alone is kept out."""

    def change(path: str, text: str) -> str:
        if TWIN in path:
            return text.replace("404, Not Found", "403, Forbidden")
        first = re.search(r"<HealthCheck>.*?<Id>(.*?)</Id>.*?</HealthCheck>", text, re.DOTALL)
        if first is None:
            return text
        return text.replace(first[0], first[0] + first[0].replace(first[1], first[1] + TWIN), 1)

    found = answering(patient, stage, change)
    says = told(objects.seen(found))
    assert says == "health checkers may not read use1-a.off (403): it would turn nothing Off"


def test_checkers_from_new_addresses_are_told(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert objects.addresses(patient).says == "3 of 3 ranges of Route 53's checkers may read"
    monkeypatch.setattr(objects, "CHECKERS", ("54.243.31.192/26",))
    says = told(objects.addresses(patient))
    assert says.startswith("Route 53 checks from 54.244.52.192/26, 54.228.16.0/26; 1 of 3")


def test_a_shadow_that_may_write_objects_is_found(patient: Patient) -> None:
    shadow = replace(patient.deps, policy=patient.deps.policy.model_copy(update={"enforcement": "shadow"}))
    rights = ("dynamodb:PutItem", "kms:Decrypt")
    writes = with_roles(replace(patient, deps=shadow), *rights, "s3:PutObject")
    assert told(permissions.permissions(writes)) == "in shadow ShiftTraffic may move traffic (s3:PutObject)"
    assert not told(permissions.permissions(with_roles(replace(patient, deps=shadow), *rights)))
