"""How events reach Observe: rules, queue, dead letters; and the second way in, straight to the state
machine."""

from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from controller.aws.events.rules import FORWARDED, alarms_named, composites_of, executions_of, probes_of
from controller.core.policy.validation import expected_signals
from controller.wiring import INTAKE
from infra import names
from infra.functions import Function
from infra.grants import Statement, away
from infra.sizes import CONCURRENCY
from infra.stack import Regional

FORWARDS = {"Bool": {"events:eventBusInvocation": "true"}, "Null": {"events:source": "false"}}
"""A rule of another bus forwards, and nobody puts by hand; `ForAllValues` holds where there is no value."""
BATCH, WINDOW = 10, 1
RECEIVES = 5
VISIBILITY = 120


def intake(stack: Regional, observe: Function) -> None:
    """Everything from the bus to the function."""
    queue = _queues(stack)
    lambda_.CfnEventSourceMapping(
        stack,
        "IntakeMapping",
        function_name=observe.live.ref,
        event_source_arn=queue.attr_arn,
        batch_size=BATCH,
        maximum_batching_window_in_seconds=WINDOW,
        function_response_types=["ReportBatchItemFailures"],
        scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(maximum_concurrency=CONCURRENCY),
    )
    signals = expected_signals(stack.project.policy, stack.project.account_of("evidence"))
    narrowed = {
        "alarms": alarms_named(signal.name for signal in signals if signal.kind == "alarm"),
        "executions": executions_of(stack.names.machine_arn(stack.here, stack.project.account)),
        "probes": probes_of(stack.project.policy.application),
    }
    for name, pattern, paths, template in INTAKE:
        _rule(stack, name, narrowed.get(name, pattern), [_to_queue(stack, paths, template)])
    account, here = stack.project.account, stack.here
    machine = stack.names.machine_arn(here, account)
    role = stack.role(
        "DirectRole", "events.amazonaws.com", [Statement("Start", ("states:StartExecution",), (machine,))]
    )
    letters = events.CfnRule.DeadLetterConfigProperty(
        arn=names.queue_arn(here, account, stack.names.dead_letters)
    )
    target = events.CfnRule.TargetProperty(
        id="machine", arn=machine, role_arn=role, dead_letter_config=letters
    )
    composites = composites_of(stack.names.prefix, stack.project.policy, stack.project.account_of("evidence"))
    _rule(stack, "direct", composites, [target])
    if away(stack.project, "evidence"):
        _admit(stack)


def _queues(stack: Regional) -> sqs.CfnQueue:
    account, here = stack.project.account, stack.here
    letters = sqs.CfnQueue(
        stack,
        "DeadLetters",
        queue_name=stack.names.dead_letters,
        kms_master_key_id=stack.names.key,
        message_retention_period=14 * 86_400,
    )
    queue = sqs.CfnQueue(
        stack,
        "Intake",
        queue_name=stack.names.queue,
        kms_master_key_id=stack.names.key,
        message_retention_period=86_400,
        visibility_timeout=VISIBILITY,
        redrive_policy={"deadLetterTargetArn": letters.attr_arn, "maxReceiveCount": RECEIVES},
    )
    for scope_id, made, name in (
        ("DeadLettersPolicy", letters, stack.names.dead_letters),
        ("IntakePolicy", queue, stack.names.queue),
    ):
        arn = names.queue_arn(here, account, name)
        rules = names.arn("events", here, account, f"rule/{stack.names.prefix}-*")
        document = {"Version": "2012-10-17", "Statement": queue_statements(arn, rules)}
        sqs.CfnQueuePolicy(stack, scope_id, queues=[made.ref], policy_document=document)
    return queue


def queue_statements(arn: str, rules: str) -> list[dict[str, Any]]:
    """Return who may send to a queue: the rules of one ARN pattern, and over TLS alone."""
    feed = {
        "Sid": "Rules",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnLike": {"aws:SourceArn": rules}},
    }
    tls = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return [feed, tls]


def _to_queue(stack: Regional, paths: dict[str, str], template: str) -> events.CfnRule.TargetProperty:
    account, here = stack.project.account, stack.here
    return events.CfnRule.TargetProperty(
        id="queue",
        arn=names.queue_arn(here, account, stack.names.queue),
        dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
            arn=names.queue_arn(here, account, stack.names.dead_letters)
        ),
        input_transformer=events.CfnRule.InputTransformerProperty(
            input_paths_map=dict(paths), input_template=template
        ),
    )


def _rule(stack: Regional, name: str, pattern: Any, targets: list[events.CfnRule.TargetProperty]) -> None:
    scope_id, named = "Rule" + names.capital(name), stack.names.of(name)
    events.CfnRule(stack, scope_id, name=named, event_pattern=dict(pattern), state="ENABLED", targets=targets)


def _admit(stack: Regional) -> None:
    """The application's account may forward to this bus, and only what is listened for."""
    here, account = stack.here, stack.project.account
    events.CfnEventBusPolicy(
        stack,
        "Application",
        statement_id=stack.names.of("application"),
        statement={
            "Sid": stack.names.of("application"),
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{stack.project.account_of('evidence')}:root"},
            "Action": "events:PutEvents",
            "Resource": names.bus_arn(here, account),
            "Condition": {**FORWARDS, "ForAllValues:StringEquals": {"events:source": list(FORWARDED)}},
        },
    )
