"""The resources of one deployment in the rehearsal cloud, made as its stacks make them."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from controller.rehearsal import blueprint as names
from controller.rehearsal.blueprint import Blueprint
from controller.rehearsal.service import ACCOUNT, AwsError
from controller.rehearsal.services.dynamodb.api import SHARED, TABLES, table

QUEUE, DEAD_LETTERS, FORWARD_LETTERS = "intake", "dead-letters", "forward-letters"
"""Queues, by the end of their names."""


class Caller(Protocol):
    """Calls an operation of a service; guest: in the account of the application."""

    def __call__(
        self, service: str, operation: str, region: str, params: dict[str, Any], *, guest: bool = False
    ) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Resources:
    """Makes what a plan names. What is there from before a restart stays."""

    plan: Blueprint
    call: Caller

    def create(self) -> None:
        plan = self.plan
        for region in plan.controllers:
            self._controller(region)
        for region in () if plan.guest else plan.forwarding:
            self.call("sqs", "CreateQueue", region, {"QueueName": plan.called(FORWARD_LETTERS)})
        for rule in plan.rules:
            pattern = {"Name": rule.name, "EventPattern": json.dumps(rule.pattern), "State": "ENABLED"}
            self.call("events", "PutRule", rule.region, pattern, guest=rule.guest)
            targets = {"Rule": rule.name, "Targets": [dict(target) for target in rule.targets]}
            self.call("events", "PutTargets", rule.region, targets, guest=rule.guest)
        for alarm in plan.alarms:
            operation = "PutCompositeAlarm" if "AlarmRule" in alarm.members else "PutMetricAlarm"
            self.call("monitoring", operation, alarm.region, dict(alarm.members), guest=alarm.guest)

    def _controller(self, here: str) -> None:
        self.journal(here)
        for what in (each for each in TABLES if each != "journal"):
            self._table(what, here)
        letters = self.plan.called(DEAD_LETTERS)
        self.call("sqs", "CreateQueue", here, {"QueueName": letters})
        redrive = {"deadLetterTargetArn": names.queue_arn(here, ACCOUNT, letters), "maxReceiveCount": 5}
        attributes = {"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": "120"}
        queue = {"QueueName": self.plan.called(QUEUE), "Attributes": attributes}
        self.call("sqs", "CreateQueue", here, queue)
        self._workflow(here)

    def _table(self, what: str, here: str) -> None:
        name = self.plan.called(what)
        made = self._ensure("dynamodb", "CreateTable", here, table(name, TABLES[what]))
        if made and what not in SHARED:
            ttl = {"Enabled": True, "AttributeName": "expires"}
            wish = {"TableName": name, "TimeToLiveSpecification": ttl}
            self.call("dynamodb", "UpdateTimeToLive", here, wish)
        self._protect(name, here)

    def _workflow(self, here: str) -> None:
        plan, definition = self.plan, self.plan.workflow
        for function in plan.functions:
            arn = names.live_arn(here, ACCOUNT, function, plan.prefix)
            definition = definition.replace("${" + function + "}", arn)
        machine = {
            "name": plan.prefix,
            "definition": definition,
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{plan.prefix}",
        }
        self._ensure("states", "CreateStateMachine", here, machine)

    def journal(self, here: str) -> None:
        """Make its table with what the template has: deletion protection and point-in-time recovery."""
        name = self.plan.called("journal")
        self._ensure("dynamodb", "CreateTable", here, table(name, TABLES["journal"]))
        self._protect(name, here)
        recovery = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
        self.call("dynamodb", "UpdateContinuousBackups", here, {"TableName": name, **recovery})

    def _protect(self, name: str, here: str) -> None:
        self.call("dynamodb", "UpdateTable", here, {"TableName": name, "DeletionProtectionEnabled": True})

    def _ensure(self, service: str, operation: str, region: str, params: dict[str, Any]) -> bool:
        """Create a resource that may be there from before a restart; True where it was created."""
        try:
            self.call(service, operation, region, params)
        except AwsError as error:
            if error.code not in ("ResourceInUseException", "StateMachineAlreadyExists"):
                raise
            return False
        return True
