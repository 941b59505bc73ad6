"""The printed runbook: the page in the documentation is the one that the example deployment gives now."""

from pathlib import Path
from typing import Any

import pytest

from controller import wiring
from controller.core.decision.plan import below_floor
from controller.core.policy.validation import parse_policy
from controller.entry import lambdas
from controller.lab.environment.environment import Parts
from controller.lab.environment.virtual import virtual_stage
from controller.lab.runbook import move_lines, runbook, whole
from controller.settings import Access, Bucket, Deployment, Standby
from tests.support.drill_run import WORKFLOW
from tests.support.policy_scene import EAST, WEST, policy_data

PAGE = Path(__file__).parents[2] / "docs" / "runbooks" / "break-glass.md"


def deployment(**changes: Any) -> Deployment:
    """The rehearsal's, with the shipped policy: its ARNs, endpoints and account stand for yours."""
    parts = Parts(WORKFLOW.read_text(encoding="utf-8"), tuple(lambdas.HANDLERS), wiring.INTAKE)
    return virtual_stage(parse_policy(policy_data() | changes), parts, seed=1).deployment


def test_the_page_in_the_documentation_is_not_stale() -> None:
    fresh = runbook(deployment(), source=EAST, target=WEST)
    assert PAGE.read_text(encoding="utf-8") == fresh, f"print it again into {PAGE.name}"


def test_each_endpoint_has_a_line_to_read_and_a_line_to_move() -> None:
    found = deployment()
    text = runbook(found, source=EAST, target=WEST)
    assert found.arc is not None
    for region, url in found.arc.endpoints.items():
        assert text.count(f"--region {region} --endpoint-url {url} ") == 2
    assert all(arn in text for arn in found.arc.controls.values())
    assert text.index("eu-west-1") < text.index("--region us-east-1")


def test_of_a_cluster_in_another_account_it_names_whose_credentials_are_needed() -> None:
    role = "arn:aws:iam::777788889999:role/tidegate-arc-us-east-2"
    away = deployment().model_copy(
        update={"arc_access": Access(role=role, external_id="tidegate-storefront")}
    )
    text = " ".join(runbook(away, source=EAST, target=WEST).split())
    assert "credentials of account 777788889999 for the routing controls, that may call" in text
    assert "credentials of account" not in PAGE.read_text(encoding="utf-8")


def test_more_than_ten_controls_take_several_calls_of_whole_slices_with_the_wait_period_between() -> None:
    regions = {region: {"controls": [f"{region}-{n}" for n in range(8)]} for region in (EAST, WEST)}
    found = deployment(regions=regions)
    lines = list(move_lines(found, whole(parse_policy(found.policy), source=EAST, target=WEST)))
    entries = [line for line in lines if "RoutingControlState" in line and line.startswith("  ")]
    assert [(block.count('"On"'), block.count('"Off"')) for block in entries] == [(5, 5), (3, 3)]
    assert [line.partition("#")[0].strip() for line in lines if line.startswith("sleep")] == ["sleep 6"]
    assert sum("update-routing-control-states" in line for line in lines) == 10


def test_a_standbys_lines_delete_and_put_objects_on_before_off() -> None:
    standby = Standby(
        bucket_by_region={EAST: Bucket(name="storefront-switch", region=WEST)},
        objects={f"use1-{s}": f"use1-{s}" for s in "abcd"},
    )
    found = deployment().model_copy(update={"arc": None, "standby": standby})
    policy = parse_policy(found.policy)
    away = list(move_lines(found, whole(policy, source=EAST, target=WEST)))
    assert [line.split()[2] for line in away] == ["put-object"] * 4
    assert all("--region us-west-2 --bucket storefront-switch" in line for line in away)
    home = list(move_lines(found, whole(policy, source=WEST, target=EAST)))
    assert [line.split()[2] for line in home] == ["delete-object"] * 4
    assert "IT CANNOT BE TURNED OFF" in runbook(found, source=WEST, target=EAST)


def test_where_both_regions_have_objects_all_on_come_before_any_off() -> None:
    both = Standby(
        bucket_by_region={r: Bucket(name=f"switch-{r}", region="us-east-2") for r in (EAST, WEST)},
        objects={f"{side}-{s}": f"{side}-{s}" for side in ("use1", "usw2") for s in "abcd"},
    )
    found = deployment().model_copy(update={"arc": None, "standby": both})
    goal = whole(parse_policy(found.policy), source=EAST, target=WEST)
    for changes in (goal, goal[::-1]):
        lines = list(move_lines(found, changes))
        assert [line.split()[2] for line in lines] == ["delete-object"] * 4 + ["put-object"] * 4


def test_with_a_third_region_it_says_to_leave_out_what_that_one_carries() -> None:
    regions = {r: {"controls": [f"{r}-a"]} for r in (EAST, WEST, "eu-west-1")}
    three = runbook(deployment(regions=regions), source=EAST, target=WEST)
    assert "Leave the lines out" in three
    assert "Leave the lines out" not in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("source", [EAST, WEST])
def test_what_the_lines_make_keeps_the_floor(source: str) -> None:
    policy = parse_policy(policy_data())
    target = WEST if source == EAST else EAST
    assert below_floor(policy, dict(whole(policy, source=source, target=target))) is None


def test_a_policy_that_older_rules_let_in_prints_its_lines_when_they_are_needed() -> None:
    """A `settle` of ten seconds is refused today: not here, at night."""
    found = deployment()
    older = {**found.policy, "evacuate": {**found.policy["evacuate"], "settle": "10s"}}
    lines = list(runbook(found.model_copy(update={"policy": older}), source=EAST, target=WEST).splitlines())
    assert sum("update-routing-control-states" in line for line in lines) == 5
