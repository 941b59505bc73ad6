"""What every stack has: its Region's environment, its name, its tags, its log groups and its roles."""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import names
from infra.grants import Statement
from infra.placing import Placing
from infra.project import Project
from infra.role_policies import document, fitted

KEPT = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
"""What outlives its stack, but not a first try that failed: a name that stays is in the way of the next."""


WITHOUT_SOURCE = ("lambda.amazonaws.com", "synthetics.amazonaws.com", "s3.amazonaws.com")
"""Services of which no page of AWS says that they tell for whom they assume a role."""


class Regional(cdk.Stack):
    """A stack of one Region, named `PREFIX-WHAT[-REGION]`."""

    def __init__(
        self,
        scope: Construct,
        what: str,
        *,
        project: Project,
        region: str,
        placing: Placing,
        account: str | None = None,
        single: bool = False,
        description: str,
    ) -> None:
        name = project.names.stack(what, None if single else region)
        super().__init__(
            scope,
            name,
            stack_name=name,
            description=description,
            env=cdk.Environment(account=account or project.account, region=region),
            synthesizer=placing.synthesizer(),
            termination_protection=project.protected,
            cross_region_references=False,
            tags={"tidegate": project.policy.application},
            analytics_reporting=False,
        )
        self.project, self.placing, self.here, self.names = project, placing, region, project.names

    def key(self) -> str:
        return self.names.key_arn(self.here, self.project.account)

    def log_group(self, scope_id: str, name: str) -> logs.CfnLogGroup:
        """Encrypted by the deployment's key; kept as long as the configuration says, and after the stack."""
        group = logs.CfnLogGroup(
            self, scope_id, log_group_name=name, retention_in_days=self.project.config.log_days,
            kms_key_id=self.log_key(),
        )  # fmt: skip
        group.apply_removal_policy(KEPT)
        return group

    def log_key(self) -> str | None:
        """CloudWatch Logs takes a key by its id alone: the stack that made it says which."""
        return cdk.Fn.get_stack_output(self.names.stack("keys", self.here), "KeyArn", self.here)

    def invoked_by(self, made: api.CfnApi, scope_id: str, function: lambda_.CfnFunction) -> None:
        """Let one API invoke a function. It is told by its ARN: that API Gateway sends its account as well,
        no page says."""
        lambda_.CfnPermission(
            self,
            scope_id,
            action="lambda:InvokeFunction",
            function_name=function.ref,
            principal="apigateway.amazonaws.com",
            source_arn=names.arn("execute-api", self.here, self.account, f"{made.ref}/*/*"),
        )

    def role(
        self, scope_id: str, service: str, statements: Sequence[Statement], *, name: str | None = None,
        tags: Sequence[cdk.CfnTag] | None = None,
    ) -> str:  # fmt: skip
        """A role for one service principal with exactly these statements; its ARN."""
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": service},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": self.account}},
                }
            ],
        }
        if service in WITHOUT_SOURCE:
            del trust["Statement"][0]["Condition"]  # type: ignore[attr-defined]
        return self.trusted(scope_id, trust, statements, role_name=name, tags=tags).attr_arn

    def trusted(
        self, scope_id: str, trust: Mapping[str, Any], statements: Sequence[Statement], **members: Any
    ) -> iam.CfnRole:
        """A role with this trust and exactly these statements, however many policies they take."""
        inline, managed = fitted(statements)
        more = [
            iam.CfnManagedPolicy(self, f"{scope_id}Policy{number}", policy_document=document(policy))
            for number, policy in enumerate(managed)
        ]
        role = iam.CfnRole(
            self,
            scope_id,
            assume_role_policy_document=trust,
            managed_policy_arns=[each.ref for each in more] or None,
            policies=[iam.CfnRole.PolicyProperty(policy_name="tidegate", policy_document=document(inline))],
            **members,
        )
        for scope, policy in zip((role, *more), (inline, *managed), strict=True):
            for statement in policy:
                _acknowledge_stars(scope, statement)
        return role


def _acknowledge_stars(scope: Construct, statement: Statement) -> None:
    """Tell cdk-nag why. Raises `ValueError` for a `*` without a written reason."""
    for resource in statement.starred:
        if not statement.why:
            raise ValueError(f"{scope.node.path}: {resource} in {statement.sid} has no written reason")
        rule = f"AwsSolutions::AwsSolutions-IAM5[Resource::{resource}]"
        cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=rule, reason=statement.why))
