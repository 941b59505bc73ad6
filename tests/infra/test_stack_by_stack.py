"""The documented order, stack by stack: each finds what it names, and no name is taken twice.

Of the resources of one stack, those that may come next come in a drawn order: CloudFormation promises none.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from controller.rehearsal.service import ACCOUNT
from tests.infra.deployed.cloudformation import CloudFormation, Made, Refused, StackFailed
from tests.infra.stack_order import FOUNDATION, REGIONS, STACKS
from tests.infra.synthesis import Synthesis

IN_ORDER = [*FOUNDATION, *STACKS[1:]]
SEEDS = range(1, 6)


@dataclass
class Paper:
    """A drive that makes nothing. fails: (logical id of the resource, how often it is refused)."""

    fails: dict[str, int] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def create(self, made: Made) -> None:
        self.calls.append(("create", made.logical))
        if self.fails.get(made.logical, 0):
            self.fails[made.logical] -= 1
            raise Refused("as the test wants it")

    def update(self, old: Made, new: Made) -> None:
        assert old.properties != new.properties
        self.calls.append(("update", new.logical))
        if self.fails.get(new.logical, 0):
            self.fails[new.logical] -= 1
            raise Refused("as the test wants it")

    def delete(self, made: Made) -> None:
        if made.properties.get("DeletionProtectionEnabled"):
            raise Refused("is protected from deletion")
        self.calls.append(("delete", made.logical))


@pytest.fixture
def templates(synthesis: Synthesis) -> dict[str, Any]:
    text = json.dumps(synthesis.templates).replace("111122223333", ACCOUNT)
    every = {name.removeprefix("tidegate-"): each for name, each in json.loads(text).items()}
    found = {name: each for name, each in every.items() if not name.startswith("pipeline")}
    assert sorted(found) == sorted(IN_ORDER)
    return found


def deploy(formation: CloudFormation, templates: dict[str, Any], name: str) -> list[str]:
    region = REGIONS.get(name) or name.partition("-")[2]
    return formation.deploy(f"tidegate-{name}", region, templates[name], {})


def deployed(templates: dict[str, Any], order: Sequence[str], seed: int = 1) -> CloudFormation:
    formation = CloudFormation(Paper(), seed)
    for name in order:
        deploy(formation, templates, name)
    return formation


@pytest.mark.parametrize("seed", SEEDS)
def test_each_stack_finds_what_it_names_in_the_documented_order(templates: dict[str, Any], seed: int) -> None:
    made = deployed(templates, IN_ORDER, seed)
    assert len(made.owners) > 250
    assert all(made.owners.values()), "and nothing is left that no stack owns"


@pytest.mark.parametrize(
    ("first", "before", "told"),
    [
        ("keys-us-east-1", "keys-us-west-2", "stack tidegate-keys-us-west-2 does not exist"),
        ("state", "keys-us-west-2", "kms alias/tidegate"),
        ("state", "audit-copy", "s3 tidegate-audit-us-east-2"),
        ("controller-us-east-1", "keys-us-east-1", r"(kms alias/|stack tidegate-keys-us-east-1)"),
        ("routing", "application-us-west-2", r"stack tidegate-application-us-(east-1|west-2) does not exist"),
        ("probes-us-east-1", "controller-us-east-1", "sns tidegate in us-east-1 does not exist"),
    ],
)
def test_another_order_fails(templates: dict[str, Any], first: str, before: str, told: str) -> None:
    order = [name for name in IN_ORDER if name != first]
    order.insert(order.index(before), first)
    with pytest.raises(StackFailed, match=told) as failed:
        deployed(templates, order)
    assert str(failed.value).startswith(f"tidegate-{first}: ")


def test_a_record_that_leads_to_a_name_of_its_zone_waits_for_that_name(templates: dict[str, Any]) -> None:
    """Without its DependsOn some order makes it too early; Route 53 refuses it."""
    zone = {"HostedZoneId": "Z1", "Type": "A"}
    leaf = {"Type": "AWS::Route53::RecordSet", "Properties": {**zone, "Name": "a.shop.example.com"}}
    target = {"DNSName": "a.shop.example.com", "HostedZoneId": "Z1", "EvaluateTargetHealth": True}
    top = {
        "Type": "AWS::Route53::RecordSet",
        "Properties": {**zone, "Name": "shop.example.com", "AliasTarget": target},
    }
    for depends, fails in (({}, True), ({"DependsOn": ["Leaf"]}, False)):
        template = {"Resources": {"Leaf": leaf, "Top": {**top, **depends}}}
        failed = [str(each) for each in _tried(template)]
        assert bool(failed) is fails
        assert all("route53 a.shop.example.com" in each for each in failed)


def _tried(template: dict[str, Any]) -> Iterator[StackFailed]:
    for seed in SEEDS:
        try:
            CloudFormation(Paper(), seed).deploy("routing", "us-west-2", template, {})
        except StackFailed as failed:
            yield failed


@pytest.mark.parametrize("seed", SEEDS)
def test_a_first_try_that_fails_takes_back_what_it_made_and_is_tried_again(
    templates: dict[str, Any], seed: int
) -> None:
    paper = Paper({"TickEachMinute": 1})
    formation = CloudFormation(paper, seed)
    for name in FOUNDATION:
        deploy(formation, templates, name)
    before = dict(formation.owners)
    with pytest.raises(StackFailed) as failed:
        deploy(formation, templates, "controller-us-east-1")
    assert failed.value.rolled_back
    assert formation.owners == before
    made = [logical for call, logical in paper.calls if call == "create" and logical != "TickEachMinute"]
    taken = [logical for call, logical in paper.calls if call == "delete"]
    assert list(reversed(taken)) == made[-len(taken) :]
    assert len(taken) > 10
    deploy(formation, templates, "controller-us-east-1")


def test_what_is_protected_from_its_first_minute_blocks_the_second_try(templates: dict[str, Any]) -> None:
    """That is why a first deployment says `protected: false`."""
    resources = templates["controller-us-east-1"]["Resources"]
    resources["Evidence"]["Properties"]["DeletionProtectionEnabled"] = True
    resources["TickEachMinute"]["DependsOn"] = ["Evidence"]
    formation = CloudFormation(Paper({"TickEachMinute": 1}))
    for name in FOUNDATION:
        deploy(formation, templates, name)
    with pytest.raises(StackFailed) as failed:
        deploy(formation, templates, "controller-us-east-1")
    assert not failed.value.rolled_back
    with pytest.raises(StackFailed, match="dynamodb tidegate-evidence in us-east-1 already exists, retained"):
        deploy(formation, templates, "controller-us-east-1")


def test_a_stack_that_is_deleted_leaves_its_tables_and_logs_and_their_names(
    templates: dict[str, Any],
) -> None:
    formation = deployed(templates, IN_ORDER)
    formation.delete("tidegate-controller-us-east-1")
    kept = {str(name) for name, owner in formation.owners.items() if not owner}
    assert {"dynamodb tidegate-evidence in us-east-1", "dynamodb tidegate-assessments in us-east-1"} <= kept
    assert "sqs tidegate-intake in us-east-1" not in kept
    with pytest.raises(StackFailed, match="already exists, retained"):
        deploy(formation, templates, "controller-us-east-1")


def test_an_update_touches_what_changed_alone_and_a_failed_one_goes_back(templates: dict[str, Any]) -> None:
    paper = Paper()
    formation = CloudFormation(paper)
    for name in IN_ORDER:
        deploy(formation, templates, name)
    paper.calls.clear()
    assert deploy(formation, templates, "controller-us-east-2") == []
    name = "controller-us-east-2"
    newer = json.loads(json.dumps(templates[name]))
    functions = [n for n, r in newer["Resources"].items() if r["Type"] == "AWS::Lambda::Function"]
    for logical in functions:
        newer["Resources"][logical]["Properties"]["Code"] = {"S3Bucket": "b", "S3Key": "functions-2.zip"}
    paper.fails["Tick"] = 1
    before = dict(formation.stacks[f"tidegate-{name}"].made)
    with pytest.raises(StackFailed) as failed:
        deploy(formation, {name: newer}, name)
    assert failed.value.rolled_back
    assert formation.stacks[f"tidegate-{name}"].made == before
    there = paper.calls.index(("update", "Tick"))
    assert sorted(paper.calls[:there]) == sorted(paper.calls[there + 1 :]), "each once there and once back"
    assert sorted(deploy(formation, {name: newer}, name)) == sorted(functions)
