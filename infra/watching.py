"""What watches the controller itself: alarms that page, the topic of notices."""

from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns

from controller.lab.environment.estate import OLDEST, PROBE_MISSING
from infra import names
from infra.stack import Regional


def topic(stack: Regional) -> str:
    """The topic of notices; its ARN. Those who are to be paged confirm by mail."""
    made = sns.CfnTopic(stack, "Notices", topic_name=stack.names.prefix, kms_master_key_id=stack.names.key)
    account, arn = stack.project.account, stack.names.topic_arn(stack.here, stack.project.account)
    alarms = {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    tls = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [alarms, tls]}
    sns.CfnTopicPolicy(stack, "NoticesPolicy", topics=[made.ref], policy_document=document)
    for number, address in enumerate(stack.project.config.notify):
        sns.CfnSubscription(stack, f"Mail{number}", topic_arn=made.ref, protocol="email", endpoint=address)
    return made.ref


def alarms(stack: Regional, notices: str) -> None:
    """docs/watching.md: names begin with `watch-`, for `PREFIX-APPLICATION-` rings the state machine."""
    machine = stack.names.machine_arn(stack.here, stack.project.account)
    _count(stack, notices, "dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", 0.0,
           {"QueueName": stack.names.dead_letters})  # fmt: skip
    _count(stack, notices, "oldest-event", "AWS/SQS", "ApproximateAgeOfOldestMessage", OLDEST,
           {"QueueName": stack.names.queue})  # fmt: skip
    for metric in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"):
        what = f"executions-{metric.removeprefix('Executions').lower()}"
        _count(stack, notices, what, "AWS/States", metric, 0.0, {"StateMachineArn": machine})
    # A tick that fails is not tried again; one may come a minute late, and leave a minute empty.
    _count(stack, notices, "tick-errors", "AWS/Lambda", "Errors", 0.0,
           {"FunctionName": stack.names.function("Tick")}, periods=5, of_them=3)  # fmt: skip
    _count(stack, notices, "assessments-lost", "tidegate", "AssessmentsLost", 0.0,
           {"handler": "Tick", "service": stack.names.prefix}, periods=3)  # fmt: skip
    if stack.project.heartbeat is not None:
        _alarm(
            stack, notices, "heartbeat",
            metric_name="HeartbeatSent", namespace="tidegate", statistic="Sum", period=300,
            evaluation_periods=1, threshold=1.0, comparison_operator="LessThanThreshold",
            treat_missing_data="breaching",
            dimensions=dimensions({"handler": "Tick", "service": stack.names.prefix}),
        )  # fmt: skip
    for region in stack.project.policy.regions:
        _alarm(
            stack, notices, f"probe-{region}",
            metric_name=PROBE_MISSING["MetricName"], namespace=PROBE_MISSING["Namespace"],
            statistic=PROBE_MISSING["Statistic"], period=PROBE_MISSING["Period"],
            evaluation_periods=PROBE_MISSING["EvaluationPeriods"],
            datapoints_to_alarm=PROBE_MISSING["DatapointsToAlarm"], threshold=PROBE_MISSING["Threshold"],
            comparison_operator=PROBE_MISSING["ComparisonOperator"],
            treat_missing_data=PROBE_MISSING["TreatMissingData"],
            dimensions=dimensions({"handler": "Observe", "region": region, "service": stack.names.prefix}),
        )  # fmt: skip


def _count(
    stack: Regional, notices: str, what: str, namespace: str, metric: str, threshold: float,
    where: dict[str, str], *, periods: int = 1, of_them: int | None = None,
) -> None:  # fmt: skip
    _alarm(
        stack, notices, what,
        namespace=namespace, metric_name=metric, dimensions=dimensions(where),
        statistic="Maximum" if namespace == "AWS/SQS" else "Sum", period=60, evaluation_periods=periods,
        datapoints_to_alarm=of_them, threshold=threshold, comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
    )  # fmt: skip


def _alarm(stack: Regional, notices: str, what: str, **members: Any) -> None:
    cloudwatch.CfnAlarm(
        stack,
        "Watch" + names.capital(what),
        alarm_name=f"watch-{stack.project.policy.application}-{what}",
        alarm_description=f"tidegate itself: {what.replace('-', ' ')}",
        alarm_actions=[notices],
        ok_actions=[notices],
        **members,
    )


def dimensions(where: dict[str, str]) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
    return [cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value) for name, value in where.items()]
