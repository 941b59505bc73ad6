"""The Lambda functions of one controller Region: the handlers of `controller.entry.lambdas`, each with its
role and its size.

```
 function ─ published as ─> version, immutable <─ points at ─ alias `live` <─ workflow, queue, schedules
    └ another zip, variable or size: another version, under another logical id; the older ones are kept
```
An update of a function is two calls, one for the code and one for the variables: without versions, new code
would meet old variables in between. Why these sizes: docs/decisions/0044-functions-and-their-sizes.md.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from controller.entry.lambdas import HANDLERS
from infra import names
from infra.bundle import EXECUTABLE
from infra.grants import HANDS, USES, Statement, goes, statements
from infra.sizes import SIZES
from infra.stack import KEPT, Regional
from infra.standby import mover_tags
from infra.trust import roles

STREAMS = "the streams of its own log group"
NOT_VERSIONED = ("reservedConcurrentExecutions", "tags", "codeSigningConfigArn")
"""Members that a version does not hold. A change of these alone must make no new one: AWS publishes none."""
DIGITS = 16
FORGOTTEN = 60
"""Seconds after which Lambda drops an event that it could not hand over: the next schedule brings another."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a handler, and the alias by which everybody calls it."""

    made: lambda_.CfnFunction
    live: lambda_.CfnAlias


def functions(stack: Regional) -> dict[str, Function]:
    """Handler -> function."""
    code = stack.placing.code(stack, "functions")
    return {handler: _live(stack, handler, _function(stack, handler, code)) for handler in HANDLERS}


def _function(stack: Regional, handler: str, code: dict[str, str]) -> lambda_.CfnFunction:
    project, name = stack.project, stack.names.function(handler)
    group = f"/aws/lambda/{name}"
    log = stack.log_group(f"{handler}Log", group)
    role = stack.role(
        f"{handler}Role",
        "lambda.amazonaws.com",
        [*statements(project, stack.here, handler), *_own(stack, handler, group)],
        tags=mover_tags(project, moves="shift" in USES[handler]),
        name=role_name(stack, handler),
    )
    made = lambda_.CfnFunction(
        stack,
        handler,
        function_name=name,
        description=f"{project.policy.application}: {handler}",
        runtime=EXECUTABLE,
        architectures=["arm64"],
        handler="controller.entry.lambdas.handler",
        code=lambda_.CfnFunction.CodeProperty(s3_bucket=code["bucket"], s3_key=code["key"]),
        role=role,
        memory_size=SIZES[handler].memory,
        timeout=SIZES[handler].timeout,
        reserved_concurrent_executions=project.reserved.get(handler),
        kms_key_arn=stack.log_key(),
        environment=lambda_.CfnFunction.EnvironmentProperty(variables=environment(stack, handler)),
        logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=group, log_format="Text"),
        tracing_config=lambda_.CfnFunction.TracingConfigProperty(mode="PassThrough"),
    )
    made.add_resource_dependency(log)
    return made


def _live(stack: Regional, handler: str, made: lambda_.CfnFunction) -> Function:
    """Publish a version of the function, and let `live` point at it."""
    # A version cannot be changed, so what has changed needs another id. That takes the older one out of the
    # template, and not out of the account: an operator's roll-back points `live` at it.
    version = lambda_.CfnVersion(stack, f"{handler}Version{digest(stack, made)}", function_name=made.ref)
    version.apply_removal_policy(KEPT)
    alias = lambda_.CfnAlias(
        stack,
        f"{handler}Live",
        name=names.LIVE,
        function_name=made.ref,
        function_version=version.attr_version,
    )
    return Function(made, alias)


def digest(stack: cdk.Stack, made: lambda_.CfnFunction) -> str:
    """Return another text for any change of what a version holds, and the same for any other.

    It is the same in each Region, as the whole template is but for the Region's name.
    """
    # What is declared, before it is written: the CDK shows it to heirs of the class alone.
    members: dict[str, Any] = dict(stack.resolve(made._cfn_properties))
    held = {key: value for key, value in members.items() if key not in NOT_VERSIONED and value is not None}
    text = json.dumps(held, sort_keys=True).replace(stack.region, "REGION")
    return sha256(text.encode()).hexdigest()[:DIGITS]


def not_again(stack: Regional, handler: str, function: Function) -> None:
    """Let Lambda drop an event of a schedule that failed or waits: by default it would try twice more, for
    six hours."""
    made = lambda_.CfnEventInvokeConfig(
        stack,
        f"{handler}Once",
        function_name=function.made.ref,
        qualifier=names.LIVE,
        maximum_event_age_in_seconds=FORGOTTEN,
        maximum_retry_attempts=0,
    )
    made.add_resource_dependency(function.live)


def environment(stack: Regional, handler: str) -> dict[str, str]:
    """What `controller.entry.lambdas.Environment` reads; `AWS_REGION` is Lambda's own."""
    project, account = stack.project, stack.project.account
    switch = {"TIDEGATE_ARC": "arc.json"} if project.arc is not None else {"TIDEGATE_STANDBY": "standby.json"}
    consoles = {"TIDEGATE_CONSOLES": "consoles.json"} if project.consoles else {}
    reviewed = {"TIDEGATE_REVIEW": "review.json"} if project.review else {}
    plans = {"TIDEGATE_PLANS": "plans.json"} if project.config.plans else {}
    beats = {"TIDEGATE_HEARTBEAT": "heartbeat.json"} if project.heartbeat is not None else {}
    return {
        "TIDEGATE_ACCOUNT": account,
        "TIDEGATE_PREFIX": stack.names.prefix,
        "TIDEGATE_DEPLOYED": repr(project.deployed),
        "TIDEGATE_POLICY": "policy.json",
        **switch,
        **consoles,
        **reviewed,
        **plans,
        **beats,
        **roles(project, stack.here, handler),
        "TIDEGATE_JOURNAL": stack.names.of(names.JOURNAL),
        "TIDEGATE_EVIDENCE": stack.names.of(names.EVIDENCE),
        "TIDEGATE_ASSESSMENTS": stack.names.of(names.ASSESSMENTS),
        "TIDEGATE_PEOPLE": stack.names.of(names.PEOPLE),
        "TIDEGATE_DEAD_LETTERS": stack.names.dead_letters,
        "TIDEGATE_PEOPLE_DAYS": str(project.config.people_days),
        "TIDEGATE_TOPIC": stack.names.topic_arn(stack.here, account),
        "TIDEGATE_STATE_MACHINE": stack.names.machine_arn(stack.here, account),
        "TIDEGATE_KEY": stack.names.key_arn(stack.here, account),
    }


def role_name(stack: Regional, handler: str) -> str | None:
    """The name of a function's role, where a role in another account must know it."""
    project = stack.project
    known = any(goes(project, handler, place) for place in HANDS)
    return stack.names.function_role(handler, stack.here) if known else None


def _own(stack: Regional, handler: str, group: str) -> list[Statement]:
    """Its log; for Observe, the queue that Lambda reads in its name."""
    account, here = stack.project.account, stack.here
    log = names.arn("logs", here, account, f"log-group:{group}:*")
    found = [Statement("Log", ("logs:CreateLogStream", "logs:PutLogEvents"), (log,), why=STREAMS)]
    if handler == "Observe":
        reads = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
        found.append(Statement("Intake", reads, (names.queue_arn(here, account, stack.names.queue),)))
    return found
