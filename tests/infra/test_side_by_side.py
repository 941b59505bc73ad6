"""Two deployments in one account and the same Regions, from the templates of both."""

import io
import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from controller import wiring
from controller.core.journal.kind import Kind
from controller.core.policy.schema import Policy
from controller.core.policy.validation import parse_policy
from controller.entry import lambdas
from controller.entry.demo.rehearsal import parts
from controller.entry.lambdas import Environment
from controller.lab.environment.environment import Stage, deployed
from controller.lab.environment.templates import NotDeployable
from controller.lab.environment.virtual import virtual_stage
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.settings import Deployment
from controller.steps.context.deps import Deps
from infra.contexts import deployment
from infra.project import ConfigRefused, load
from tests.infra.conftest import ROOT, synthesise
from tests.infra.synthesis import Synthesis
from tests.support.config_files import SHIPPED

OTHERS = {"storefront": "orders", "shop.example.com": "orders.example.com", "use1": "oe1", "usw2": "ow2",
          "use2": "oe2"}  # fmt: skip
"""The second application: another name, other records, other controls, another console."""
GLOBAL = ("AWS::S3::Bucket", "AWS::IAM::Role", "AWS::CloudWatch::Dashboard", "AWS::Route53::RecordSet")
NAMING = re.compile(r"(?<!Metric)Name$|^StatementId$")
"""Properties that name something for good."""
REGION = re.compile(r"[a-z]{2}-[a-z]+-\d$")
WITHIN = (
    *("AWS::Route53RecoveryControl::SafetyRule", "AWS::Route53RecoveryControl::RoutingControl"),
    *("AWS::ApiGatewayV2::Stage", "AWS::Lambda::Alias"),
)
"""Named within a panel, an API or a function, and each deployment has its own."""
ACCOUNT_OF_BOTH = {"AWS::Logs::LogGroup", "AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Events::Rule"}


def other_files(folder: Path, prefix: str) -> Path:
    """The shipped configuration and policy for another application, under another prefix."""
    yaml = YAML(typ="safe", pure=True)
    for name, file in (("config.yaml", SHIPPED), ("policy.yaml", ROOT / "policies" / "storefront.yaml")):
        text = file.read_text(encoding="utf-8")
        for old, new in OTHERS.items():
            text = text.replace(old, new)
        data = yaml.load(text)
        if name == "config.yaml":
            data |= {"prefix": prefix, "policy": "policy.yaml", "pipeline": None}
        with (folder / name).open("w", encoding="utf-8") as out:
            yaml.dump({key: value for key, value in data.items() if value is not None}, out)
    return folder / "config.yaml"


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    folder = tmp_path_factory.mktemp("beside")
    made = synthesise(folder / "out", "--config", str(other_files(folder, "evac")))
    assert made.exit_code == 0, made.printed
    return made


def names(synthesis: Synthesis) -> Iterator[tuple[str, str, str]]:
    """Yield (where, type, name) of whatever an account or the world can have once."""
    for stack, template in synthesis.templates.items():
        region = REGION.search(stack)
        for resource in template["Resources"].values():
            type_, properties = resource["Type"], resource.get("Properties", {})
            if type_ in WITHIN:
                continue
            where = "" if type_ in GLOBAL or region is None else region[0]
            found = [v for k, v in properties.items() if NAMING.search(k) and isinstance(v, str)]
            yield from ((where, type_, f"{name} {properties.get('SetIdentifier', '')}") for name in found)
        yield "", "stack", stack


def test_no_name_of_one_deployment_is_the_others(synthesis: Synthesis, beside: Synthesis) -> None:
    """CloudFormation would refuse the second, or the second would change what is the first's."""
    first, second = set(names(synthesis)), set(names(beside))
    assert {type_ for _, type_, _ in first} >= ACCOUNT_OF_BOTH
    assert len(second) > 200
    assert first & second == set()


def test_with_the_same_prefix_they_would_meet(synthesis: Synthesis, tmp_path: Path) -> None:
    made = synthesise(tmp_path / "out", "--config", str(other_files(tmp_path, "tidegate")))
    met = {type_ for _, type_, _ in set(names(synthesis)) & set(names(made))}
    assert met >= ACCOUNT_OF_BOTH | {"stack", "AWS::KMS::Alias", "AWS::Lambda::Function"}


def test_a_role_of_one_touches_nothing_of_the_other(synthesis: Synthesis, beside: Synthesis) -> None:
    """Whatever a policy names is under its own prefix, or belongs to nobody (ARNs with an id, the bus)."""
    for mine, theirs in ((synthesis, "evac"), (beside, "tidegate")):
        for type_ in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::KMS::Key", "AWS::SQS::QueuePolicy"):
            for stack, scope_id, resource in mine.of(type_, "", least=0):
                text = json.dumps(resource)
                assert f"{theirs}-" not in text, (stack, scope_id)
                assert f":{theirs}" not in text, (stack, scope_id)
                assert f"alias/{theirs}" not in text, (stack, scope_id)


def test_functions_and_the_command_line_know_the_same_names(beside: Synthesis) -> None:
    """A name that is left to its default would be the other deployment's."""
    project = load(beside.folder.parent.parent / "config.yaml", deployed=1_900_000_000.0)
    for region in project.policy.controllers:
        known = deployment(project, region)
        for _, _, made in beside.of("AWS::Lambda::Function", f"evac-controller-{region}", least=10):
            read = Environment.model_validate(
                made["Environment"]["Variables"] | {"AWS_REGION": region, "TIDEGATE_DEPLOYED": known.deployed}
            )
            same = set(Environment.model_fields) & set(Deployment.model_fields)
            assert len(same) >= 12
            names = {name: getattr(read, name) for name in same}
            assert names == {name: getattr(known, name) for name in same}
            assert "tidegate" not in str(names)


def test_a_prefix_has_no_hyphen(tmp_path: Path) -> None:
    """`tidegate-b-…` would be of `tidegate` as well: its rules, its queue's policy, its bake."""
    made = synthesise(tmp_path / "out", "--config", str(other_files(tmp_path, "tidegate-b")))
    assert made.exit_code == 2
    assert "prefix" in made.printed


@pytest.mark.parametrize("prefix", ["watch", "sthree", "aws"])
def test_a_prefix_that_is_somebody_elses_is_refused(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ConfigRefused, match="take another"):
        load(other_files(tmp_path, prefix), deployed=1.0)


def test_no_alarm_but_a_composite_of_ours_rings(synthesis: Synthesis, beside: Synthesis) -> None:
    """By its whole name: another application's may begin as our prefix and application do."""
    for mine, prefix in ((synthesis, "tidegate"), (beside, "evac")):
        composites = {p["AlarmName"] for _, _, p in mine.of("AWS::CloudWatch::CompositeAlarm", prefix)}
        for _, _, rule in mine.of("AWS::Events::Rule", f"{prefix}-controller-", least=3):
            if rule["Name"] == f"{prefix}-direct":
                assert set(rule["EventPattern"]["detail"]["alarmName"]) == composites


# ---------------------------------------------------------------------------------------------- both, played


def policy_of(file: Path) -> Policy:
    data = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    data = {k: v for k, v in data.items() if k not in ("drills", "approvals")}
    data |= {"enforcement": "live", "evacuate": data["evacuate"] | {"approval": "none"}}
    data["target"]["ready"] = data["target"]["ready"][:1]
    data["limits"] = {k: v for k, v in data["limits"].items() if k != "blackout"}
    return parse_policy(data)


class Both:
    """A stage with two deployments; `deps` of an operator of each, at the first controller."""

    def __init__(self, first: Synthesis, second: Synthesis) -> None:
        mine = policy_of(ROOT / "policies" / "storefront.yaml")
        theirs = policy_of(second.folder.parent.parent / "policy.yaml")
        also = parts(second.folder)
        self.stage = virtual_stage(mine, replace(parts(first.folder), beside=((theirs, also),)), 1)
        self.second = deployed(theirs, self.stage.cloud, beside=self.stage.cloud.plans[1])
        bound = partial(_bound, self.stage)
        self.stage.begin(
            {here: bound(here, each) for here, each in self.stage.deployments.items()},
            {"evac": {here: bound(here, each) for here, each in self.second.items()}},
        )
        here = self.stage.deployment.region
        self.deps = {
            "storefront": _deps(self.stage, here, self.stage.deployments[here]),
            "orders": _deps(self.stage, here, self.second[here]),
        }

    def kinds(self, application: str) -> list[Kind]:
        deps = self.deps[application]
        task = self.stage.runtime.spawn(lambda: [event.kind for event in deps.journal.read(application)])
        self.stage.advance(5)
        return list(task.result())

    def fail(self, application: str, region: str) -> None:
        """Requests of one application alone fail in a Region; its canaries see it, wherever they run."""
        for synthetic in self.stage.cloud.regions:
            for each in self.stage.synthetics.canaries(synthetic):
                if each.canary.name.startswith(f"{application}-{region}-"):
                    each.canary = replace(each.canary, environment={"BASE_URL": "http://nobody.invalid"})
        self.stage.cloud.kernel.every(30.0, lambda: self._errors(application, region))

    def _errors(self, application: str, region: str) -> None:
        now = self.stage.cloud.kernel.now()
        self.stage.cloud.put_metric(region, application.capitalize(), "5xxRate", 400.0, "Percent", now, {})


def _deps(stage: Stage, here: str, deployment: Deployment) -> Deps:
    runtime = stage.cloud.controller_regions[here].runtime
    clients = virtual_clients(stage.cloud.wire, runtime, stage.faults, home=here)
    return wiring.build(deployment, clients=clients, runtime=runtime, rng=random.Random(here))


def _bound(stage: Stage, here: str, deployment: Deployment) -> dict[str, Any]:
    name = f"beside-{deployment.prefix}-{here}-{id(stage)}"
    return lambdas.bound(_deps(stage, here, deployment), io.StringIO(), name, deployment.prefix)


def test_one_application_fails_and_the_other_stays(synthesis: Synthesis, beside: Synthesis) -> None:
    both = Both(synthesis, beside)
    both.stage.advance(600)
    both.fail("orders", "us-east-1")
    both.stage.advance(1800)
    assert Kind.SETTLED in both.kinds("orders")
    quiet = both.kinds("storefront")
    assert quiet
    assert Kind.INCIDENT_OPENED not in quiet
    on = {name for name in both.stage.cloud.controls if both.stage.cloud.arc.is_on(name)}
    assert on == set(both.stage.cloud.controls)
    assert not [name for name in both.stage.cloud.controls_of(both.stage.cloud.plans[1])
                if both.stage.cloud.arc.is_on(name) and name.startswith("oe1")]  # fmt: skip
    assert {notice.topic for notice in both.stage.cloud.outbox.notices} == {"evac"}
    assert not both.stage.cloud.errors


def test_a_region_fails_and_both_leave_it_each_by_its_own_record(
    synthesis: Synthesis, beside: Synthesis
) -> None:
    both = Both(synthesis, beside)
    both.stage.advance(600)
    both.stage.faults.dark.add("us-east-1")
    both.stage.advance(1800)
    for application, prefix in (("storefront", "tidegate"), ("orders", "evac")):
        assert both.kinds(application).count(Kind.SETTLED) == 1
        assert prefix in {notice.topic for notice in both.stage.cloud.outbox.notices}
    controls = [*both.stage.cloud.controls, *both.stage.cloud.controls_of(both.stage.cloud.plans[1])]
    off = {name for name in controls if not both.stage.cloud.arc.is_on(name)}
    assert off == {f"{zone}-{letter}" for zone in ("use1", "oe1") for letter in "abcd"}


def test_one_whose_functions_are_dead_takes_nothing_from_the_other(
    synthesis: Synthesis, beside: Synthesis
) -> None:
    both = Both(synthesis, beside)
    for controller in both.stage.cloud.controller_regions.values():
        controller.beside["evac"].clear()
    both.stage.advance(600)
    both.stage.faults.dark.add("us-east-1")
    both.stage.advance(1800)
    assert both.kinds("storefront").count(Kind.SETTLED) == 1
    assert both.kinds("orders") == []


def test_a_probe_of_one_does_not_hide_that_the_others_no_longer_come(
    synthesis: Synthesis, beside: Synthesis
) -> None:
    both = Both(synthesis, beside)
    here = "us-east-2"
    event = {"source": "tidegate.probe", "detail-type": "Intake Probe", "detail": {"application": "orders"}}
    seen: dict[str, list[Any]] = {}
    for prefix, functions in (
        ("tidegate", both.stage.cloud.controller_regions[here].functions),
        ("evac", both.stage.cloud.controller_regions[here].beside["evac"]),
    ):
        observe, kept = functions["Observe"], seen.setdefault(prefix, [])
        functions["Observe"] = lambda e, c, o=observe, k=kept: k.append(e) or o(e, c)
    both.stage.cloud.publish("us-east-1", event)
    both.stage.advance(30)
    texts = {prefix: str(kept) for prefix, kept in seen.items()}
    assert "tidegate.probe" in texts["evac"]
    assert "tidegate.probe" not in texts["tidegate"]


def test_templates_of_two_deployments_in_one_folder_are_refused(
    synthesis: Synthesis, beside: Synthesis, tmp_path: Path
) -> None:
    for each in (*synthesis.folder.glob("*-controller-*"), *beside.folder.glob("*-controller-*")):
        (tmp_path / each.name).write_bytes(each.read_bytes())
    with pytest.raises(NotDeployable, match="2 deployments: evac, tidegate"):
        parts(tmp_path)
