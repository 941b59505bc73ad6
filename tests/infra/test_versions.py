"""Everybody calls a function by its alias `live`, and what has changed is another version."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from controller.entry.lambdas import HANDLERS, WARMING
from infra.functions import digest
from infra.sizes import EVERY_MINUTES, PROCESSOR, SIZES, WARM
from tests.infra.conftest import synthesise
from tests.infra.synthesis import Resource, Synthesis
from tests.support.config_files import written

STACK = "tidegate-controller-us-east-2"
Resources = dict[str, Resource]


@pytest.fixture(scope="module")
def resources(synthesis: Synthesis) -> Resources:
    found: Resources = synthesis.templates[STACK]["Resources"]
    return found


@pytest.fixture(scope="module")
def live_resources(live_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Resources:
    """The controller of a deployment that may move traffic."""
    only = ("--config", str(live_config), "--bare", f"--only={STACK}")
    folder = synthesise(tmp_path_factory.mktemp("live-controller"), *only).folder
    found: Resources = json.loads((folder / f"{STACK}.json").read_text(encoding="utf-8"))["Resources"]
    return found


def of(resources: Resources, type_: str) -> dict[str, Resource]:
    return {name: resource for name, resource in resources.items() if resource["Type"] == type_}


def test_each_alias_points_at_the_one_version_of_its_function(resources: Resources) -> None:
    aliases = of(resources, "AWS::Lambda::Alias")
    versions = of(resources, "AWS::Lambda::Version")
    assert set(aliases) == {f"{handler}Live" for handler in HANDLERS}
    assert len(versions) == len(aliases)
    for handler in HANDLERS:
        alias = aliases[f"{handler}Live"]["Properties"]
        (version,) = [name for name in versions if name.startswith(f"{handler}Version")]
        assert alias["FunctionName"] == {"Ref": handler} == versions[version]["Properties"]["FunctionName"]
        assert (alias["Name"], alias["FunctionVersion"]) == ("live", {"Fn::GetAtt": [version, "Version"]})


def test_a_version_stays_when_the_next_takes_its_place(resources: Resources) -> None:
    """A roll-back by hand finds it; one that a failed first try made does not stay in the way."""
    policies = {
        (version["DeletionPolicy"], version["UpdateReplacePolicy"])
        for version in of(resources, "AWS::Lambda::Version").values()
    }
    assert policies == {("RetainExceptOnCreate", "Retain")}


def test_what_calls_a_function_calls_it_by_the_alias(resources: Resources) -> None:
    (machine,) = of(resources, "AWS::StepFunctions::StateMachine").values()
    arn = "arn:aws:lambda:us-east-2:111122223333:function:tidegate-"
    called = machine["Properties"]["DefinitionSubstitutions"]
    assert called == {handler: f"{arn}{handler}:live" for handler in HANDLERS if handler != "Tick"}
    assert {f"{handler}Live" for handler in called} <= set(machine["DependsOn"]), "made before it is called"
    (mapping,) = of(resources, "AWS::Lambda::EventSourceMapping").values()
    assert mapping["Properties"]["FunctionName"] == {"Ref": "ObserveLive"}
    (schedule,) = of(resources, "AWS::Scheduler::Schedule").values()
    assert schedule["Properties"]["Target"]["Arn"] == {"Ref": "TickLive"}


def test_who_calls_may_call_the_alias(live_resources: Resources) -> None:
    """A permission on the function alone is none on its alias. Executions of before have no alias yet."""
    arn = "arn:aws:lambda:us-east-2:111122223333:function:tidegate-"

    def invoked(role: str) -> set[str]:
        (policy,) = live_resources[role]["Properties"]["Policies"]
        statements = policy["PolicyDocument"]["Statement"]
        return {
            each.removeprefix(arn)
            for statement in statements
            if "lambda:InvokeFunction" in statement["Action"]
            for each in statement["Resource"]
        }

    workflow = [handler for handler in HANDLERS if handler != "Tick"]
    assert invoked("WorkflowRole") == {*workflow, *(f"{handler}:live" for handler in workflow)}
    assert invoked("TickSchedule") == {"Tick:live"}
    assert invoked("WarmSchedule") == {f"{handler}:live" for handler in WARM}


@pytest.fixture(scope="module")
def drawn() -> tuple[cdk.Stack, lambda_.CfnFunction]:
    stack = cdk.Stack()
    code = lambda_.CfnFunction.CodeProperty(s3_bucket="b", s3_key="functions-1.zip")
    members = lambda_.CfnFunction.EnvironmentProperty(variables={"TIDEGATE_DEPLOYED": "1.0"})
    return stack, lambda_.CfnFunction(
        stack, "Assess", function_name="tidegate-Assess", code=code, role="r", memory_size=PROCESSOR,
        timeout=20, environment=members, handler="h", runtime="python3.14",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("member", "value", "anew"),
    [
        ("code", lambda_.CfnFunction.CodeProperty(s3_bucket="b", s3_key="functions-2.zip"), True),
        ("environment", {"variables": {"TIDEGATE_DEPLOYED": "2.0"}}, True),
        ("memory_size", 512, True),
        ("timeout", 30, True),
        ("role", "another", True),
        # Lambda publishes no version where these alone changed, and CloudFormation would wait for one.
        ("reserved_concurrent_executions", 3, False),
        ("tags", [cdk.CfnTag(key="k", value="v")], False),
    ],
)
def test_a_version_is_new_exactly_where_what_it_holds_is(
    drawn: tuple[cdk.Stack, lambda_.CfnFunction], member: str, value: Any, anew: bool
) -> None:
    stack, function = drawn
    before, held = digest(stack, function), getattr(function, member) if member != "tags" else None
    if member == "tags":
        function.tags.set_tag("k", "v")
    else:
        setattr(function, member, value)
    assert (digest(stack, function) != before) is anew
    if member == "tags":
        function.tags.remove_tag("k", 1000)
    else:
        setattr(function, member, held)
    assert digest(stack, function) == before


def test_another_deployment_makes_other_versions(
    resources: Resources, live_config: Path, live_resources: Resources
) -> None:
    """Its policy and its switch are in the zip: the digest of the code alone would do, and so would these."""
    versions = set(of(resources, "AWS::Lambda::Version"))
    assert versions.isdisjoint(of(live_resources, "AWS::Lambda::Version"))


def test_what_stands_on_the_path_is_kept_warm_where_something_can_move(
    resources: Resources, live_resources: Resources
) -> None:
    names = [s["Properties"]["Name"] for s in of(resources, "AWS::Scheduler::Schedule").values()]
    assert names == ["tidegate-tick"], "in shadow nothing moves"
    schedules = {
        s["Properties"]["Name"]: s["Properties"]
        for s in of(live_resources, "AWS::Scheduler::Schedule").values()
    }
    assert set(schedules) == {"tidegate-tick", *(f"tidegate-warm-{handler}" for handler in WARM)}
    for handler in WARM:
        schedule = schedules[f"tidegate-warm-{handler}"]
        target = schedule["Target"]
        assert schedule["ScheduleExpression"] == f"rate({EVERY_MINUTES} minutes)"
        assert (target["Arn"], json.loads(target["Input"])) == ({"Ref": f"{handler}Live"}, WARMING)
        assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0}
        assert SIZES[handler].memory == PROCESSOR


def test_no_event_of_a_schedule_is_tried_again(live_resources: Resources) -> None:
    """Lambda itself would keep one for six hours: after an outage all the ticks of it would come at once."""
    configured = of(live_resources, "AWS::Lambda::EventInvokeConfig")
    assert set(configured) == {f"{handler}Once" for handler in ("Tick", *WARM)}
    for name, resource in configured.items():
        assert resource["Properties"] == {
            "FunctionName": {"Ref": name.removesuffix("Once")},
            "Qualifier": "live",
            "MaximumEventAgeInSeconds": 60,
            "MaximumRetryAttempts": 0,
        }
        assert f"{name.removesuffix('Once')}Live" in resource["DependsOn"]


def test_a_tick_that_always_fails_rings(live_resources: Resources) -> None:
    """It fails once a minute at most, for nobody tries it again; and a minute may pass without one."""
    alarm = live_resources["WatchTickErrors"]["Properties"]
    told = {key: alarm[key] for key in ("Threshold", "ComparisonOperator", "Period", "EvaluationPeriods")}
    assert told == {
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "Period": 60,
        "EvaluationPeriods": 5,
    }
    assert alarm["DatapointsToAlarm"] == 3


def test_reserved_concurrency_is_written_only_where_it_is_asked_for(
    resources: Resources, tmp_path: Path
) -> None:
    def kept(found: Resources) -> dict[str, int]:
        functions = of(found, "AWS::Lambda::Function")
        return {
            name: each["Properties"]["ReservedConcurrentExecutions"]
            for name, each in functions.items()
            if "ReservedConcurrentExecutions" in each["Properties"]
        }

    assert kept(resources) == {}
    config = written(tmp_path, {"reserved_concurrency": {"quota": 300, "functions": {"Observe": 20}}})
    only = ("--config", str(config), "--release", "--bare", f"--only={STACK}")
    made = synthesise(tmp_path / "out", *only)
    template = json.loads((made.folder / f"{STACK}.json").read_text(encoding="utf-8"))["Resources"]
    wanted = {name: size.at_once for name, size in SIZES.items()} | {"Observe": 20}
    assert kept(template) == wanted
    need = sum(wanted.values()) + 100
    assert f"leaves 100 unreserved: a quota of {need} or more" in made.printed
    assert "A new account may have 10 at once" in made.printed
