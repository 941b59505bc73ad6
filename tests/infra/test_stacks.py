"""The declared stacks are as the code expects, and as the design says of record tree and state."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from controller import wiring
from controller.aws.arc.switch import JOIN_LIMIT
from controller.aws.events.rules import alarms_named
from controller.entry.lambdas import HANDLERS, Environment
from controller.lab.environment.estate import bare, estate
from controller.lab.policy_files.loader import load_policy
from controller.rehearsal.resources import DEAD_LETTERS, QUEUE
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services.dynamodb.api import SHARED, TABLES
from controller.settings import Standby
from controller.steps.workflow.shift_traffic import DEADLINE
from infra import names
from infra.contexts import deployment
from infra.grants import USES
from infra.project import Project, load
from infra.release.order import stack_names
from tests.infra.conftest import synthesise
from tests.infra.synthesis import Synthesis
from tests.support.config_files import ROUTING, written
from tests.support.sources import ROOT

NARROWED = alarms_named(f"storefront-{region}-{kind}" for region in ("us-east-1", "us-west-2")
                        for kind in ("5xx", "latency"))  # fmt: skip
CONTROLLERS = ("us-east-2", "us-west-2", "us-east-1")
POLICY = load_policy(ROOT / "policies" / "storefront.yaml").policy
OURS = names.Names()


def one(synthesis: Synthesis, type_: str, stack: str, **members: Any) -> dict[str, Any]:
    (found,) = [p for _, _, p in synthesis.of(type_, stack) if members.items() <= p.items()]
    return found


@pytest.mark.parametrize("region", CONTROLLERS)
def test_each_function_gets_the_environment_that_it_reads(synthesis: Synthesis, region: str) -> None:
    stack = f"tidegate-controller-{region}"
    functions = {p["FunctionName"]: p for _, _, p in synthesis.of("AWS::Lambda::Function", stack)}
    assert set(functions) == {OURS.function(handler) for handler in (*HANDLERS, "Console")}
    for name, function in functions.items():
        given = function["Environment"]["Variables"] | {"AWS_REGION": region}
        read = Environment.model_validate(given)
        assert set(given) <= {field.alias for field in Environment.model_fields.values()}
        files = (read.region, read.standby_file, read.plans_file)
        assert files == (region, "standby.json", "plans.json")
        assert (
            read.topic.split(":")[3] == read.state_machine.split(":")[3] == read.key.split(":")[3] == region
        )
        assert function["Architectures"] == ["arm64"], name
        assert function["KmsKeyArn"]


def test_no_function_outlives_its_state_and_a_shift_is_heard_out(synthesis: Synthesis) -> None:
    """Longer than its state, two would run at once; shorter than a shift, what applied would go unwritten."""
    stack = "tidegate-controller-us-east-2"
    timeouts = {p["FunctionName"]: p["Timeout"] for _, _, p in synthesis.of("AWS::Lambda::Function", stack)}
    (machine,) = [p for _, _, p in synthesis.of("AWS::StepFunctions::StateMachine", stack)]
    states = json.loads(machine["DefinitionString"])["States"]
    for name, state in states.items():
        if "TimeoutSeconds" in state:
            assert timeouts[OURS.function(name)] <= state["TimeoutSeconds"], name
    for handler, ports in USES.items():
        if "shift" in ports:
            assert timeouts[OURS.function(handler)] > DEADLINE + JOIN_LIMIT, handler


def test_the_packaged_files_build_a_controller() -> None:
    project = load(ROOT / "infra" / "config" / "storefront.yaml", deployed=1.0)
    files = project.packaged()
    assert set(files) == {"policy.json", "standby.json", "consoles.json", "plans.json"}
    given = deployment(project, "us-east-2")
    assert given.policy == files["policy.json"]
    assert given.standby == Standby.model_validate(files["standby.json"])
    assert wiring.build(given).policy.digest == POLICY.digest


def test_tables_and_queues_are_named_and_keyed_as_the_code_expects(synthesis: Synthesis) -> None:
    for region in CONTROLLERS:
        stack = f"tidegate-controller-{region}"
        tables = {p["TableName"]: p for _, _, p in synthesis.of("AWS::DynamoDB::Table", stack)}
        assert set(tables) == {OURS.of(what) for what in set(TABLES) - set(SHARED)}
        for table in tables.values():
            assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
        queues = {p["QueueName"] for _, _, p in synthesis.of("AWS::SQS::Queue", stack)}
        assert queues == {OURS.of(QUEUE), OURS.of(DEAD_LETTERS)}
    assert dict(TABLES) == names.TABLE_KEYS


def test_the_journal_is_strongly_consistent_in_the_controllers_regions(moved: Synthesis) -> None:
    journal = one(moved, "AWS::DynamoDB::GlobalTable", "tidegate-state", TableName=OURS.of(names.JOURNAL))
    assert journal["MultiRegionConsistency"] == "STRONG"
    assert [replica["Region"] for replica in journal["Replicas"]] == list(POLICY.controllers)
    assert all(replica["DeletionProtectionEnabled"] for replica in journal["Replicas"])
    recovery = [replica["PointInTimeRecoverySpecification"] for replica in journal["Replicas"]]
    assert recovery == [{"PointInTimeRecoveryEnabled": True}] * len(CONTROLLERS)
    template = moved.templates["tidegate-state"]["Resources"]
    assert (
        template["Journal"]["DeletionPolicy"] == template["Audit"]["DeletionPolicy"] == "RetainExceptOnCreate"
    )


def test_a_first_try_that_fails_can_be_taken_back(synthesis: Synthesis, moved: Synthesis) -> None:
    """What is protected from deletion, a roll-back cannot delete: that is for the second pass."""

    def protected(made: Synthesis) -> list[bool]:
        tables = [p for _, _, p in made.of("AWS::DynamoDB::Table")]
        shared = [p for _, _, p in made.of("AWS::DynamoDB::GlobalTable")]
        every = [*tables, *(replica for table in shared for replica in table["Replicas"])]
        return [each["DeletionProtectionEnabled"] for each in every]

    assert protected(synthesis) == [False] * 14
    assert protected(moved) == [True] * 14


@pytest.mark.parametrize(
    ("chosen", "live_", "protected"),
    [(None, False, False), (None, True, True), (True, False, True), (False, True, False)],
)
def test_what_is_live_is_protected(
    live: Project, tmp_path: Path, chosen: bool | None, live_: bool, protected: bool
) -> None:
    project = live if live_ else load(written(tmp_path), deployed=1.0)
    assert (
        replace(project, config=project.config.model_copy(update={"protected": chosen})).protected
        is protected
    )


def test_a_journal_that_was_deleted_is_made_anew_under_its_name(synthesis: Synthesis, tmp_path: Path) -> None:
    """CloudFormation believes a deleted resource to be there; a new logical id makes it again."""
    config = written(tmp_path, {"journal_made": 2})
    only = ("--config", str(config), "--bare", "--only=tidegate-state")
    file = synthesise(tmp_path / "out", *only).folder / "tidegate-state.json"
    again = json.loads(file.read_text(encoding="utf-8"))["Resources"]
    before = synthesis.templates["tidegate-state"]["Resources"]
    assert again.keys() ^ before.keys() == {"Journal", "Journal2"}
    assert again["Journal2"] == before["Journal"]
    policies = [before["Journal"][f"{what}Policy"] for what in ("Deletion", "UpdateReplace")]
    assert policies == ["RetainExceptOnCreate", "Retain"]


def test_names_stand_in_a_table_that_keeps_no_backup_under_a_key_of_its_own(synthesis: Synthesis) -> None:
    people = one(synthesis, "AWS::DynamoDB::GlobalTable", "tidegate-state", TableName=OURS.of(names.PEOPLE))
    assert people["MultiRegionConsistency"] == "STRONG"
    assert "TimeToLiveSpecification" not in people, "a strongly consistent table refuses one"
    assert [replica["Region"] for replica in people["Replicas"]] == list(POLICY.controllers)
    for replica in people["Replicas"]:
        recovery = replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        key = replica["SSESpecification"]["KMSMasterKeyId"]
        assert (recovery, key.endswith(":alias/tidegate-people")) == (False, True)
    for region in CONTROLLERS:
        aliases = synthesis.of("AWS::KMS::Alias", f"tidegate-keys-{region}")
        alias = next(p for _, _, p in aliases if p["AliasName"] == OURS.people_key)
        assert "PeopleKey" in json.dumps(alias["TargetKeyId"])
        of_names = synthesis.templates[f"tidegate-keys-{region}"]["Resources"]["PeopleKey"]["Properties"]
        policy = json.dumps(of_names["KeyPolicy"])
        assert f"dynamodb.{region}.amazonaws.com" in policy
        assert not [each for each in ("sns", "sqs", "s3", "lambda", "logs") if f"{each}." in policy]


def test_the_rules_are_those_of_the_rehearsal(synthesis: Synthesis) -> None:
    """What the drills have proven is what is deployed: the same patterns, paths and templates. Of alarms only
    the policy's are let in: a rehearsal has no others."""
    plan = bare(POLICY, "", (), wiring.INTAKE)
    wanted = {(r.region, r.name): r for r in plan.rules}
    found = {}
    for stack, _, rule in synthesis.of("AWS::Events::Rule"):
        region = stack.removeprefix("tidegate-controller-").removeprefix("tidegate-probes-")
        found[region, rule["Name"]] = rule
    assert set(found) == set(wanted)
    for where, rule in wanted.items():
        pattern = NARROWED if where[1] == "tidegate-alarms" else rule.pattern
        declared = json.dumps(found[where]["EventPattern"]).replace("111122223333", ACCOUNT)
        assert json.loads(declared) == pattern
        mine = {
            t["Arn"].split(":", 5)[3] + t["Id"]: t.get("InputTransformer") for t in found[where]["Targets"]
        }
        assert mine == {t["Arn"].split(":", 5)[3] + t["Id"]: t.get("InputTransformer") for t in rule.targets}


def test_the_alarms_are_those_of_the_rehearsal(synthesis: Synthesis) -> None:
    plan = estate(POLICY, "", (), wiring.INTAKE)
    wanted = {(alarm.region, alarm.members["AlarmName"]) for alarm in plan.alarms}
    declared = set()
    for type_ in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for stack, _, alarm in synthesis.of(type_):
            region = stack.removeprefix("tidegate-controller-").removeprefix("tidegate-probes-")
            declared.add((region, alarm["AlarmName"]))
    assert wanted <= declared
    for region in CONTROLLERS:
        assert {f"watch-storefront-probe-{guarded}" for guarded in POLICY.regions} <= {
            name for where, name in declared if where == region
        }


def test_the_slices_stand_on_top_of_the_regions(moved: Synthesis) -> None:
    """Below a latency record a slice would move nothing: Route 53 would choose the Region before it."""
    records = [p for _, _, p in moved.of("AWS::Route53::RecordSet", "tidegate-routing")]
    top = [r for r in records if r["Name"] == "shop.example.com."]
    assert [r["Weight"] for r in top] == [1, 1, 1, 1]
    for record in top:
        below = [r for r in records if r["Name"] == record["AliasTarget"]["DNSName"] + "."]
        assert {r["Region"] for r in below} == set(POLICY.regions)
        assert all(r["HealthCheckId"] and r["AliasTarget"]["EvaluateTargetHealth"] for r in below)


def test_a_name_that_is_in_use_is_left_alone(synthesis: Synthesis, moved: Synthesis) -> None:
    """Route 53 refuses weighted records beside one that is there: the tree is made, the name moves later."""
    before, after = (
        {p["Name"] + p["SetIdentifier"] for _, _, p in each.of("AWS::Route53::RecordSet", "tidegate-routing")}
        for each in (synthesis, moved)
    )
    assert after - before == {f"shop.example.com.slice-{letter}" for letter in "abcd"}
    assert before < after
    tops = [moved.templates["tidegate-routing"]["Resources"][f"Slice{letter}"] for letter in "ABCD"]
    assert {top["DeletionPolicy"] for top in tops} == {"RetainExceptOnCreate"}, "never by mistake"


def test_a_shadow_week_is_green_without_the_stack_of_the_switch(synthesis: Synthesis) -> None:
    """Each name that a canary asks has its record in a stack that is deployed before it."""
    records = {
        p["Name"].rstrip(".")
        for stack, _, p in synthesis.of("AWS::Route53::RecordSet")
        if stack != "tidegate-routing"
    }
    asked = {
        urlsplit(url).hostname
        for _, _, canary in synthesis.of("AWS::Synthetics::Canary")
        for key, url in canary["RunConfig"]["EnvironmentVariables"].items()
        if key.endswith("_URL")
    }
    assert asked == {f"{region}.shop.example.com" for region in POLICY.regions}
    assert asked <= records


def test_an_application_of_ones_own_has_its_names_too(tmp_path: Path) -> None:
    targets = {r: {"name": f"{r}.alb.example.net", "zone": "Z35SXDOTRQ7X7K"} for r in POLICY.regions}
    config = {"sample": None, "routing": ROUTING | {"endpoints": targets}}
    file = written(tmp_path, config)
    made = synthesise(tmp_path / "out", "--config", str(file), "--bare")
    order = stack_names(load(file, deployed=1.0), made.templates)
    assert isinstance(order, list)
    assert {*made.templates} - {*order} <= {s for s in made.templates if s.startswith("tidegate-pipeline")}
    assert not [stack for stack in made.templates if "application" in stack]
    for region in POLICY.regions:
        record = one(made, "AWS::Route53::RecordSet", f"tidegate-endpoint-{region}")
        assert record["Name"] == f"{region}.shop.example.com."
        assert record["AliasTarget"]["DNSName"] == f"{region}.alb.example.net"
    slices = [p for _, _, p in made.of("AWS::Route53::RecordSet", "tidegate-routing", least=8)]
    assert {p["AliasTarget"]["HostedZoneId"] for p in slices} == {"Z35SXDOTRQ7X7K"}


def test_each_slice_is_on_somewhere_and_a_master_switch_guards_them_all(synthesis: Synthesis) -> None:
    rules = [p for _, _, p in synthesis.of("AWS::Route53RecoveryControl::SafetyRule", "tidegate-routing")]
    assertions = [r for r in rules if "AssertionRule" in r]
    assert len(assertions) == 4
    assert all(r["RuleConfig"] == {"Type": "ATLEAST", "Threshold": 1, "Inverted": False} for r in assertions)
    assert all(len(r["AssertionRule"]["AssertedControls"]) == 2 for r in assertions)
    (gate,) = [r["GatingRule"] for r in rules if "GatingRule" in r]
    assert len(gate["TargetControls"]) == 8
    assert len(rules) <= 20


def test_each_slice_of_the_policy_has_its_health_checks(synthesis: Synthesis) -> None:
    checks = [p for _, _, p in synthesis.of("AWS::Route53::HealthCheck", "tidegate-routing")]
    assert len(checks) == sum(len(entry.controls) for entry in POLICY.regions.values())
    assert {c["HealthCheckConfig"]["Type"] for c in checks} == {"RECOVERY_CONTROL"}


def test_canaries_run_where_the_policy_says_and_on_the_name_too(moved: Synthesis) -> None:
    for region in ("us-east-1", "us-east-2", "us-west-2"):
        found = {p["Name"]: p for _, _, p in moved.of("AWS::Synthetics::Canary", f"tidegate-probes-{region}")}
        assert set(found) == {
            *(f"storefront-{r}-{what}" for r in POLICY.regions for what in ("checkout", "heartbeat")),
            "storefront-name",
            *([f"storefront-{region}-replication"] if region in POLICY.regions else []),
        }
        url = found["storefront-us-west-2-checkout"]["RunConfig"]["EnvironmentVariables"]["BASE_URL"]
        assert url == "https://us-west-2.shop.example.com"


def test_aws_health_is_heard_where_it_repeats_itself(synthesis: Synthesis) -> None:
    for region in ("us-east-1", "us-west-2"):
        rule = one(synthesis, "AWS::Events::Rule", f"tidegate-probes-{region}", Name="tidegate-forward")
        assert "aws.health" in rule["EventPattern"]["source"]


def test_shadow_has_no_cluster_to_move(synthesis: Synthesis) -> None:
    switches = {p["BucketName"] for _, _, p in synthesis.of("AWS::S3::Bucket", "tidegate-controller-")}
    assert switches == {f"tidegate-switch-{region}-111122223333" for region in POLICY.regions}
    assert not list(synthesis.of("AWS::Route53RecoveryControl::Cluster", "tidegate-controller-", least=0))


def test_a_task_token_reaches_no_log(synthesis: Synthesis) -> None:
    for _, _, machine in synthesis.of("AWS::StepFunctions::StateMachine"):
        assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
        assert machine["EncryptionConfiguration"]["Type"] == "CUSTOMER_MANAGED_KMS_KEY"


def test_the_same_template_in_each_controller_region(synthesis: Synthesis) -> None:
    """The Region's name apart, and the empty buckets that stand for a switch."""

    def blank(region: str) -> dict[str, str]:
        resources = synthesis.templates[f"tidegate-controller-{region}"]["Resources"]
        return {name: r["Type"] for name, r in resources.items() if not name.startswith("Switch")}

    assert blank("us-east-1") == blank("us-east-2") == blank("us-west-2")
