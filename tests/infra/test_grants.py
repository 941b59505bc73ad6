"""Least privilege: what a function may do is what its code reaches, no more and no less."""

import importlib
from typing import Any

from controller.entry.lambdas import HANDLERS
from controller.settings import Records
from infra.contexts import deployment
from infra.grants import ADAPTERS, CONSOLE, DESK, STARRED, USES, statements
from infra.planes import leaning
from infra.project import Project, load
from tests.infra.reach import reached, reached_by_console
from tests.infra.synthesis import Synthesis
from tests.support.config_files import SHIPPED
from tests.support.sources import module_of, sources


def written(project: Project, handler: str) -> list[dict[str, Any]]:
    return [statement.written() for statement in statements(project, "us-west-2", handler)]


def allowed(synthesis: Synthesis, stack: str, handler: str) -> list[dict[str, Any]]:
    template = synthesis.templates[stack]
    role = template["Resources"][f"{handler}Role"]["Properties"]
    return [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]


def actions(statements: list[dict[str, Any]]) -> set[str]:
    return {action for s in statements if s["Effect"] == "Allow" for action in _listed(s["Action"])}


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_a_handler_is_given_what_its_code_reaches() -> None:
    uses = {handler: frozenset(ports) for handler, ports in USES.items()}
    assert uses.pop(CONSOLE) == reached_by_console()
    assert uses == reached()
    assert set(uses) == set(HANDLERS)


def test_every_adapter_that_declares_permissions_is_in_the_table() -> None:
    declared: set[str] = set()
    modules = [module_of(file) for file in sources("aws", least=30)]
    desk = {f"controller.aws.{name}" for name in DESK}
    assert desk <= set(modules)
    for name in set(modules) - desk:
        found = getattr(importlib.import_module(name), "PERMISSIONS", ())
        declared |= {entry if isinstance(entry, str) else entry[0] for entry in found}
    assert {action for those in ADAPTERS.values() for action in those} == declared


def test_the_roles_hold_exactly_what_the_adapters_declare(synthesis: Synthesis) -> None:
    """Shadow, without ARC: what would move traffic is left out, and so is what the policy asks of nobody."""
    asked = {"arc-region-switch:GetPlanEvaluationStatus", "cloudwatch:GetMetricStatistics"}
    unasked = {
        *ADAPTERS["heartbeat"],
        *ADAPTERS["readiness"],
        *ADAPTERS["requests"],
        *ADAPTERS["shift"],
    } - asked
    for handler, ports in USES.items():
        wished = {
            a for port in ports for a in ADAPTERS[port] if not a.startswith("route53-recovery-cluster:")
        }
        own = {"logs:CreateLogStream", "logs:PutLogEvents"}
        if handler == CONSOLE:
            own |= {"sqs:GetQueueAttributes", "sqs:GetQueueUrl"}
        if handler == "Observe":
            own |= {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
        given = actions(allowed(synthesis, "tidegate-controller-us-west-2", handler))
        assert given == (wished - unasked) | own, handler


def test_a_star_stands_only_where_aws_offers_no_other(synthesis: Synthesis) -> None:
    for handler in HANDLERS:
        for statement in allowed(synthesis, "tidegate-controller-us-east-1", handler):
            assert "*" not in _listed(statement["Action"])
            if "*" in _listed(statement["Resource"]):
                assert set(_listed(statement["Action"])) <= set(STARRED)


def test_a_shadow_deployment_can_write_to_no_switch(synthesis: Synthesis) -> None:
    every = {
        action
        for _, _, role in synthesis.of("AWS::IAM::Role", "tidegate-controller-")
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
    }
    assert not [
        a
        for a in every
        if ("Update" in a and "route53" in a) or (a.startswith("s3:") and a != "s3:ListBucket")
    ]


def test_a_live_deployment_moves_exactly_its_controls_and_overrides_no_rule(live: Project) -> None:
    update = "route53-recovery-cluster:UpdateRoutingControlStates"
    for handler, ports in USES.items():
        given = written(live, handler)
        assert (update in actions(given)) is ("shift" in ports), handler
        for statement in given:
            if update in _listed(statement["Action"]) and statement["Effect"] == "Allow":
                assert all("/routingcontrol/" in arn for arn in _listed(statement["Resource"]))
    denied = [s for s in written(live, "ShiftTraffic") if s["Effect"] == "Deny"]
    assert denied[0]["Condition"] == {"Bool": {"route53-recovery-cluster:AllowSafetyRulesOverrides": "true"}}


def test_nothing_on_the_evacuations_path_depends_on_a_control_plane() -> None:
    assert list(leaning(ADAPTERS)) == []


def test_a_control_plane_on_the_path_is_found() -> None:
    bad = {**ADAPTERS, "shift": (*ADAPTERS["shift"], "route53:ChangeResourceRecordSets")}
    assert [line.split(",")[0] for line in leaning(bad)] == ["shift needs route53:ChangeResourceRecordSets"]
    assert list(leaning({"journal": ("cloudwatch:DescribeAlarms",)})), (
        "asked in passing, but by the wrong port"
    )


def test_the_doctor_asks_iam_for_what_the_templates_give(synthesis: Synthesis) -> None:
    given = deployment(load(SHIPPED, deployed=1.0), "us-west-2")
    assert set(given.rights) == set(USES)
    for handler, rights in given.rights.items():
        held = allowed(synthesis, "tidegate-controller-us-west-2", handler)
        asked = {(action, resource) for r in rights for action in r.actions for resource in r.resources}
        there = {(a, r) for s in held for a in _listed(s["Action"]) for r in _listed(s["Resource"])}
        own = {pair for pair in there if pair[0].startswith(("logs:", "sqs:"))}
        assert asked == there - own, handler
        keys = {key for r in rights for key in r.keys}
        assert keys == {key for s in held for pair in s.get("Condition", {}).values() for key in pair}, (
            handler
        )


def test_the_doctor_knows_the_records_and_who_signs_people_in() -> None:
    given = deployment(load(SHIPPED, deployed=1.0), "us-east-2")
    assert given.records == Records(name="shop.example.com", zone="Z0123456789EXAMPLE")
    assert given.issuer == "https://login.example.com/"
