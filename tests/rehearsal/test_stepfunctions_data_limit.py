"""Payloads over 256 KiB: who catches `States.DataLimitExceeded`, and what the history says."""

from typing import Any

import pytest

from controller.rehearsal.services.stepfunctions import Outcome
from tests.rehearsal.stepfunctions_world import DONE, END, REGION, World, states, task

MOST = 256 * 1024
BARE = {"Type": "Task", "Resource": f"arn:aws:lambda:{REGION}:123456789012:function:f", "Next": "Fine"}
NAMED, ALL, FAILED = "States.DataLimitExceeded", "States.ALL", "States.TaskFailed"


def large(size: int = MOST, character: str = "x") -> Outcome:
    return Outcome(payload=character * size)


def caught(*names: str) -> dict[str, Any]:
    return {"Catch": [{"ErrorEquals": list(names), "Next": "Caught"}]}


def said(what: str) -> str:
    limit = "returned a result with a size exceeding the maximum number of bytes service limit."
    return f"The state/task '{what}' {limit}"


def ended(world: World, definition: dict[str, Any], data: Any = None) -> tuple[str, str | None, str | None]:
    """Return how the execution ended: status, error and cause."""
    arn = world.start(definition, data)
    world.run()
    told = world.describe(arn)
    return told["status"], told.get("error"), told.get("cause")


@pytest.mark.parametrize("names", [[NAMED], [ALL], [FAILED], ["Other", NAMED]])
@pytest.mark.parametrize(
    ("state", "what", "failed"),
    [
        (task(Next="Fine"), "lambda", "TaskFailed"),
        (BARE, BARE["Resource"], "LambdaFunctionFailed"),
    ],
    ids=["lambda:invoke", "function"],
)
def test_a_function_whose_result_is_too_large_is_caught(
    state: dict[str, Any], what: str, failed: str, names: list[str]
) -> None:
    world = World()
    world.functions = {"f": lambda _: large(), BARE["Resource"]: lambda _: large()}
    arn = world.start(states("T", T={**state, **caught(*names)}, Caught=END, Fine=END))
    world.run()
    assert world.output(arn) == {"Error": NAMED, "Cause": said(what)}
    assert world.types(arn)[4:] == [
        failed,
        "TaskStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]


@pytest.mark.parametrize("names", [["States.Timeout"], ["States.Runtime"], ["Other"]])
def test_other_names_do_not_catch_it(names: list[str]) -> None:
    world = World()
    world.functions["f"] = lambda _: large()
    state = task(Next="Fine", **caught(*names))
    assert ended(world, states("T", T=state, Caught=END, Fine=END)) == ("FAILED", NAMED, said("lambda"))


@pytest.mark.parametrize("name", [NAMED, ALL, FAILED])
def test_it_is_tried_again(name: str) -> None:
    world, answers = World(), iter([large(), large(), DONE])
    world.functions["f"] = lambda _: next(answers)
    retry = [{"ErrorEquals": [name], "IntervalSeconds": 10, "BackoffRate": 1}]
    assert ended(world, states("T", T=task(Retry=retry)))[0] == "SUCCEEDED"
    assert [at for at, _, _ in world.invoked] == [0, 10, 20]


def test_attempts_come_before_the_catch() -> None:
    world = World()
    world.functions["f"] = lambda _: large()
    rules = {"Retry": [{"ErrorEquals": [ALL], "MaxAttempts": 2}], **caught(ALL)}
    assert ended(world, states("T", T=task(Next="Fine", **rules), Caught=END, Fine=END))[0] == "SUCCEEDED"
    assert len(world.invoked) == 3


@pytest.mark.parametrize(
    ("resource", "what"),
    [
        ("dynamodb:getItem", "dynamodb"),
        ("sqs:sendMessage", "sqs"),
        ("aws-sdk:s3:listObjectsV2", "aws-sdk:s3"),
    ],
)
def test_the_cause_names_the_service_of_another_integration(resource: str, what: str) -> None:
    world = World(integrations={resource: lambda _, done: done(large())})
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Next": "Fine", **caught(ALL)}
    arn = world.start(states("T", T=state, Caught=END, Fine=END))
    world.run()
    assert world.output(arn) == {"Error": NAMED, "Cause": said(what)}


def test_a_result_at_the_limit_passes_and_bytes_count_rather_than_characters() -> None:
    for payload, status in (("x" * (MOST - 2), "SUCCEEDED"), ("é" * (MOST // 2 - 1), "SUCCEEDED"),
                            ("x" * (MOST - 1), "FAILED"), ("é" * (MOST // 2), "FAILED")):  # fmt: skip
        world = World()
        world.functions[BARE["Resource"]] = lambda _, payload=payload: Outcome(payload=payload)  # type: ignore[misc]
        assert ended(world, states("T", T=BARE, Fine=END))[0] == status


def test_a_result_that_is_dropped_afterwards_is_too_large_all_the_same() -> None:
    world = World()
    world.functions["f"] = lambda _: large()
    assert ended(world, states("T", T=task(ResultPath=None)))[1] == NAMED


def test_the_error_leaves_a_parallel_state_and_is_caught_there() -> None:
    world = World()
    world.functions["f"] = lambda _: large()
    both = {"Type": "Parallel", "Branches": [states("T", T=task())], "Next": "Fine", **caught(ALL)}
    arn = world.start(states("B", B=both, Caught=END, Fine=END))
    world.run()
    assert world.output(arn)["Error"] == NAMED


GROWN = "x" * (MOST // 2)
"""Twice this is too large; once is not."""


@pytest.mark.parametrize("name", [ALL, NAMED, FAILED])
def test_a_state_whose_output_is_too_large_ends_the_execution(name: str) -> None:
    """The task succeeded: no rule is asked, and nothing is done twice."""
    world = World()
    world.functions["f"] = lambda _: Outcome(payload=GROWN)
    rules = {"Retry": [{"ErrorEquals": [name]}], **caught(name)}
    state = task(payload={}, ResultPath="$.more", Next="Fine", **rules)
    arn = world.start(states("T", T=state, Caught=END, Fine=END), {"had": GROWN})
    world.run()
    assert (world.describe(arn)["error"], world.describe(arn)["cause"]) == (NAMED, said("T"))
    assert world.types(arn)[-2:] == ["TaskSucceeded", "ExecutionFailed"]
    assert len(world.invoked) == 1


def test_a_pass_state_fails_as_recorded() -> None:
    world = World()
    arn = world.start(states("State_1", State_1={"Type": "Pass", "Result": "x" * MOST, "End": True}))
    world.run()
    assert world.types(arn) == ["ExecutionStarted", "PassStateEntered", "ExecutionFailed"]
    assert (world.describe(arn)["error"], world.describe(arn)["cause"]) == (NAMED, said("State_1"))


@pytest.mark.parametrize("name", [ALL, NAMED])
def test_the_outputs_of_all_branches_together_may_be_too_large(name: str) -> None:
    world = World()
    half = {"Type": "Pass", "Result": GROWN, "End": True}
    branches = [states("P", P=half), states("Q", Q=half)]
    both = {"Type": "Parallel", "Branches": branches, "Next": "Fine", **caught(name)}
    assert ended(world, states("B", B=both, Caught=END, Fine=END)) == ("FAILED", NAMED, said("B"))


def test_what_ends_the_execution_in_a_branch_is_not_caught_outside() -> None:
    world = World()
    branch = states("P", P={"Type": "Pass", "Result": "x" * MOST, "End": True})
    both = {"Type": "Parallel", "Branches": [branch], "Next": "Fine", **caught(ALL)}
    assert ended(world, states("B", B=both, Caught=END, Fine=END)) == ("FAILED", NAMED, said("P"))


@pytest.mark.parametrize(("name", "status"), [(ALL, "FAILED"), (FAILED, "FAILED"), (NAMED, "SUCCEEDED")])
@pytest.mark.parametrize("kind", ["Task", "Parallel"])
def test_an_input_that_grew_too_large_is_caught_by_its_own_name(kind: str, name: str, status: str) -> None:
    world = World()
    doubled = {"one.$": "$.had", "two.$": "$.had"}
    parallel = {"Type": "Parallel", "Branches": [states("P", P=END)], "Parameters": doubled, "Next": "Fine"}
    grown = task(Next="Fine", Parameters={"FunctionName": "f", "Payload": doubled})
    state = {**(grown if kind == "Task" else parallel), **caught(name)}
    catch = {"Catch": [{**state["Catch"][0], "ResultPath": None}]}
    world.functions["f"] = lambda _: DONE
    definition = states("T", T={**state, **catch}, Caught=END, Fine=END)
    assert ended(world, definition, {"had": GROWN})[0] == status
    assert world.invoked == []


def test_the_error_of_a_catch_may_be_what_makes_the_output_too_large() -> None:
    world = World()
    world.functions["f"] = lambda _: Outcome(error="E", cause="y" * 32_000)
    catch = {"Catch": [{"ErrorEquals": [ALL], "ResultPath": "$.error", "Next": "Caught"}]}
    state = task(payload={}, Next="Fine", **catch)
    held = {"had": "x" * (MOST - 10_000)}
    assert ended(world, states("T", T=state, Caught=END, Fine=END), held) == ("FAILED", NAMED, said("T"))
