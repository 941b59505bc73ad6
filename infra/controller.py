"""*controller-REGION*: everything that decides and acts, the same in each of its Regions."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from controller.entry.lambdas import HANDLERS, WARMING
from infra import names
from infra.console import console
from infra.dashboard import region_dashboard
from infra.functions import Function, functions, not_again
from infra.grants import PATTERNS, Statement
from infra.intake import intake
from infra.placing import Placing
from infra.project import Project
from infra.sizes import EVERY_MINUTES, WARM
from infra.stack import KEPT, Regional
from infra.standby import switch_buckets
from infra.state import keyed
from infra.watching import alarms, topic

TICK = "rate(1 minute)"
IN_WORKFLOW = tuple(name for name in HANDLERS if name != "Tick")


class Controller(Regional):
    def __init__(self, scope: Construct, *, project: Project, region: str, placing: Placing) -> None:
        super().__init__(
            scope, "controller", project=project, region=region, placing=placing,
            description=f"tidegate: watches {project.policy.application} and moves its traffic",
        )  # fmt: skip
        self._tables()
        switch_buckets(self)
        made = functions(self)
        intake(self, made["Observe"])
        self._workflow(made)
        self._tick(made["Tick"])
        if project.live:
            self._keep_warm(made)
        alarms(self, topic(self))
        region_dashboard(self)
        if project.config.console is not None:
            console(self, project.config.console)

    def _tables(self) -> None:
        for table in (names.EVIDENCE, names.ASSESSMENTS):
            made = dynamodb.CfnTable(
                self,
                names.capital(table),
                table_name=self.names.of(table),
                billing_mode="PAY_PER_REQUEST",
                deletion_protection_enabled=self.project.protected,
                point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
                    point_in_time_recovery_enabled=True
                ),
                sse_specification=dynamodb.CfnTable.SSESpecificationProperty(
                    sse_enabled=True, sse_type="KMS", kms_master_key_id=self.key()
                ),
                time_to_live_specification=dynamodb.CfnTable.TimeToLiveSpecificationProperty(
                    attribute_name=names.EXPIRES, enabled=True
                ),
                **keyed(table, dynamodb.CfnTable),
            )
            made.apply_removal_policy(KEPT)

    def _workflow(self, made: Mapping[str, Function]) -> None:
        account, here = self.project.account, self.here
        arns = {handler: self.names.live_arn(here, account, handler) for handler in IN_WORKFLOW}
        group = self.log_group("WorkflowLog", f"/aws/vendedlogs/states/{self.names.prefix}")
        role = self._workflow_role(list(arns.values()))
        text = files("controller").joinpath("workflow.asl.json").read_text(encoding="utf-8")
        destination = sfn.CfnStateMachine.LogDestinationProperty(
            # `GetAtt` of a log group's ARN ends in `:*` already, as Step Functions wants it.
            cloud_watch_logs_log_group=sfn.CfnStateMachine.CloudWatchLogsLogGroupProperty(
                log_group_arn=group.attr_arn
            )
        )
        machine = sfn.CfnStateMachine(
            self,
            "Workflow",
            state_machine_name=self.names.prefix,
            state_machine_type="STANDARD",
            definition_string=text,
            definition_substitutions=arns,
            role_arn=role,
            tracing_configuration=sfn.CfnStateMachine.TracingConfigurationProperty(enabled=True),
            # A task's input holds its token: execution data is not logged, and history is encrypted.
            logging_configuration=sfn.CfnStateMachine.LoggingConfigurationProperty(
                destinations=[destination], level="ALL", include_execution_data=False
            ),
            encryption_configuration=sfn.CfnStateMachine.EncryptionConfigurationProperty(
                type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=self.log_key()
            ),
        )
        for handler in IN_WORKFLOW:
            machine.add_resource_dependency(made[handler].live)
        # As the first templates had it: under another id an update would make a second machine of the name.
        machine.override_logical_id("Workflow193EF7C1")

    def _workflow_role(self, called: Sequence[str]) -> str:
        """What the workflow may do. called: the ARNs of its functions, by their aliases."""
        account, here = self.project.account, self.here
        # An execution that began before there was an alias goes on by its own definition, perhaps for days.
        older = [self.names.function_arn(here, account, handler) for handler in IN_WORKFLOW]
        deliver = ("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery",
                   "logs:DeleteLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy",
                   "logs:DescribeResourcePolicies", "logs:DescribeLogGroups")  # fmt: skip
        traces = ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules",
                  "xray:GetSamplingTargets")  # fmt: skip
        alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": self.names.key}}
        uses = ("kms:Decrypt", "kms:GenerateDataKey")
        return self.role(
            "WorkflowRole",
            "states.amazonaws.com",
            [
                Statement("Invoke", ("lambda:InvokeFunction",), (*called, *older)),
                Statement(
                    "Deliver", deliver, ("*",), why="log deliveries have no resource type (Step Functions)"
                ),
                Statement("Trace", traces, ("*",), why="X-Ray's writes have no resource type"),
                Statement("History", uses, (names.any_key_arn(here, account),), alias, why=PATTERNS["kms"]),
            ],
        )

    def _tick(self, function: Function) -> None:
        self._scheduled("TickEachMinute", "tick", TICK, {"Tick": function}, role="TickSchedule")

    def _keep_warm(self, made: Mapping[str, Function]) -> None:
        """Call what stands between a decision and the last control, so that Lambda keeps it in memory.

        Only where something can move. Each call ends before anything is read or decided.
        """
        warm = {handler: made[handler] for handler in WARM}
        often = f"rate({EVERY_MINUTES} minutes)"
        self._scheduled("Warm", "warm", often, warm, role="WarmSchedule", event=json.dumps(WARMING))

    def _scheduled(
        self, scope_id: str, what: str, rate: str, called: Mapping[str, Function], *, role: str,
        event: str | None = None,
    ) -> None:  # fmt: skip
        """Call each function at a rate, by its alias. The schedules of several have the functions' names."""
        arns = {handler: self.names.live_arn(self.here, self.project.account, handler) for handler in called}
        may = Statement("Invoke", ("lambda:InvokeFunction",), tuple(arns.values()))
        scheduler_role = self.role(role, "scheduler.amazonaws.com", [may])
        for handler, function in called.items():
            several = len(called) > 1
            scheduler.CfnSchedule(
                self,
                f"{scope_id}{handler}" if several else scope_id,
                name=self.names.of(f"{what}-{handler}" if several else what),
                schedule_expression=rate,
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
                target=scheduler.CfnSchedule.TargetProperty(
                    arn=function.live.ref,
                    role_arn=scheduler_role,
                    input=event,
                    # The next one comes soon, and knows more.
                    retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_retry_attempts=0),
                ),
            )
            not_again(self, handler, function)
