"""A configuration that cannot work is refused in a sentence, before anything is synthesised."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from controller.entry.lambdas import Environment
from infra.__main__ import main
from infra.contexts import deployment
from infra.project import ConfigRefused, Project, load
from tests.support.config_files import SHIPPED, written


def refused(file: Path) -> str:
    with pytest.raises(ConfigRefused) as caught:
        load(file, deployed=1.0)
    return str(caught.value)


def project(file: Path = SHIPPED) -> Project:
    return load(file, deployed=1.0)


def test_the_shipped_configuration_loads() -> None:
    found = project()
    assert not found.live
    assert found.standby is not None
    assert all(bucket.region != region for region, bucket in found.standby.bucket_by_region.items())


TWO = ["us-east-2", "us-west-2"]
CANARY = {"canary": "storefront-{region}-checkout", "runsIn": ["us-gov-west-1", *TWO], "silentAfter": "3m"}

PLAN = "arn:aws:arc-region-switch::111122223333:plan/other:a1b2c3"
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/p"
CONSOLE = {"issuer": ISSUER, "client_id": "c", "zone": "Z0123456789", "addresses": {}}
ALARM = {"alarm": "a-{region}-5xx", "silentAfter": "3m"}


ROUTING = YAML(typ="safe", pure=True).load(SHIPPED.read_text(encoding="utf-8"))["routing"]
NAMED = {"name": ROUTING["name"], "zone": ROUTING["zone"]}
PASSIVE = ROUTING | {"mode": "active-passive"}


def slices(count: int, regions: int = 2, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the keys of a policy with so many slices in so many Regions."""
    places = ("us-east-1", "us-west-2", "us-east-2")[:regions]
    every = [names[n : n + 1] or [f"{place}-{k}" for k in range(count)] for n, place in enumerate(places)]
    return {"regions": {place: {"controls": list(each)} for place, each in zip(places, every, strict=True)}}


@pytest.mark.parametrize(
    ("config", "policy", "told"),
    [
        ({}, {"controllers": TWO}, "the journal needs three"),
        ({}, {"controllers": [*TWO, "eu-west-1"]}, "no strongly consistent table spans us-east-2"),
        ({"policy": "nowhere.yaml"}, {}, "nowhere.yaml"),
        ({}, {"enforcement": "live"}, "arc: storefront.arc.json is missing"),
        ({"routing": NAMED}, {"enforcement": "live"}, "routing.top_records: the policy is live; say true"),
        ({}, {"signals": {"customer": [CANARY], "service": [ALARM]}},
         "us-gov-west-1 has no CloudWatch Synthetics"),
        ({"home": "eu-west-1"}, {}, "home: eu-west-1 is no controller Region"),
        ({"application": "shop"}, {}, "shop is not the policy's, storefront"),
        ({"accounts": {"controller": "12", "application": "111122223333"}}, {}, "accounts.controller"),
        ({"colour": "blue"}, {}, "colour: Extra inputs are not permitted"),
        ({"plans": {"other": PLAN}}, {}, "plans: no ARN for the Region switch plan storefront"),
        ({"routing": None}, {}, "the sample needs `routing`"),
        ({"sample": None}, {}, "nothing says where the records lead"),
        ({"console": CONSOLE}, {}, "console.addresses: expected exactly the controllers"),
        ({"console": CONSOLE}, {}, "console.issuer: it lies in us-east-1"),
        ({"accounts": {"controller": "1" * 12, "application": "4" * 12}}, {}, "in another account"),
        ({"heartbeat": {"kind": "pagerduty", "host": "hc-ping.com"}}, {},
         "heartbeat.host: hc-ping.com is not where PagerDuty's kind sends: events.pagerduty.com"),
        ({"heartbeat": {"host": "events.pagerduty.com"}}, {}, "is not where PagerDuty's kind sends"),
        ({"heartbeat": {"host": "https://hc-ping.com/d7b2"}}, {}, "heartbeat.host: String should match"),
        ({"heartbeat": {"host": "hc-ping.com", "url": "https://hc-ping.com/"}}, {}, "heartbeat.url: Extra"),
        ({"reserved_concurrency": {"functions": {"Nobody": 1}}}, {}, "there is no function Nobody"),
        ({"reserved_concurrency": {"functions": {"Observe": 9}}}, {}, "9 is fewer than the 10 batches"),
        ({"reserved_concurrency": {"functions": {"Tick": 0}}}, {}, "functions.Tick: Input should be greater"),
        ({"reserved_concurrency": {"quota": 137}}, {},
         "38 in all, and 100 must stay unreserved: more than the quota of 137"),
        ({}, slices(20), "20 slices take 21 safety rules, and a control panel of ARC has 20 at most: 19"),
        ({"routing": PASSIVE}, slices(10), "has 20 at most: 9 slices; make the switch yourself"),
        ({}, slices(34, 3), "102 controls and the master switch"),
        ({}, slices(1, names=("use1-A", "use1_a")), "a template cannot tell the control use1_a from use1-A"),
        ({}, slices(1, names=("use1-a", "tidegate-master")), "cannot tell the control tidegate-master from"),
    ],
)  # fmt: skip
def test_bad_input(tmp_path: Path, config: dict[str, Any], policy: dict[str, Any], told: str) -> None:
    assert told in refused(written(tmp_path, config, policy))


@pytest.mark.parametrize(("config", "policy"), [({}, slices(19)), ({"routing": PASSIVE}, slices(9))])
def test_as_many_slices_as_a_control_panel_has_rules_for(
    tmp_path: Path, config: dict[str, Any], policy: dict[str, Any]
) -> None:
    assert project(written(tmp_path, config, policy)).policy.regions["us-east-1"].controls


def test_a_quota_that_is_just_enough_is_no_problem(tmp_path: Path) -> None:
    assert project(written(tmp_path)).reserved == {}, "off unless it is asked for"
    assert sum(project(written(tmp_path, {"reserved_concurrency": True})).reserved.values()) == 38
    just = project(written(tmp_path, {"reserved_concurrency": {"quota": 138}}))
    assert just.reserved == deployment(just, "us-east-2").reserved == deployment(just, "us-east-2").at_once
    alone = project(written(tmp_path, {"reserved_concurrency": True, "console": None}))
    assert "Console" not in alone.reserved


def test_a_pipeline_does_not_stand_where_traffic_is_served(tmp_path: Path) -> None:
    pipeline = YAML(typ="safe", pure=True).load(SHIPPED.read_text(encoding="utf-8"))["pipeline"]
    assert "serves traffic" in refused(written(tmp_path, {"pipeline": pipeline | {"region": "us-east-1"}}))


def test_an_arc_file_must_name_every_control_and_endpoint(tmp_path: Path) -> None:
    half = {"endpoints": {"us-east-1": "https://e"}, "panel": "arn:p", "controls": {"use1-a": "arn:a"}}
    (tmp_path / "storefront.arc.json").write_text(json.dumps(half), encoding="utf-8")
    told = refused(written(tmp_path))
    assert "no ARN for use1-b" in told
    assert "must name the endpoints in" in told


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    file = written(tmp_path, {"application": "shop", "home": "eu-west-1"}, {"controllers": TWO})
    assert len(refused(file).splitlines()) == 4


def test_a_review_beside_the_policy_is_packaged_if_it_is_of_that_version(tmp_path: Path) -> None:
    file = written(tmp_path)
    digest = project(file).policy.digest
    assert (project(file).review, "review.json" in project(file).packaged()) == (None, False)
    review = {"schema": "tidegate.review/v1", "digest": digest, "reviewed": [{"by": "ana", "at": 1.0}]}
    beside = tmp_path / "policy.review.json"
    beside.write_text(json.dumps(review), encoding="utf-8")
    kept = project(file).packaged()["review.json"]
    assert kept["reviewed"] == [{"by": "ana", "at": 1.0, "where": ""}]
    assert deployment(project(file), "us-east-2").review == kept
    for bad in (review | {"digest": "0" * 64}, {"a": 1}, []):
        beside.write_text(json.dumps(bad), encoding="utf-8")
        assert "policy.review.json: " in refused(file)


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "a: 1\na: 2", "!!python/object:os.system {}"])
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    assert refused(tmp_path / "config.yaml")


@pytest.mark.parametrize(
    ("config", "policy", "told"),
    [
        ({}, {"controllers": TWO}, "2 controller Regions; the journal needs three"),
        ({}, {"controllers": [*TWO, "eu-west-1"]}, "take three of: "),
        ({"policy": "nowhere.yaml"}, {}, "nowhere.yaml"),
        ({}, {"enforcement": "live"}, "write the file with `tidegate doctor --write-arc`"),
        ({}, {"signals": {"customer": [CANARY], "service": [ALARM]}}, "no canary can run there"),
    ],
    ids=["two-controllers", "no-journal-there", "unknown-policy", "live-without-arc", "no-synthetics"],
)
def test_the_command_ends_with_2_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: Any, policy: Any, told: str
) -> None:
    out = tmp_path / "out"
    assert main(["--config", str(written(tmp_path, config, policy)), "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert all(line.startswith("infra: ") for line in said.err.splitlines()), "sentences, no traceback"
    assert told in said.err
    assert not out.exists()


def test_the_functions_know_the_plans_that_the_policy_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the command line knows and the package lacks would be unknown on the one night that counts."""
    found = project()
    for name, data in found.packaged().items():
        (tmp_path / name).write_text(json.dumps(data), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {field.alias: "a" for field in Environment.model_fields.values() if field.is_required()}
    own = {"TIDEGATE_ACCOUNT": "1" * 12, "TIDEGATE_DEPLOYED": "1.0", "TIDEGATE_STANDBY": "standby.json"}
    given = names | own | {"TIDEGATE_PLANS": "plans.json"}
    deployed = Environment.model_validate(given).deployment()
    assert deployed.plans == found.config.plans == deployment(found, "us-east-2").plans
    assert set(deployed.plans) == {"storefront"}
