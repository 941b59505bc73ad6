"""*keys-REGION*: the multi-Region keys, for encryption, for signing and for people's names, and the audit's
second copy."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.placing import Placing
from infra.project import Project
from infra.stack import KEPT, Regional

USUAL, SIGNING, NAMES = "Key", "SigningKey", "PeopleKey"


class Keys(Regional):
    """The primary keys at home, their replicas in the other controllers' Regions."""

    def __init__(self, scope: Construct, *, project: Project, region: str, placing: Placing) -> None:
        super().__init__(
            scope, "keys", project=project, region=region, placing=placing,
            description="tidegate: the keys that encrypt and sign, in one Region",
        )  # fmt: skip
        home = project.config.home
        named = self.names
        for scope_id, alias in (
            (USUAL, named.key),
            (SIGNING, named.signing_key),
            (NAMES, named.people_key),
        ):
            arn = self._primary(scope_id) if region == home else self._replica(scope_id, home)
            kms.CfnAlias(self, f"{scope_id}Alias", alias_name=alias, target_key_id=arn)
            cdk.CfnOutput(self, f"{scope_id}Arn", value=arn)

    def _primary(self, scope_id: str) -> str:
        signing = scope_id == SIGNING
        key = kms.CfnKey(
            self,
            scope_id,
            description=_TOLD[scope_id],
            multi_region=True,
            enable_key_rotation=not signing,
            key_spec="ECC_NIST_P256" if signing else "SYMMETRIC_DEFAULT",
            key_usage="SIGN_VERIFY" if signing else "ENCRYPT_DECRYPT",
            key_policy=_policy(self.project, self.here, scope_id),
            pending_window_in_days=30,
        )
        key.apply_removal_policy(KEPT)
        return key.attr_arn

    def _replica(self, scope_id: str, home: str) -> str:
        key = kms.CfnReplicaKey(
            self,
            scope_id,
            description=_TOLD[scope_id],
            primary_key_arn=cdk.Fn.get_stack_output(self.names.stack("keys", home), f"{scope_id}Arn", home),
            key_policy=_policy(self.project, self.here, scope_id),
            pending_window_in_days=30,
        )
        key.apply_removal_policy(KEPT)
        return key.attr_arn


_TOLD = {
    USUAL: "tidegate: journal, evidence, notices, logs and task tokens",
    SIGNING: "tidegate: signs audit bundles",
    NAMES: "tidegate: the names of people; whoever ends this key ends them all",
}
SERVICES = ("dynamodb", "sns", "sqs", "events", "states", "cloudwatch", "s3")


def _policy(project: Project, region: str, scope_id: str) -> dict[str, Any]:
    """The account decides by IAM; AWS's own services may use the key for what is this account's.

    Of the key of names that is DynamoDB alone.
    """
    own: dict[str, Any] = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{project.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    served = ("dynamodb",) if scope_id == NAMES else SERVICES
    use = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"]
    services: dict[str, Any] = {
        "Sid": "Services",
        "Effect": "Allow",
        "Principal": {"Service": [f"{service}.amazonaws.com" for service in served]},
        "Action": use,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": project.account}},
    }
    callers_of = served if scope_id == NAMES else ("dynamodb", "sns", "sqs", "s3", "lambda")
    through = [f"{service}.{region}.amazonaws.com" for service in callers_of]
    callers: dict[str, Any] = {
        "Sid": "Through",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [*use, "kms:CreateGrant"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:CallerAccount": project.account, "kms:ViaService": through}},
    }
    allowed = {SIGNING: [own], NAMES: [own, services, callers]}
    return {
        "Version": "2012-10-17",
        "Statement": allowed.get(scope_id, [own, services, callers, *_logs(project, region, use)]),
    }


def _logs(project: Project, region: str, use: list[str]) -> list[dict[str, Any]]:
    """What log groups need of the key, and the workflow's log. use: what a service does with a key."""
    group = f"arn:aws:logs:{region}:{project.account}:log-group:*"
    written: dict[str, Any] = {
        "Sid": "Logs",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": use,
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": group}},
    }
    delivered: dict[str, Any] = {
        # Step Functions does not write its log: log delivery does, and reads what the role encrypted for it.
        # No condition: which keys of one it sends is not documented, and the CDK's own grant has none.
        "Sid": "Deliveries",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["kms:Decrypt*", "kms:DescribeKey"],
        "Resource": "*",
    }
    return [written, delivered]


def locked_bucket(stack: Regional, scope_id: str, name: str, **more: Any) -> s3.CfnBucket:
    """A bucket whose objects nobody can change or delete before their time, not even the account's root."""
    days = stack.project.config.audit_days
    bucket = s3.CfnBucket(
        stack,
        scope_id,
        bucket_name=name,
        object_lock_enabled=True,
        object_lock_configuration=s3.CfnBucket.ObjectLockConfigurationProperty(
            object_lock_enabled="Enabled",
            rule=s3.CfnBucket.ObjectLockRuleProperty(
                default_retention=s3.CfnBucket.DefaultRetentionProperty(mode="COMPLIANCE", days=days)
            ),
        ),
        versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
        **common_bucket(stack),
        **more,
    )
    bucket.apply_removal_policy(KEPT)
    only_tls(stack, f"{scope_id}Policy", bucket, *not_shorter(f"{bucket.attr_arn}/*", days))
    return bucket


def not_shorter(objects: str, days: int) -> list[dict[str, Any]]:
    """What keeps a caller from locking an object for less than the bucket does.

    Whoever may put an object may say how long it is locked, and that goes before the bucket's own rule. Who
    says nothing of it meets none of these: the keys are absent then (Amazon S3, *Object Lock*).
    """
    locks = ["s3:PutObject", "s3:PutObjectRetention"]
    shorter = {"NumericLessThan": {"s3:object-lock-remaining-retention-days": str(days)}}
    softer = {
        "Null": {"s3:object-lock-mode": "false"},
        "StringNotEquals": {"s3:object-lock-mode": "COMPLIANCE"},
    }

    def denied(sid: str, actions: list[str], condition: dict[str, Any] | None = None) -> dict[str, Any]:
        statement = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": objects}
        return statement | ({"Condition": condition} if condition else {})

    return [
        denied("NotShorter", locks, shorter),
        denied("NotSofter", locks, softer),
        denied("NoBypass", ["s3:BypassGovernanceRetention"]),
    ]


def common_bucket(stack: Regional) -> dict[str, Any]:
    encryption = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
        sse_algorithm="aws:kms", kms_master_key_id=stack.key()
    )
    return {
        "bucket_encryption": s3.CfnBucket.BucketEncryptionProperty(
            server_side_encryption_configuration=[
                s3.CfnBucket.ServerSideEncryptionRuleProperty(
                    server_side_encryption_by_default=encryption, bucket_key_enabled=True
                )
            ]
        ),
        "public_access_block_configuration": s3.CfnBucket.PublicAccessBlockConfigurationProperty(
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        ),
        "ownership_controls": s3.CfnBucket.OwnershipControlsProperty(
            rules=[s3.CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")]
        ),
    }


def only_tls(stack: Regional, scope_id: str, bucket: s3.CfnBucket, *also: dict[str, Any]) -> None:
    s3.CfnBucketPolicy(
        stack,
        scope_id,
        bucket=bucket.ref,
        policy_document={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "OnlyTls",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [bucket.attr_arn, f"{bucket.attr_arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
                *also,
            ],
        },
    )
