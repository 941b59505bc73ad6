"""A configuration whose switch is objects: live without `arc.json`, and what of it is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from controller import wiring
from controller.settings import Standby
from infra.contexts import deployment
from infra.grants import USES, statements
from infra.project import ConfigRefused, Project, load
from infra.standby import mover_tags
from tests.support.config_files import ROUTING, STANDBY, written

OBJECTS: dict[str, Any] = YAML(typ="safe", pure=True).load(STANDBY.read_text(encoding="utf-8"))["routing"]
LIVE = {"enforcement": "live"}
WRITES = ("s3:PutObject", "s3:DeleteObject")


def project(
    folder: Path, config: dict[str, Any] | None = None, policy: dict[str, Any] | None = None
) -> Project:
    return load(written(folder, config, policy, shipped=STANDBY), deployed=1.0)


def actions(found: Project, handler: str) -> set[str]:
    given = statements(found, "us-west-2", handler)
    return {action for each in given if each.effect == "Allow" for action in each.actions}


def test_the_shipped_one_loads() -> None:
    found = load(STANDBY, deployed=1.0)
    assert (found.live, found.objects_move, found.arc) == (False, True, None)


def test_it_is_live_without_a_file_of_arcs_names(tmp_path: Path) -> None:
    found = project(tmp_path, policy=LIVE)
    files = found.packaged()
    assert found.live
    assert "arc.json" not in files
    packaged = Standby.model_validate(files["standby.json"])
    controls = {c for entry in found.policy.regions.values() for c in entry.controls}
    assert set(packaged.objects) == controls, "each can be turned Off"
    given = deployment(found, "us-east-2")
    assert given.standby == packaged
    assert given.arc is None
    assert wiring.build(given).policy.digest == found.policy.digest


def test_the_buckets_lie_where_no_traffic_is_served(tmp_path: Path) -> None:
    """Else the state of the Region that stays would lie in the one that fails (decision 11)."""
    order = {"controllers": ["us-west-2", "us-east-1", "us-east-2"]}
    found = project(tmp_path, policy=order).standby
    assert found is not None
    assert {bucket.region for bucket in found.bucket_by_region.values()} == {"us-east-2"}


def test_objects_are_written_by_whoever_moves_traffic_and_only_when_live(tmp_path: Path) -> None:
    shadow, live = project(tmp_path), project(tmp_path, policy=LIVE)
    for handler, ports in USES.items():
        assert not actions(shadow, handler) & set(WRITES), handler
        assert (set(WRITES) <= actions(live, handler)) is ("shift" in ports), handler
    for given in statements(live, "us-west-2", "ShiftTraffic"):
        if set(WRITES) & set(given.actions):
            assert all(arn.startswith("arn:aws:s3:::tidegate-switch-us-") for arn in given.resources)
    assert not [a for a in actions(live, "ShiftTraffic") if "route53" in a]


@pytest.mark.parametrize(
    ("routing", "policy", "told"),
    [
        ({"by_hand": None}, LIVE, "routing.by_hand: missing"),
        ({"cluster": "new"}, {}, "routing: Value error, cluster: objects need no cluster"),
        ({"top_records": None}, LIVE, "routing.top_records: the policy is live; say true"),
        ({"switch": "manual"}, {}, "routing.switch: Input should be 'arc' or 'standby'"),
        ({"switch": "arc"}, {}, "routing: Value error, by_hand: "),
        ({"by_hand": ["arn:aws:iam::111122223333:user/x"]}, {}, "routing.by_hand.0: "),
        ({"by_hand": ["arn:aws:iam::444455556666:role/x"]}, {}, "is of another account than the buckets"),
    ],
)
def test_bad_input(tmp_path: Path, routing: dict[str, Any], policy: dict[str, Any], told: str) -> None:
    mine = {key: value for key, value in (OBJECTS | routing).items() if value is not None}
    with pytest.raises(ConfigRefused, match=told):
        project(tmp_path, {"routing": mine}, policy)


def test_a_file_of_arcs_names_beside_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "arc.json").write_text(json.dumps({}), encoding="utf-8")
    with pytest.raises(ConfigRefused, match=r"arc: arc\.json is there, and `routing.switch` is standby"):
        project(tmp_path)


def test_it_is_refused_where_every_controller_region_serves_traffic(tmp_path: Path) -> None:
    regions = {r: {"controls": [f"{r}-a"]} for r in ("us-east-1", "us-west-2", "us-east-2")}
    with pytest.raises(ConfigRefused, match="every controller Region serves traffic"):
        project(tmp_path, {"sample": None, "routing": OBJECTS | {"endpoints": {
            r: {"name": f"{r}.example.com", "zone": "Z0123456789EXAMPLE"} for r in regions}}},
            {"regions": regions})  # fmt: skip


def test_more_slices_than_letters_are_refused(tmp_path: Path) -> None:
    """A slice's name begins with its letter; objects have no quota of ARC's."""
    regions = {r: {"controls": [f"{r}-{n}" for n in range(27)]} for r in ("us-east-1", "us-west-2")}
    with pytest.raises(ConfigRefused, match="27 slices; 26 at most"):
        project(tmp_path, policy={"regions": regions})
    fewer = {r: {"controls": [f"{r}-{n}" for n in range(20)]} for r in ("us-east-1", "us-west-2")}
    assert project(tmp_path, policy={"regions": fewer}).standby


def test_another_deployment_of_the_account_writes_other_objects(tmp_path: Path) -> None:
    found = []
    for prefix in ("tidegate", "blue"):
        folder = tmp_path / prefix
        folder.mkdir()
        found.append(project(folder, {"prefix": prefix}, LIVE))
    switches = [each.standby for each in found if each.standby is not None]
    ours, theirs = ({bucket.name for bucket in each.bucket_by_region.values()} for each in switches)
    assert not ours & theirs
    tags = [mover_tags(each, moves=True) for each in found]
    assert [tag.key for each in tags for tag in each or ()] == ["tidegate-moves", "blue-moves"]


def test_no_role_is_a_mover_in_shadow_or_with_a_cluster(tmp_path: Path, live: Project) -> None:
    assert mover_tags(project(tmp_path), moves=True) is None
    assert mover_tags(live, moves=True) is None
    assert mover_tags(project(tmp_path, policy=LIVE), moves=False) is None


def test_with_a_cluster_nothing_changes(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=r"storefront\.arc\.json is missing"):
        load(written(tmp_path, {"routing": ROUTING | {"top_records": False}}, LIVE), deployed=1.0)
