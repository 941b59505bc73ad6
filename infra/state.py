"""*state*: the tables of the journal and of people's names, strongly consistent in three Regions, the audit's
locked buckets, and the dashboard over all Regions."""

from collections.abc import Callable
from typing import Any

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra import names
from infra.dashboard import global_dashboard
from infra.grants import PATTERNS, Statement
from infra.keys import locked_bucket
from infra.placing import Placing
from infra.project import Project
from infra.stack import KEPT, Regional


def second(project: Project) -> str:
    """The Region of the audit's second copy."""
    return next(region for region in project.policy.controllers if region != project.config.home)


class State(Regional):
    def __init__(self, scope: Construct, *, project: Project, placing: Placing) -> None:
        super().__init__(
            scope, "state", project=project, region=project.config.home, placing=placing, single=True,
            description="tidegate: the journal, people's names and the audit's archive",
        )  # fmt: skip
        self._journal()
        self._people()
        self._audit()
        global_dashboard(self)

    def _journal(self) -> None:
        """No TTL: what was decided is never forgotten, and a strongly consistent table would refuse one.

        A table that somebody deleted is still there for CloudFormation. Another logical id makes it anew
        under the same name; the old one is retained, which here means forgotten.
        """
        made = self.project.config.journal_made
        scope_id = "Journal" if made == 1 else f"Journal{made}"
        self._everywhere(scope_id, names.JOURNAL, key_arn=self.names.key_arn, recovery=True)

    def _people(self) -> None:
        """No backup: what is deleted is gone at once. A key of its own: who ends it ends all names."""
        self._everywhere("People", names.PEOPLE, key_arn=self.names.people_key_arn, recovery=False)

    def _everywhere(
        self, scope_id: str, name: str, *, key_arn: Callable[[str, str], str], recovery: bool
    ) -> None:
        """A table that is strongly consistent in all controllers' Regions. recovery: to a point in time."""
        table = dynamodb.CfnGlobalTable(
            self,
            scope_id,
            table_name=self.names.of(name),
            billing_mode="PAY_PER_REQUEST",
            multi_region_consistency="STRONG",
            sse_specification=dynamodb.CfnGlobalTable.SSESpecificationProperty(
                sse_enabled=True, sse_type="KMS"
            ),
            **keyed(name, dynamodb.CfnGlobalTable),
            replicas=[
                dynamodb.CfnGlobalTable.ReplicaSpecificationProperty(
                    region=region,
                    deletion_protection_enabled=self.project.protected,
                    point_in_time_recovery_specification=(
                        dynamodb.CfnGlobalTable.PointInTimeRecoverySpecificationProperty(
                            point_in_time_recovery_enabled=recovery
                        )
                    ),
                    sse_specification=dynamodb.CfnGlobalTable.ReplicaSSESpecificationProperty(
                        kms_master_key_id=key_arn(region, self.project.account)
                    ),
                )
                for region in self.project.policy.controllers
            ],
        )
        table.apply_removal_policy(KEPT)

    def _audit(self) -> None:
        account, there = self.project.account, second(self.project)
        name, copy = self.names.audit_bucket(account, self.here), self.names.audit_bucket(account, there)
        keys = [names.any_key_arn(region, account) for region in (self.here, there)]
        alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": self.names.key}}
        reads = ("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
                 "s3:GetObjectRetention", "s3:GetObjectLegalHold")  # fmt: skip
        role = self.role(
            "Replication",
            "s3.amazonaws.com",
            [
                Statement(
                    "Source", ("s3:GetReplicationConfiguration", "s3:ListBucket"), (f"arn:aws:s3:::{name}",)
                ),
                Statement("Read", reads, (f"arn:aws:s3:::{name}/*",), why=PATTERNS["s3"]),
                Statement(
                    "Write",
                    ("s3:ReplicateObject", "s3:ReplicateTags"),
                    (f"arn:aws:s3:::{copy}/*",),
                    why=PATTERNS["s3"],
                ),
                Statement(
                    "Keys",
                    ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
                    tuple(keys),
                    alias,
                    why=PATTERNS["kms"],
                ),
            ],
        )
        target = s3.CfnBucket.ReplicationDestinationProperty(
            bucket=f"arn:aws:s3:::{copy}",
            encryption_configuration=s3.CfnBucket.EncryptionConfigurationProperty(
                replica_kms_key_id=self.names.key_arn(there, account)
            ),
        )
        rule = s3.CfnBucket.ReplicationRuleProperty(
            id="everything",
            priority=1,
            status="Enabled",
            filter=s3.CfnBucket.ReplicationRuleFilterProperty(prefix=""),
            delete_marker_replication=s3.CfnBucket.DeleteMarkerReplicationProperty(status="Disabled"),
            source_selection_criteria=s3.CfnBucket.SourceSelectionCriteriaProperty(
                sse_kms_encrypted_objects=s3.CfnBucket.SseKmsEncryptedObjectsProperty(status="Enabled")
            ),
            destination=target,
        )
        replication = s3.CfnBucket.ReplicationConfigurationProperty(role=role, rules=[rule])
        locked_bucket(self, "Audit", name, replication_configuration=replication)


class AuditCopy(Regional):
    """*audit-copy*: what the audit's bucket replicates to. Deployed before *state*."""

    def __init__(self, scope: Construct, *, project: Project, placing: Placing) -> None:
        region = second(project)
        super().__init__(
            scope, "audit-copy", project=project, region=region, placing=placing, single=True,
            description="tidegate: the second copy of the audit's archive",
        )  # fmt: skip
        locked_bucket(self, "AuditCopy", project.names.audit_bucket(project.account, region))


def keyed(table: str, kind: type[dynamodb.CfnGlobalTable] | type[dynamodb.CfnTable]) -> dict[str, Any]:
    """The key schema of a table, as its L1 class takes it."""
    keys = names.TABLE_KEYS[table]
    return {
        "attribute_definitions": [
            kind.AttributeDefinitionProperty(attribute_name=key, attribute_type=type_) for key, type_ in keys
        ],
        "key_schema": [
            kind.KeySchemaProperty(attribute_name=key, key_type=role)
            for (key, _), role in zip(keys, ("HASH", "RANGE"), strict=True)
        ],
    }
