"""The Lambda functions of one controller Region: the handlers of `controller.entry.lambdas`, each with its
role."""

from collections.abc import Mapping

from aws_cdk import aws_lambda as lambda_

from controller.entry.lambdas import HANDLERS
from infra import names
from infra.bundle import EXECUTABLE
from infra.grants import USES, Statement, statements
from infra.stack import Regional
from infra.standby import mover_tags

TIMEOUTS: Mapping[str, int] = {"Tick": 50, "ShiftTraffic": 30, "VerifyShift": 30}
"""Seconds. What was sent is heard out and written down: 15 s until the last send, 10 for what is still open,
and the journal. Not longer than the workflow waits, nor than another controller does: DESIGN §4, fencing."""
USUAL_TIMEOUT = 20
STREAMS = "the streams of its own log group"
MEMORY = 512


def functions(stack: Regional) -> dict[str, lambda_.CfnFunction]:
    """Handler -> function."""
    code = stack.placing.code(stack, "functions")
    return {handler: _function(stack, handler, code) for handler in HANDLERS}


def _function(stack: Regional, handler: str, code: dict[str, str]) -> lambda_.CfnFunction:
    project, name = stack.project, stack.names.function(handler)
    group = f"/aws/lambda/{name}"
    log = stack.log_group(f"{handler}Log", group)
    role = stack.role(
        f"{handler}Role",
        "lambda.amazonaws.com",
        [*statements(project, stack.here, handler), *_own(stack, handler, group)],
        tags=mover_tags(project, moves="shift" in USES[handler]),
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
        memory_size=MEMORY,
        timeout=TIMEOUTS.get(handler, USUAL_TIMEOUT),
        kms_key_arn=stack.log_key(),
        environment=lambda_.CfnFunction.EnvironmentProperty(variables=environment(stack)),
        logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=group, log_format="Text"),
        tracing_config=lambda_.CfnFunction.TracingConfigProperty(mode="PassThrough"),
    )
    made.add_resource_dependency(log)
    return made


def environment(stack: Regional) -> dict[str, str]:
    """What `controller.entry.lambdas.Environment` reads; `AWS_REGION` is Lambda's own."""
    project, account = stack.project, stack.project.account
    switch = {"TIDEGATE_ARC": "arc.json"} if project.arc is not None else {"TIDEGATE_STANDBY": "standby.json"}
    consoles = {"TIDEGATE_CONSOLES": "consoles.json"} if project.consoles else {}
    reviewed = {"TIDEGATE_REVIEW": "review.json"} if project.review else {}
    plans = {"TIDEGATE_PLANS": "plans.json"} if project.config.plans else {}
    return {
        "TIDEGATE_ACCOUNT": account,
        "TIDEGATE_PREFIX": stack.names.prefix,
        "TIDEGATE_DEPLOYED": repr(project.deployed),
        "TIDEGATE_POLICY": "policy.json",
        **switch,
        **consoles,
        **reviewed,
        **plans,
        "TIDEGATE_JOURNAL": stack.names.of(names.JOURNAL),
        "TIDEGATE_EVIDENCE": stack.names.of(names.EVIDENCE),
        "TIDEGATE_ASSESSMENTS": stack.names.of(names.ASSESSMENTS),
        "TIDEGATE_PEOPLE": stack.names.of(names.PEOPLE),
        "TIDEGATE_PEOPLE_DAYS": str(project.config.people_days),
        "TIDEGATE_TOPIC": stack.names.topic_arn(stack.here, account),
        "TIDEGATE_STATE_MACHINE": stack.names.machine_arn(stack.here, account),
        "TIDEGATE_KEY": stack.names.key_arn(stack.here, account),
    }


def _own(stack: Regional, handler: str, group: str) -> list[Statement]:
    """Its log; for Observe, the queue that Lambda reads in its name."""
    account, here = stack.project.account, stack.here
    log = names.arn("logs", here, account, f"log-group:{group}:*")
    found = [Statement("Log", ("logs:CreateLogStream", "logs:PutLogEvents"), (log,), why=STREAMS)]
    if handler == "Observe":
        reads = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
        found.append(Statement("Intake", reads, (names.queue_arn(here, account, stack.names.queue),)))
    return found
