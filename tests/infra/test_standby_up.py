"""`tidegate up` from the templates of a switch of objects: real sockets, DNS, the aws CLI, break-glass."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.lab.runbook import read_lines
from controller.settings import Deployment
from infra.contexts import deployment
from infra.project import load
from tests.infra.synthesis import Synthesis
from tests.support.config_files import OBJECTS_LIVE, STANDBY, written
from tests.support.running_rehearsal import Rehearsal, policy

BUCKET = "tidegate-switch-us-east-1-111122223333"
ALONE = "[us-east-2]"


@pytest.fixture
def rehearsal(objects: Synthesis, tmp_path: Path) -> Iterator[Rehearsal]:
    guards = policy(tmp_path, controllers=ALONE)
    running = Rehearsal(tmp_path, "--ephemeral", "--policy", guards, "--templates", str(objects.folder))
    yield running
    assert running.stop() == 0


def listed(rehearsal: Rehearsal) -> set[str]:
    found = rehearsal.aws(rehearsal.told["aws"], "us-east-2", "s3api", "list-objects-v2", "--bucket", BUCKET)
    return {each["Key"] for each in found.get("Contents", ())}


def leads_to(rehearsal: Rehearsal, region: str) -> None:
    """Health checks look each ten seconds of the rehearsal's."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if {rehearsal.resolve() for _ in range(12)} == {region}:
            return
        time.sleep(0.2)
    pytest.fail(f"the name does not lead to {region}")


def test_a_region_is_left_by_hand_and_comes_back(rehearsal: Rehearsal, tmp_path: Path) -> None:
    assert rehearsal.told["arc"] == {}
    assert rehearsal.told["objects"] == {
        "us-east-1": BUCKET,
        "us-west-2": BUCKET.replace("us-east-1", "us-west-2"),
    }
    leads_to(rehearsal, "us-east-1")
    assert listed(rehearsal) == set()
    code, moved = rehearsal.run(
        "break-glass", "us-east-1", "--reason", "drill by hand", "--as", "ana", "--yes"
    )
    assert code == 0, moved
    assert listed(rehearsal) == {f"use1-{s}.off" for s in "abcd"}
    leads_to(rehearsal, "us-west-2")
    _, examined = rehearsal.run("doctor")
    verdicts = {row["check"]: row["verdict"] for row in examined["findings"]}
    for check in ("routing controls", "record tree", "switch objects", "health checkers"):
        assert verdicts[check] == "ok", examined["findings"]
    code, refused = rehearsal.run("doctor", "--write-arc", str(tmp_path / "arc.json"))
    assert (code, refused["error"]) == (1, "this deployment moves objects: it needs no file of ARC's names")
    code, moved = rehearsal.run(
        "break-glass", "us-west-2", "--to", "us-east-1", "--reason", "and back", "--as", "ana", "--yes"
    )
    assert code == 0, moved
    assert listed(rehearsal) == set()
    leads_to(rehearsal, "us-east-1")


def test_break_glass_of_a_deployment_needs_only_its_files(tmp_path: Path) -> None:
    """What `make synth` writes for the command line names each object, and no cluster."""
    config = written(tmp_path, OBJECTS_LIVE, {"enforcement": "live"}, shipped=STANDBY)
    found = deployment(load(config, deployed=1.0), "us-east-2")
    read = Deployment.model_validate_json(found.model_dump_json(exclude_none=True))
    lines = [line for line in read_lines(read) if "--region us-east-2 --bucket tidegate-switch-us-" in line]
    assert len(lines) == len(list(read_lines(read))) == 2, "a list of each guarded Region's bucket"
