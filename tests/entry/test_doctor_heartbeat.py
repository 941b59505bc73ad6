"""The doctor says whether somebody outside would notice that a controller is silent."""

from collections.abc import Iterator

import pytest

from controller.entry.doctor.finding import Finding, Patient
from controller.entry.doctor.heartbeat import heartbeat
from controller.settings import Heartbeat
from tests.entry.examined_deployment import HERE, changed, patients
from tests.support.heartbeats import SECRET, Watched, watching


@pytest.fixture
def watched() -> Iterator[Watched]:
    with watching() as held:
        yield held


def looked(watched: Watched) -> Finding:
    (patient,) = [each for each in patients(watched.stage) if each.deployment.region == HERE]
    (found,) = heartbeat(told(patient, watched))
    return found


def told(patient: Patient, watched: Watched) -> Patient:
    return changed(patient, heartbeat=Heartbeat(host=watched.outside.host, secret=SECRET))


def test_nobody_outside_is_a_warning(watched: Watched) -> None:
    (found,) = heartbeat(patients(watched.stage)[0])
    assert (found.verdict, found.says.partition(",")[0]) == (
        "skipped",
        "not configured: nobody outside watches",
    )


def test_a_beat_that_was_sent_is_well(watched: Watched) -> None:
    assert looked(watched).verdict == "bad", "none was sent yet"
    watched.beats(240)
    found = looked(watched)
    assert found.verdict == "ok"
    assert f"sent to {watched.outside.host}" in found.says


def test_a_beat_that_was_refused_is_found(watched: Watched) -> None:
    watched.outside.status = 404
    watched.beats(240)
    found = looked(watched)
    assert (found.verdict, "answered 404" in found.says) == ("bad", True)


def test_beats_that_stopped_are_found(watched: Watched) -> None:
    watched.beats(240)
    watched.stage.faults.controllers_frozen.add(HERE)
    watched.beats(400)
    assert "s ago" in looked(watched).says
    assert looked(watched).verdict == "bad"
    watched.beats(600)
    assert "no tick told of a beat" in looked(watched).says


def test_a_secret_that_is_gone_is_unknown_and_never_read(watched: Watched) -> None:
    watched.beats(240)
    secrets = watched.stage.cloud.secrets
    before = secrets.read.total()
    looked(watched)
    assert secrets.read.total() == before
    secrets.values.clear()
    assert looked(watched).verdict == "unknown"
