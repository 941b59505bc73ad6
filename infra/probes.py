"""*probes-REGION*: canaries, alarms beside their metrics, composites, and the way of events to the
controllers."""

import json
from collections.abc import Iterator
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_synthetics as synthetics
from constructs import Construct

from controller.aws.events.rules import FORWARDED, PROBE_SOURCE, PROBE_TYPE
from controller.core.policy.schema import AlarmSignal, CanarySignal
from controller.lab.environment.estate import METRICS
from controller.ports.account import OWN_ALARM
from controller.settings import CANARY_RUNTIME
from infra import names
from infra.config import Config
from infra.dashboard import region_dashboard
from infra.grants import PATTERNS, Statement
from infra.intake import queue_statements
from infra.keys import only_tls
from infra.placing import Placing
from infra.project import Project
from infra.stack import Regional
from infra.watching import dimensions

SCRIPTS = {"checkout": "api_journey", "heartbeat": "heartbeat", "name": "dns_name"}
"""By the last part of a canary's name: the file of `canaries/` that it runs."""
OFTEN, SELDOM = 60, 300
"""Seconds between two runs: of what the policy decides by, and of what only tells people (each run costs)."""


class Probes(Regional):
    def __init__(self, scope: Construct, *, project: Project, region: str, placing: Placing) -> None:
        super().__init__(
            scope, "probes", project=project, region=region, placing=placing,
            account=project.config.accounts.application,
            description=f"tidegate: what watches {project.policy.application} from here",
        )  # fmt: skip
        if region in project.watchers and project.config.routing is not None:
            self._canaries()
        if region in project.policy.regions:
            self._alarms()
            self._hourly_probe()
        self._forwarding()
        if region in project.policy.regions and region not in project.policy.controllers:
            region_dashboard(self)

    def _canaries(self) -> None:
        code, plans = self.placing.code(self, "canaries"), list(canaries(self.project))
        bucket = self._artifacts()
        role = self._canary_role(bucket)
        for name, script, environment, runs_in, each in plans:
            if self.here not in runs_in:
                continue
            synthetics.CfnCanary(
                self,
                "Canary" + names.capital(name),
                name=name,
                artifact_s3_location=f"s3://{bucket}/{name}",
                execution_role_arn=role,
                runtime_version=CANARY_RUNTIME,
                schedule=synthetics.CfnCanary.ScheduleProperty(expression=_rate(each)),
                code=synthetics.CfnCanary.CodeProperty(
                    handler=f"{script}.handler", s3_bucket=code["bucket"], s3_key=code["key"]
                ),
                run_config=synthetics.CfnCanary.RunConfigProperty(
                    timeout_in_seconds=50, memory_in_mb=960, environment_variables=environment
                ),
                start_canary_after_creation=True,
                success_retention_period=7,
                failure_retention_period=31,
                resources_to_replicate_tags=["lambda-function"],
            )
            self._canary_alarm(name, each)

    def _canary_alarm(self, name: str, each: int) -> None:
        """For people, and for the pipeline's bake; a policy may name it too, for a canary's events are best
        effort. The name is not `PREFIX-…`, which would ring the state machine."""
        cloudwatch.CfnAlarm(
            self,
            "Success" + names.capital(name),
            alarm_name=f"{name}-success",
            namespace="CloudWatchSynthetics",
            metric_name="SuccessPercent",
            dimensions=dimensions({"CanaryName": name}),
            statistic="Average",
            period=each,
            evaluation_periods=3,
            datapoints_to_alarm=2,
            threshold=90,
            comparison_operator="LessThanThreshold",
            treat_missing_data="missing",
        )

    def _artifacts(self) -> str:
        name = f"{self.names.of('canaries')}-{self.here}-{self.account}"
        blocked = s3.CfnBucket.PublicAccessBlockConfigurationProperty(
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        algorithm = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(sse_algorithm="AES256")
        encryption = s3.CfnBucket.BucketEncryptionProperty(
            server_side_encryption_configuration=[
                s3.CfnBucket.ServerSideEncryptionRuleProperty(server_side_encryption_by_default=algorithm)
            ]
        )
        forget = s3.CfnBucket.RuleProperty(id="forget", status="Enabled", expiration_in_days=31)
        made = s3.CfnBucket(
            self, "Artifacts", bucket_name=name, public_access_block_configuration=blocked,
            bucket_encryption=encryption,
            lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(rules=[forget]),
        )  # fmt: skip
        only_tls(self, "ArtifactsPolicy", made)
        return name

    def _canary_role(self, bucket: str) -> str:
        group = names.arn("logs", self.here, self.account, "log-group:/aws/lambda/cwsyn-*")
        metric = {"StringEquals": {"cloudwatch:namespace": "CloudWatchSynthetics"}}
        return self.role(
            "CanaryRole",
            "lambda.amazonaws.com",
            [
                Statement(
                    "Artifacts",
                    ("s3:PutObject", "s3:GetObject"),
                    (f"arn:aws:s3:::{bucket}/*",),
                    why=PATTERNS["s3"],
                ),
                Statement("Where", ("s3:GetBucketLocation",), (f"arn:aws:s3:::{bucket}",)),
                Statement(
                    "Buckets", ("s3:ListAllMyBuckets",), ("*",), why="the runtime of Synthetics asks for it"
                ),
                Statement(
                    "Log",
                    ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
                    (group,),
                    why="Synthetics names a canary's function when it makes it",
                ),
                Statement(
                    "Metrics",
                    ("cloudwatch:PutMetricData",),
                    ("*",),
                    metric,
                    why="metrics have no resource type; the condition names the namespace",
                ),
            ],
        )

    def _alarms(self) -> None:
        """Each alarm of the policy, and a composite over each family that rings the state machine
        directly."""
        policy = self.project.policy
        for family, sources in policy.signals.items():
            alarms = [s.alarm.replace("{region}", self.here) for s in sources if isinstance(s, AlarmSignal)]
            made = []
            for name in alarms:
                what = name.rpartition("-")[2]
                if what in METRICS:
                    made.append(self._metric_alarm(name, METRICS[what]))
            if alarms:
                composite = cloudwatch.CfnCompositeAlarm(
                    self,
                    "Composite" + names.capital(family),
                    alarm_name=self.names.of(f"{policy.application}-{self.here}-{family}"),
                    alarm_description=f"{OWN_ALARM} rings the state machine",
                    alarm_rule=" OR ".join(f'ALARM("{name}")' for name in alarms),
                )
                for alarm in made:
                    composite.add_resource_dependency(alarm)

    def _metric_alarm(self, name: str, metric: Any) -> cloudwatch.CfnAlarm:
        application = self.project.policy.application
        return cloudwatch.CfnAlarm(
            self,
            "Alarm" + names.capital(name),
            alarm_name=name,
            alarm_description=f"{application} in {self.here}",
            namespace=application.capitalize(),
            metric_name=metric["MetricName"],
            statistic="Average",
            period=60,
            evaluation_periods=3,
            datapoints_to_alarm=2,
            comparison_operator="GreaterThanThreshold",
            threshold=metric["Threshold"],
            treat_missing_data=metric["TreatMissingData"],
        )

    def _hourly_probe(self) -> None:
        """What goes the way of every alarm, so that its silence is heard: docs/watching.md."""
        bus = names.bus_arn(self.here, self.account)
        role = self.role(
            "ProbeRole", "scheduler.amazonaws.com", [Statement("Put", ("events:PutEvents",), (bus,))]
        )
        scheduler.CfnSchedule(
            self,
            "HourlyProbe",
            name=self.names.of("probe"),
            schedule_expression="rate(1 hour)",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=bus,
                role_arn=role,
                input=json.dumps({"application": self.project.policy.application}),
                event_bridge_parameters=scheduler.CfnSchedule.EventBridgeParametersProperty(
                    detail_type=PROBE_TYPE, source=PROBE_SOURCE
                ),
            ),
        )

    def _forwarding(self) -> None:
        """To every controller's bus but the own: a bus forwards once only, so never by way of a third."""
        account = self.project.account
        split = self.account != account
        there = [r for r in self.project.policy.controllers if split or r != self.here]
        buses = [names.bus_arn(region, account) for region in there]
        role = self.role(
            "ForwardRole", "events.amazonaws.com", [Statement("Put", ("events:PutEvents",), tuple(buses))]
        )
        letters = events.CfnRule.DeadLetterConfigProperty(arn=self._letters())
        events.CfnRule(
            self,
            "Forward",
            name=self.names.of("forward"),
            event_pattern={"source": list(FORWARDED)},
            state="ENABLED",
            targets=[
                events.CfnRule.TargetProperty(
                    id=f"bus-{region}", arn=bus, role_arn=role, dead_letter_config=letters
                )
                for region, bus in zip(there, buses, strict=True)
            ],
        )

    def _letters(self) -> str:
        """Return the ARN of the queue of events that no bus took for a day.

        The controllers' key is not in every Region that forwards: the queue is under a key of SQS.
        """
        arn = names.queue_arn(self.here, self.account, self.names.forward_letters)
        made = sqs.CfnQueue(
            self,
            "ForwardLetters",
            queue_name=self.names.forward_letters,
            sqs_managed_sse_enabled=True,
            message_retention_period=14 * 86_400,
        )
        rule = names.arn("events", self.here, self.account, f"rule/{self.names.of('forward')}")
        document = {"Version": "2012-10-17", "Statement": queue_statements(arn, rule)}
        sqs.CfnQueuePolicy(self, "ForwardLettersPolicy", queues=[made.ref], policy_document=document)
        heard = self.here in self.project.policy.controllers and self.account == self.project.account
        topic = [self.names.topic_arn(self.here, self.account)] if heard else None
        cloudwatch.CfnAlarm(
            self,
            "WatchForwardLetters",
            alarm_name=f"watch-{self.project.policy.application}-forward-letters",
            alarm_description="tidegate itself: events that did not get to a controller",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions=dimensions({"QueueName": self.names.forward_letters}),
            statistic="Maximum",
            period=60,
            evaluation_periods=1,
            threshold=0,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=topic,
            ok_actions=topic,
        )
        return arn


def _rate(seconds: int) -> str:
    minutes = seconds // 60
    return f"rate({minutes} minute{'s' if minutes > 1 else ''})"


Plan = tuple[str, str, dict[str, str], tuple[str, ...], int]


def canaries(project: Project) -> Iterator[Plan]:
    """(name, script, environment, where it runs, seconds): the policy's, and those that tell people."""
    policy, config = project.policy, project.config
    if config.routing is None:
        return  # nobody here knows the names that they would ask: they are as much the owner's as the switch
    for entries in policy.signals.values():
        for source in entries:
            if isinstance(source, CanarySignal):
                for subject in policy.regions:
                    name = source.canary.replace("{region}", subject)
                    script = SCRIPTS.get(name.rpartition("-")[2], "api_journey")
                    yield name, script, {"BASE_URL": _url(config, subject)}, source.runs_in, OFTEN
    for subject in policy.regions:
        name = f"{policy.application}-{subject}-heartbeat"
        yield name, "heartbeat", {"BASE_URL": _url(config, subject)}, project.watchers, SELDOM
    for subject, other in _pairs(tuple(policy.regions)):
        name = f"{policy.application}-{subject}-replication"
        both = {"BASE_URL": _url(config, subject), "OTHER_URL": _url(config, other)}
        yield name, "two_regions", both, (subject,), SELDOM
    if not config.routing.top_records:
        return
    name = f"{policy.application}-name"
    yield name, "dns_name", {"BASE_URL": f"https://{config.routing.name}"}, project.watchers, SELDOM


def _pairs(regions: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each Region and the one after it, round."""
    yield from zip(regions, regions[1:] + regions[:1], strict=True)


def _url(config: Config, region: str) -> str:
    assert config.routing is not None
    return f"https://{region}.{config.routing.name}"
