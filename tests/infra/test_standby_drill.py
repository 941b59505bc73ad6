"""A Region is left and comes home in a cloud that is built from the templates of a switch of objects."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from controller.core.policy.validation import parse_policy
from controller.entry.demo.rehearsal import parts
from controller.lab.environment.environment import Stage
from controller.lab.environment.templates import NotDeployable
from controller.lab.environment.virtual import virtual_stage
from controller.lab.policy_files.overlay import overlaid
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.play import Judged, Run
from controller.rehearsal.dns.records import resolve
from tests.infra.conftest import synthesise
from tests.infra.synthesis import Synthesis
from tests.infra.template_drill import played
from tests.support.config_files import OBJECTS_LIVE, STANDBY, written
from tests.support.drill_run import ALONE
from tests.support.policy_scene import EAST, WEST, policy_data


@dataclass(frozen=True)
class Drill:
    """One run. answers: customers' place -> the Regions that the name led to at the end."""

    stage: Stage
    run: Run
    judged: Judged
    answers: dict[str, set[str]]


@cache
def drill(folder: Path, name: str) -> Drill:
    scenario = SCENARIOS[name]
    policy = overlaid(parse_policy(policy_data() | ALONE), scenario.policy)
    stage, run, judged = played(folder, policy, name, EAST)
    names = stage.cloud.names
    answers = {
        place: {names.lookup(stage.cloud.plan.name, place).region for _ in range(40)}
        for place in (EAST, WEST)
    }
    return Drill(stage, run, judged, answers)


def test_a_dark_region_is_left_by_objects_and_the_name_answers_without_it(objects: Synthesis) -> None:
    played = drill(objects.folder, "region-dark")
    assert played.judged.ok, played.judged.findings
    assert {(name, on) for _, name, on in played.run.shifts} == {(f"use1-{s}", False) for s in "abcd"}
    assert played.answers == {EAST: {WEST}, WEST: {WEST}}
    cloud = played.stage.cloud
    assert all(cloud.arc.is_on(name) for name in cloud.controls), "there is no cluster to touch"
    assert played.stage.deployment.arc is None


def test_it_comes_home_when_the_objects_are_gone(objects: Synthesis) -> None:
    played = drill(objects.folder, "restore")
    assert played.judged.ok, played.judged.findings
    assert [on for _, _, on in played.run.shifts] == [False] * 4 + [True] * 4
    assert played.answers == {EAST: {EAST}, WEST: {WEST}}


def changed(objects: Synthesis, folder: Path, stack: str, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of the whole output in which `change` was done to one template."""
    shutil.copytree(objects.folder, folder / "templates")
    shutil.copytree(objects.folder.parent / "deployments", folder / "deployments")
    file = folder / "templates" / f"{stack}.json"
    template = json.loads(file.read_text(encoding="utf-8"))
    change(template["Resources"])
    file.write_text(json.dumps(template), encoding="utf-8")
    return folder / "templates"


def test_a_drill_fails_where_a_check_asks_for_another_object(objects: Synthesis, tmp_path: Path) -> None:
    """Slice a would stay in the dark Region: its object is written, and nobody looks at it."""

    def cross(resources: dict[str, Any]) -> None:
        resources["CheckUse1A"]["Properties"]["HealthCheckConfig"]["ResourcePath"] = "/use1-z.off"

    played = drill(changed(objects, tmp_path, "tidegate-routing", cross), "region-dark")
    assert not played.judged.ok
    assert EAST in played.answers[EAST]


def _no_bucket(resources: dict[str, Any]) -> None:
    del resources["SwitchUsEast1"]


def _no_record(resources: dict[str, Any]) -> None:
    del resources["SliceBUsEast1"]


def _not_inverted(resources: dict[str, Any]) -> None:
    resources["CheckUse1A"]["Properties"]["HealthCheckConfig"]["Inverted"] = False


@pytest.mark.parametrize(
    ("stack", "change", "told"),
    [
        ("tidegate-controller-us-east-2", _no_bucket, "no template declares the bucket tidegate-switch"),
        ("tidegate-routing", _no_record, "no record hangs on use1-b"),
        ("tidegate-routing", _not_inverted, "CheckUse1A is no inverted check of an object"),
    ],
)  # fmt: skip
def test_templates_whose_objects_move_nothing_are_refused(
    objects: Synthesis, tmp_path: Path, stack: str, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    folder = changed(objects, tmp_path, stack, change)
    with pytest.raises(NotDeployable, match=told):
        virtual_stage(parse_policy(policy_data() | ALONE), parts(folder), 1)


def test_without_the_packaged_names_of_the_objects_it_is_refused(objects: Synthesis, tmp_path: Path) -> None:
    folder = changed(objects, tmp_path, "tidegate-routing", lambda _resources: None)
    shutil.rmtree(tmp_path / "deployments")
    with pytest.raises(NotDeployable, match="deployments"):
        parts(folder)


def test_where_one_region_is_passive_the_first_answers_while_it_is_on(tmp_path: Path) -> None:
    routing = OBJECTS_LIVE["routing"] | {"mode": "active-passive"}  # type: ignore[operator]
    config = written(tmp_path, OBJECTS_LIVE | {"routing": routing}, {"enforcement": "live"}, shipped=STANDBY)
    made = synthesise(tmp_path / "out", "--config", str(config))
    tree = virtual_stage(parse_policy(policy_data() | ALONE), parts(made.folder), 1).cloud.tree
    for place in (EAST, WEST):
        for draw in (0.1, 0.4, 0.6, 0.9):
            assert resolve(tree, tree.name, lambda _control: True, place, draw).region == EAST
            left = resolve(tree, tree.name, lambda control: not control.startswith("use1"), place, draw)
            assert left.region == WEST
