"""A rehearsed function is called by its name, its ARN, or an alias that it has."""

from typing import Any

import pytest

from controller.rehearsal.blueprint import function_arn, live_arn, qualified
from controller.rehearsal.service import ACCOUNT
from controller.rehearsal.services.awslambda import Outcome
from tests.support.drill_run import ALONE, set_up

ASSESS = function_arn("us-east-2", ACCOUNT, "Assess")


@pytest.mark.parametrize(
    ("function", "name", "qualifier"),
    [
        ("tidegate-Assess", "tidegate-Assess", ""),
        ("tidegate-Assess:live", "tidegate-Assess", "live"),
        (f"{ACCOUNT}:function:tidegate-Assess", "tidegate-Assess", ""),
        (ASSESS, "tidegate-Assess", ""),
        (live_arn("us-east-2", ACCOUNT, "Assess"), "tidegate-Assess", "live"),
        (f"{ASSESS}:$LATEST", "tidegate-Assess", "$LATEST"),
    ],
)
def test_a_name_is_read_as_lambda_reads_it(function: str, name: str, qualifier: str) -> None:
    assert qualified(function) == (name, qualifier)


def test_only_an_alias_that_is_there_is_answered() -> None:
    stage, _ = set_up(**ALONE)
    (region,) = stage.cloud.controller_regions.values()
    region.functions["Assess"] = lambda event, _context: {"seen": event}
    ended: dict[str, Outcome] = {}

    def call(function: str) -> None:
        region.invoke(function, 1, lambda outcome: ended.update({function: outcome}))

    for function in (ASSESS, f"{ASSESS}:live", f"{ASSESS}:blue", f"{ASSESS[:-6]}Nobody:live"):
        call(function)
    stage.advance(1)
    answered: list[Any] = [ended[f].payload for f in (ASSESS, f"{ASSESS}:live")]
    assert answered == [{"seen": 1}] * 2
    for lost in (f"{ASSESS}:blue", f"{ASSESS[:-6]}Nobody:live"):
        assert ended[lost].error == "Lambda.ResourceNotFoundException"


def test_the_workflow_calls_by_the_alias() -> None:
    stage, _ = set_up(**ALONE)
    arn = {"stateMachineArn": f"arn:aws:states:us-east-2:{ACCOUNT}:stateMachine:tidegate"}
    definition = stage.cloud.call("states", "DescribeStateMachine", "us-east-2", arn)["definition"]
    assert live_arn("us-east-2", ACCOUNT, "ShiftTraffic") in definition
    assert f'{ASSESS}"' not in definition
