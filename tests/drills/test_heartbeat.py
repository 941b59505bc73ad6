"""Outside one hears each minute from a controller that is well, and nothing from one that is dead or ill."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.lab.scenarios.actions import turn
from controller.rehearsal.service import AwsError, Call, Service
from tests.support.drill_run import operators
from tests.support.heartbeats import Watched, watching

FIRST, SECOND, THIRD = "us-east-2", "us-west-2", "us-east-1"


@pytest.fixture
def watched() -> Iterator[Watched]:
    with watching() as held:
        yield held


def test_each_controller_that_is_well_is_heard_each_minute(watched: Watched) -> None:
    assert all(9 <= count <= 11 for count in watched.beats(600).values())
    for region in (FIRST, SECOND, THIRD):
        assert {line["HeartbeatSent"][0] for line in watched.told(region)} == {1.0}


@pytest.mark.parametrize("fault", ["controllers_dead", "controllers_frozen"])
def test_a_controller_that_dies_is_silent_and_no_other(watched: Watched, fault: str) -> None:
    watched.beats(180)
    getattr(watched.stage.faults, fault).add(SECOND)
    heard = watched.beats(300)
    assert heard[SECOND] == 0
    assert min(heard[FIRST], heard[THIRD]) >= 4
    getattr(watched.stage.faults, fault).clear()
    assert watched.beats(180)[SECOND] >= 2, "and is heard again"


def test_a_controller_that_ticks_without_a_journal_is_silent(watched: Watched) -> None:
    watched.beats(180)
    watched.stage.faults.journal_unreachable.add(SECOND)
    heard = watched.beats(300)
    assert heard[SECOND] == 0
    assert min(heard[FIRST], heard[THIRD]) >= 4
    last = [line for line in watched.told(SECOND) if "why" in line][-1]
    assert last["why"] == "withheld: the journal cannot be read"
    assert [line for line in watched.told(SECOND) if "HeartbeatSent" in line][-1]["HeartbeatSent"] == [0.0]


def test_a_controller_that_hears_nobody_is_silent(watched: Watched) -> None:
    watched.beats(180)
    watched.stage.faults.cut_off.add(SECOND)
    watched.beats(180)
    assert watched.beats(300)[SECOND] == 0


def test_a_controller_that_cannot_page_is_silent(watched: Watched) -> None:
    """Its own topic is all by which people hear of it from inside: only somebody outside can tell them."""
    watched.beats(300)
    watched.stage.faults.mute.add("sns")
    turn(watched.stage, watched.stage.policy.regions["us-east-1"].controls[0], on=False)
    watched.beats(120)
    assert set(watched.beats(300).values()) == {0}
    assert watched.told(FIRST)[-2]["why"].endswith("pages could not be sent")
    watched.stage.faults.mute.clear()
    watched.beats(120)
    assert min(watched.beats(300).values()) >= 4


def test_a_controller_whose_decisions_are_lost_is_silent(watched: Watched) -> None:
    watched.beats(300)
    cloud = watched.stage.cloud
    table = {"TableName": "tidegate-assessments"}
    cloud.call("dynamodb", "UpdateTable", SECOND, table | {"DeletionProtectionEnabled": False})
    cloud.call("dynamodb", "DeleteTable", SECOND, table)
    assert watched.beats(300)[SECOND] == 0
    assert watched.told(SECOND)[-2]["why"] == "withheld: what it decided could not be written down"


def test_a_controller_that_may_look_nowhere_is_silent(watched: Watched) -> None:
    """Events may still come, and its refusal is nobody's silence (S21): only a person can mend it."""
    watched.beats(300)

    services = watched.stage.cloud.wire.services

    def refuse(_call: Call) -> dict[str, Any]:
        raise AwsError("AccessDenied", "not authorized to perform: cloudwatch:DescribeAlarms", 403)

    for region in watched.stage.policy.regions:
        held = services["monitoring", region]
        operations = {**held.operations, "DescribeAlarms": refuse}
        services["monitoring", region] = cast(Service, SimpleNamespace(operations=operations))
    assert set(watched.beats(300).values()) == {0}
    assert watched.told(FIRST)[-2]["why"] == "withheld: it may look at no Region"


def test_a_region_that_is_dark_silences_nobody_else(watched: Watched) -> None:
    """That is what the controllers are for, and no illness of theirs."""
    watched.beats(300)
    faults = watched.stage.faults
    for region in (faults.dark, faults.apis_dark, faults.deaf, faults.controllers_dead):
        region.add(THIRD)
    heard = watched.beats(900)
    assert heard[THIRD] == 0
    assert min(heard[FIRST], heard[SECOND]) >= 13


def test_nobody_outside_stops_no_tick(watched: Watched) -> None:
    watched.outside.status = 500
    watched.beats(300)
    for region, log in watched.logs.items():
        told = watched.told(region)
        assert {line["why"] for line in told if "why" in line} == {f"{watched.outside.host} answered 500"}
        assert {line["HeartbeatSent"][0] for line in told if "HeartbeatSent" in line} == {0.0}
        assert "5ecret" not in log.getvalue()
        assert '"failed"' not in log.getvalue()


def test_the_secret_is_nowhere_in_what_is_kept(watched: Watched) -> None:
    watched.beats(300)
    watched.outside.status = 404
    watched.beats(180)
    cloud = watched.stage.cloud
    names = [f"tidegate-{what}" for what in ("journal", "evidence", "people")]
    kept = [
        str(cloud.call("dynamodb", "Scan", region, {"TableName": name}))
        for region in watched.stage.deployments
        for name in names
    ]
    records = [
        str(record)
        for deps in operators(watched.stage).values()
        for _, record in deps.assessments.newest_first("storefront", 0.0)
    ]
    assert any("answered 404" in record for record in records), "what became of a beat is kept"
    for text in (
        json.dumps(cloud.dump()),
        *kept,
        *records,
        *(log.getvalue() for log in watched.logs.values()),
    ):
        assert "5ecret" not in text
