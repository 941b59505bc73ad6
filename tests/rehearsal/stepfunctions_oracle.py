"""moto's Step Functions interpreter as an oracle for ours."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.awslambda_simple.models import lambda_simple_backends

from tests.rehearsal.stepfunctions_world import REGION

ACCOUNT = "123456789012"


@contextmanager
def moto_client() -> Iterator[Any]:
    """A Step Functions client on moto, which really executes; its Lambda answers from a script."""
    config: Any = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        with mock_aws(config=config):
            yield boto3.client("stepfunctions", region_name=REGION)


def script(answers: list[Any]) -> None:
    """What moto's Lambda returns, call by call."""
    queue = lambda_simple_backends[ACCOUNT][REGION].lambda_simple_results_queue
    queue[:] = [json.dumps(answer) for answer in answers]


def start(client: Any, name: str, definition: str, data: Any) -> str:
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    machine = client.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    return str(
        client.start_execution(stateMachineArn=machine, name="run", input=json.dumps(data))["executionArn"]
    )


def history(client: Any, arn: str) -> list[dict[str, Any]]:
    return list(client.get_execution_history(executionArn=arn)["events"])


def ended(client: Any, arn: str) -> dict[str, Any]:
    """DescribeExecution, once it has ended. moto runs in threads of its own, on the wall clock."""
    for _ in range(10_000):
        described: dict[str, Any] = client.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            break
        time.sleep(0.01)
    return described


def by_strand(events: list[dict[str, Any]]) -> list[list[str]]:
    """Each event as the chain of `type name` that leads to it: the order between branches is free."""
    paths: dict[int, list[str]] = {0: []}
    for event in events:
        details = [value for value in event.values() if isinstance(value, dict)]
        name = next((value["name"] for value in details if "name" in value), "")
        paths[event["id"]] = [*paths[event["previousEventId"]], f"{event['type']} {name}".strip()]
    return sorted(paths.values())
