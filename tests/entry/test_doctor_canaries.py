"""The doctor looks at where canaries are led from, and at the runtime that AWS may withdraw."""

from collections.abc import Iterator
from typing import Any

import pytest

from controller.entry.doctor import canaries
from controller.entry.doctor.finding import Finding, Patient
from controller.lab.environment.environment import Stage
from controller.rehearsal.services.synthetics.api import SyntheticsApi
from controller.settings import CANARY_RUNTIME
from tests.entry.examined_deployment import HERE, patients, told
from tests.support.drill_run import ALONE, set_up
from tests.support.policy_scene import EAST, OTHER, WEST

CHECKOUT = f"storefront-{EAST}-checkout"
OLD = "syn-python-selenium-2.0"
DAY = 86_400.0


@pytest.fixture
def stage() -> Stage:
    return set_up(**ALONE)[0]


@pytest.fixture
def patient(stage: Stage) -> Patient:
    return next(each for each in patients(stage) if each.deployment.region == HERE)


@pytest.fixture
def api(stage: Stage) -> SyntheticsApi:
    found = stage.cloud.wire.services["synthetics", OTHER]
    assert isinstance(found, SyntheticsApi)
    return found


def rows(patient: Patient, check: str) -> list[Finding]:
    return [found for found in canaries.canaries(patient) if found.check == check]


def amiss(found: list[Finding]) -> Iterator[str]:
    yield from (each.where for each in found if each.verdict != "ok")


def test_on_a_runtime_that_aws_keeps_each_region_is_well(patient: Patient) -> None:
    found = rows(patient, "canary runtime")
    assert [each.where for each in found] == sorted((EAST, OTHER, WEST))
    assert list(amiss(found)) == []
    assert f"{CANARY_RUNTIME}: AWS keeps what runs here" in told(found, "ok")


def test_a_runtime_is_bad_from_the_day_on_which_aws_withdraws_it(
    stage: Stage, patient: Patient, api: SyntheticsApi
) -> None:
    now = stage.kernel.now()
    api.runtimes[CANARY_RUNTIME] = now + DAY
    assert f"{CANARY_RUNTIME} until 2030-01-02" in told(rows(patient, "canary runtime"), "ok")
    api.runtimes[CANARY_RUNTIME] = now  # the day has come
    says = told(rows(patient, "canary runtime"))
    assert f"AWS withdrew {CANARY_RUNTIME} on 2030-01-01: canaries run on it here" in says


def test_a_canary_that_was_left_behind_on_an_old_runtime_is_found_where_it_runs(
    patient: Patient, api: SyntheticsApi
) -> None:
    api.runtimes[OLD] = 1_700_000_000.0
    api.described[EAST, CHECKOUT] = {"RuntimeVersion": OLD}
    found = rows(patient, "canary runtime")
    assert list(amiss(found)) == [EAST]
    assert told(found) == f"AWS withdrew {OLD} on 2023-11-14: canaries run on it here"


def test_a_runtime_that_aws_does_not_know_would_refuse_the_next_deployment(
    patient: Patient, api: SyntheticsApi
) -> None:
    api.runtimes.clear()
    api.runtimes[OLD] = None
    for region in (EAST, OTHER, WEST):
        for about in (EAST, WEST):
            api.described[region, f"storefront-{about}-checkout"] = {"RuntimeVersion": OLD}
    found = rows(patient, "canary runtime")
    assert {each.says for each in found} == {
        f"AWS knows no runtime {CANARY_RUNTIME}: the next deployment would be refused"
    }


def test_every_page_of_runtimes_is_read(patient: Patient) -> None:
    asked: list[dict[str, str]] = []

    class Client:
        def describe_runtime_versions(self, **params: str) -> dict[str, Any]:
            asked.append(params)
            more = {} if params else {"NextToken": "2"}
            return {"RuntimeVersions": [{"VersionName": f"v{len(asked)}"}], **more}

    assert canaries._withdrawn(Client()) == {"v1": None, "v2": None}
    assert asked == [{}, {"NextToken": "2"}]


@pytest.mark.parametrize(
    ("places", "bad"),
    [
        ({"LocationType": "Replica", "PrimaryLocation": EAST}, True),
        ({"LocationType": "Replica", "PrimaryLocation": OTHER}, False),
        ({"LocationType": "Primary", "Replicas": [{"Location": EAST}]}, False),
        ({}, False),
    ],
)
def test_a_canary_outside_is_not_led_from_a_region_that_it_judges(
    patient: Patient, api: SyntheticsApi, places: dict[str, Any], bad: bool
) -> None:
    api.described[OTHER, CHECKOUT] = {"MultiLocationConfig": places}
    found = rows(patient, "canary primaries")
    assert list(amiss(found)) == ([OTHER] if bad else [])
    assert (f"{CHECKOUT} runs by its primary in {EAST}, which is guarded" in told(found)) is bad


def test_a_primary_in_a_guarded_region_is_found_there_too(patient: Patient, api: SyntheticsApi) -> None:
    api.described[WEST, CHECKOUT] = {"MultiLocationConfig": {"LocationType": "Primary"}}
    assert list(amiss(rows(patient, "canary primaries"))) == [WEST]


def test_a_synthetics_that_does_not_answer_is_unknown(stage: Stage, patient: Patient) -> None:
    stage.faults.apis_dark.add(OTHER)
    found = list(canaries.canaries(patient))
    assert [(each.check, each.verdict) for each in found if each.where == OTHER] == [("canaries", "unknown")]
