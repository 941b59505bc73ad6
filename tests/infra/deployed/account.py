"""A rehearsal in which only what a stack made is there: the drive of `CloudFormation`.

It plays what a controller needs to see and to move. What else a template declares (roles, logs, APIs, DNS)
has its name and its place in the order, and nothing behind it.
"""

import json
import random
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from controller.lab.environment.environment import Stage
from controller.lab.environment.templates import NOT_OURS
from controller.rehearsal.service import ACCOUNT, AwsError, Request, Response
from controller.rehearsal.services.arc.config import CONFIG, PanelConfig
from controller.rehearsal.services.arc.data_plane import ENDPOINTS, SERVICE, RoutingControls
from controller.rehearsal.services.arc.safety_rules import SafetyRule, control_arn, panel_arn, rule_arn
from controller.rehearsal.services.route53 import listed_checks
from controller.rehearsal.services.synthetics.runner import Canary, load_check
from controller.rehearsal.shop.shop import emit_each_minute, publish_each_minute
from tests.infra.deployed.cloudformation import Made, Refused
from tests.infra.deployed.code_version import Codes
from tests.infra.deployed.served_functions import ServedFunctions

SECONDS = {"minute": 60.0, "hour": 3600.0}
NO_BUCKET = b"<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>"
Work = Callable[["Account", Made], None]


class Account:
    """The rehearsal's account, empty at first. pace: seconds that a driven resource takes."""

    def __init__(self, stage: Stage, codes: Codes, pace: float = 2.0, seed: int = 1) -> None:
        self.stage, self.cloud, self.codes, self.pace, self.seed = stage, stage.cloud, codes, pace, seed
        self.served = ServedFunctions(stage, codes, seed)
        self._metered: set[str] = set()
        self._schedules: set[str] = set()
        self._emitting = False
        self._arc: dict[str, list[Made]] = {"controls": [], "rules": []}
        self._arns = self.cloud.controls
        """The records of the rehearsal's names lead to these; the master switch is one more."""
        for place in [key for key in self.cloud.wire.services if key[0] in (SERVICE, CONFIG)]:
            del self.cloud.wire.services[place]
        self._buckets, self._elsewhere = set[str](), self.cloud.wire.fallback
        self.cloud.wire.fallback = self._bucket_or_none
        stage.customers.start()

    def _bucket_or_none(self, request: Request) -> Response:
        """Answer by S3, that knows no bucket of a switch before a stack made it."""
        named, _, rest = request.headers.get("host", "").partition(".s3.")
        switched = {bucket for _, bucket, _ in (self.cloud.plan.standby or {}).values()}
        if rest and named in switched - self._buckets:
            return Response(404, {"Content-Type": "application/xml"}, NO_BUCKET)
        return self._elsewhere(request)

    def bucket(self, made: Made) -> None:
        self._buckets.add(made.properties["BucketName"])

    def no_bucket(self, made: Made) -> None:
        self._buckets.discard(made.properties["BucketName"])

    def create(self, made: Made) -> None:
        self._done(CREATE.get(made.type), made)

    def update(self, old: Made, new: Made) -> None:
        """Change what has changed: a function whose zip has the same key keeps the code that it has."""
        if new.type == "AWS::Lambda::Function":
            parts = [
                part
                for part in ("Code", "Environment")
                if old.properties.get(part) != new.properties.get(part)
            ]
            if parts:
                self._done(CREATE[new.type], new)
        else:
            self._done({**CREATE, **UPDATE}.get(new.type), new)

    def delete(self, made: Made) -> None:
        self._done(DELETE.get(made.type), made)

    def _done(self, work: Work | None, made: Made) -> None:
        if work is None:
            return
        try:
            work(self, made)
        except AwsError as error:
            raise Refused(f"{error.code}: {error.message}") from error
        if self.pace:
            self.stage.advance(self.pace)

    def call(self, service: str, operation: str, made: Made, **params: Any) -> dict[str, Any]:
        return self.cloud.call(service, operation, made.region, params)

    def table(self, made: Made) -> None:
        declared = made.properties
        first, name = (declared.get("Replicas") or [declared])[0], declared["TableName"]
        wish = {"TableName": name}
        protected = bool(first.get("DeletionProtectionEnabled"))
        recovery = first.get("PointInTimeRecoverySpecification") or {"PointInTimeRecoveryEnabled": False}
        if name not in self.call("dynamodb", "ListTables", made)["TableNames"]:
            keys = {key: declared[key] for key in ("AttributeDefinitions", "KeySchema", "BillingMode")}
            self.call("dynamodb", "CreateTable", made, **wish, **keys)
            if "TimeToLiveSpecification" in declared:
                live = declared["TimeToLiveSpecification"]
                self.call("dynamodb", "UpdateTimeToLive", made, **wish, TimeToLiveSpecification=live)
            if recovery["PointInTimeRecoveryEnabled"]:
                backups = {"PointInTimeRecoverySpecification": recovery}
                self.call("dynamodb", "UpdateContinuousBackups", made, **wish, **backups)
        self.call("dynamodb", "UpdateTable", made, **wish, DeletionProtectionEnabled=protected)

    def no_table(self, made: Made) -> None:
        name = made.properties["TableName"]
        first = (made.properties.get("Replicas") or [made.properties])[0]
        if first.get("DeletionProtectionEnabled"):
            raise Refused(f"{name} is protected from deletion")
        found = self.call("dynamodb", "DescribeTable", made, TableName=name)["Table"]
        others = [{"Delete": {"RegionName": r["RegionName"]}} for r in found.get("Replicas", ())]
        if others:
            self.call("dynamodb", "UpdateTable", made, TableName=name, ReplicaUpdates=others)
        self.call("dynamodb", "DeleteTable", made, TableName=name)

    def queue(self, made: Made) -> None:
        declared = made.properties
        texts = {
            key: json.dumps(declared[key]) if key == "RedrivePolicy" else str(declared[key])
            for key in ("RedrivePolicy", "VisibilityTimeout", "MessageRetentionPeriod")
            if key in declared
        }
        self.call("sqs", "CreateQueue", made, QueueName=declared["QueueName"], Attributes=texts)
        controller = self.cloud.controller_regions.get(made.region)
        if controller is not None and made.region not in self._metered:
            self._metered.add(made.region)
            controller.gate.every(60.0, controller.meter.emit)

    def mapping(self, made: Made) -> None:
        controller, name = self.cloud.controller_regions[made.region], made.properties["FunctionName"]
        controller.queues.map_queue(made.properties["EventSourceArn"], _called(name), controller.invoke)

    def schedule(self, made: Made) -> None:
        declared = made.properties
        every = _seconds(declared["ScheduleExpression"])
        target, key = declared["Target"], f"{made.region}/{declared['Name']}"
        self._schedules.add(key)
        if "EventBridgeParameters" not in target:
            controller, name = self.cloud.controller_regions[made.region], _called(target["Arn"])
            work, clock = (
                partial(
                    controller.invoke, name, json.loads(target.get("Input", "{}")), lambda _outcome: None
                ),
                controller.gate,
            )
            clock.every(every, lambda: work() if key in self._schedules else None, first_after=every)
            return
        sent = target["EventBridgeParameters"]
        event = {
            "source": sent["Source"],
            "detail-type": sent["DetailType"],
            "detail": json.loads(target["Input"]),
        }
        self.stage.kernel.every(
            every, lambda: self.cloud.publish(made.region, event) if key in self._schedules else None
        )  # fmt: skip

    def no_schedule(self, made: Made) -> None:
        self._schedules.discard(f"{made.region}/{made.properties['Name']}")

    def rule(self, made: Made) -> None:
        declared = made.properties
        pattern = {"EventPattern": json.dumps(declared["EventPattern"]), "State": declared["State"]}
        self.call("events", "PutRule", made, Name=declared["Name"], **pattern)
        targets = [{k: v for k, v in each.items() if k != "RoleArn"} for each in declared["Targets"]]
        self.call("events", "PutTargets", made, Rule=declared["Name"], Targets=targets)

    def no_rule(self, made: Made) -> None:
        ids = [each["Id"] for each in made.properties["Targets"]]
        self.call("events", "RemoveTargets", made, Rule=made.properties["Name"], Ids=ids)
        self.call("events", "DeleteRule", made, Name=made.properties["Name"])

    def alarm(self, made: Made) -> None:
        members = {k: v for k, v in made.properties.items() if k not in NOT_OURS}
        kind = "PutCompositeAlarm" if "AlarmRule" in members else "PutMetricAlarm"
        self.call("monitoring", kind, made, **members)

    def no_alarm(self, made: Made) -> None:
        self.call("monitoring", "DeleteAlarms", made, AlarmNames=[made.properties["AlarmName"]])

    def canary(self, made: Made) -> None:
        declared = made.properties
        folder = self._zip(declared["Code"]["S3Key"])
        check = load_check(folder / "python" / f"{declared['Code']['Handler'].partition('.')[0]}.py")
        variables = declared["RunConfig"]["EnvironmentVariables"]
        urls = {k: self._address(v) if k.endswith("_URL") else v for k, v in variables.items()}
        every = _seconds(declared["Schedule"]["Expression"])
        self.stage.synthetics.add(Canary(declared["Name"], made.region, check, urls, every))

    def no_canary(self, made: Made) -> None:
        self.stage.synthetics.stop(made.region, made.properties["Name"])

    def other_canary(self, made: Made) -> None:
        self.no_canary(made)
        self.canary(made)

    def unplayed(self, made: Made) -> None:
        raise Refused(f"the replay does not change a {made.type}")

    def _address(self, url: str) -> str:
        first, public = (urlsplit(url).hostname or "").split(".")[0], self.cloud.plan.name.rstrip(".")
        return f"http://{first}.{public}" if first in self.cloud.plan.controls else f"http://{public}"

    def _zip(self, key: str) -> Any:
        if key not in self.codes.zips:
            raise Refused(f"NoSuchKey: {key} does not lie in the code bucket")
        return self.codes.folder_of(key)

    def machine(self, made: Made) -> None:
        self.call(
            "states", "CreateStateMachine", made, name=made.properties["StateMachineName"],
            definition=_definition(made), roleArn=f"arn:aws:iam::{ACCOUNT}:role/tidegate",
        )  # fmt: skip

    def other_machine(self, made: Made) -> None:
        arn = f"arn:aws:states:{made.region}:{ACCOUNT}:stateMachine:{made.properties['StateMachineName']}"
        self.call("states", "UpdateStateMachine", made, stateMachineArn=arn, definition=_definition(made))

    def function(self, made: Made) -> None:
        key = made.properties["Code"]["S3Key"]
        self._zip(key)
        if key.startswith("sample-") and not self._emitting:
            self._emitting = True
            application = self.cloud.plan.application.capitalize()
            emit_each_minute(self.stage.kernel, self.cloud.shop, self.cloud.put_metric, application)
            publish_each_minute(self.stage.kernel, self.stage.faults, self.cloud.plan, self.cloud.put_metric)
        if key.startswith("functions-"):
            self.served.deploy(made)
        elif key.startswith("console-"):
            self.served.hold(made)

    def no_function(self, made: Made) -> None:
        self.served.delete(made)

    def version(self, made: Made) -> None:
        self.served.publish(made)

    def alias(self, made: Made) -> None:
        self.served.point(made)

    def switch_part(self, made: Made) -> None:
        """Make a routing control or a safety rule; every control is Off at first."""
        self._arc["rules" if made.type.endswith("SafetyRule") else "controls"].append(made)
        panel = panel_arn(1)
        named = [each.properties["Name"] for each in self._arc["controls"]]
        names = {
            f"{e.stack}.{e.logical}.RoutingControlArn": e.properties["Name"] for e in self._arc["controls"]
        }
        rules_by_name = sorted(self._arc["rules"], key=lambda each: str(each.properties["Name"]))
        rules = [
            _safety_rule(each, rule_arn(panel, n), names) for n, each in enumerate(rules_by_name, start=1)
        ]
        arc = RoutingControls(
            self.stage.kernel, self.stage.faults, panel=panel, rng=random.Random(self.seed), rules=rules,
            controls={name: self._arns.get(name, control_arn(panel, len(self._arns) + 1)) for name in named},
            panel_name=self.cloud.plan.application,
        )  # fmt: skip
        self.cloud.arc, endpoints = arc, self.cloud.panel.endpoints
        self.cloud.panel = PanelConfig(arc)
        self.cloud.panel.endpoints = endpoints
        self.cloud.wire.services[CONFIG, "us-west-2"] = self.cloud.panel
        self.cloud.wire.services |= {(SERVICE, region): arc for region in ENDPOINTS}

    def move_name(self) -> None:
        """Let the public name follow the routing controls, as `docs/runbooks/moving-a-name.md` does."""
        self.cloud.switch = self.cloud.arc
        self._elsewhere = listed_checks(self.cloud.tree, self.cloud.arc.arn, self._elsewhere, {})


def _definition(made: Made) -> str:
    text = str(made.properties["DefinitionString"])
    for name, arn in made.properties["DefinitionSubstitutions"].items():
        text = text.replace("${" + name + "}", arn)
    return text


def _safety_rule(made: Made, arn: str, names: Mapping[str, str]) -> SafetyRule:
    declared = made.properties
    config = declared["RuleConfig"]
    gating = "GatingRule" in declared
    told = declared["GatingRule"] if gating else declared["AssertionRule"]
    targets = told["TargetControls"] if gating else told["AssertedControls"]
    return SafetyRule(
        declared["Name"], arn, tuple(names[each] for each in targets),
        kind="GATING" if gating else "ASSERTION",
        gating=tuple(names[each] for each in told.get("GatingControls", ())),
        type=config["Type"], threshold=int(config["Threshold"]), inverted=bool(config["Inverted"]),
        wait_period_ms=int(told["WaitPeriodMs"]),
    )  # fmt: skip


def _called(name: str) -> str:
    """Return the function that an ARN or a name is of, with its alias if it says one."""
    return name.rpartition(":function:")[2]


def _seconds(rate: str) -> float:
    found = re.fullmatch(r"rate\((\d+) (minute|hour)s?\)", rate)
    assert found is not None, rate
    return int(found[1]) * SECONDS[found[2]]


CREATE: Mapping[str, Work] = {
    "AWS::CloudWatch::Alarm": Account.alarm,
    "AWS::CloudWatch::CompositeAlarm": Account.alarm,
    "AWS::DynamoDB::Table": Account.table,
    "AWS::DynamoDB::GlobalTable": Account.table,
    "AWS::Events::Rule": Account.rule,
    "AWS::Lambda::Alias": Account.alias,
    "AWS::Lambda::EventSourceMapping": Account.mapping,
    "AWS::Lambda::Function": Account.function,
    "AWS::Lambda::Version": Account.version,
    "AWS::Route53RecoveryControl::RoutingControl": Account.switch_part,
    "AWS::Route53RecoveryControl::SafetyRule": Account.switch_part,
    "AWS::S3::Bucket": Account.bucket,
    "AWS::SQS::Queue": Account.queue,
    "AWS::Scheduler::Schedule": Account.schedule,
    "AWS::StepFunctions::StateMachine": Account.machine,
    "AWS::Synthetics::Canary": Account.canary,
}
UPDATE: Mapping[str, Work] = {
    "AWS::Route53RecoveryControl::RoutingControl": Account.unplayed,
    "AWS::Route53RecoveryControl::SafetyRule": Account.unplayed,
    "AWS::SQS::Queue": Account.unplayed,
    "AWS::Scheduler::Schedule": Account.unplayed,
    "AWS::StepFunctions::StateMachine": Account.other_machine,
    "AWS::Synthetics::Canary": Account.other_canary,
}
DELETE: Mapping[str, Work] = {
    "AWS::CloudWatch::Alarm": Account.no_alarm,
    "AWS::CloudWatch::CompositeAlarm": Account.no_alarm,
    "AWS::DynamoDB::Table": Account.no_table,
    "AWS::DynamoDB::GlobalTable": Account.no_table,
    "AWS::Events::Rule": Account.no_rule,
    "AWS::Lambda::Function": Account.no_function,
    "AWS::S3::Bucket": Account.no_bucket,
    "AWS::Scheduler::Schedule": Account.no_schedule,
    "AWS::Synthetics::Canary": Account.no_canary,
}
