"""A switch of objects: the buckets, who may read and write them, and the health checks that watch them.

```
 controller-us-east-2   bucket tidegate-switch-us-east-1-ACCOUNT     an object use1-a.off means Off
   ShiftTraffic … put, delete ──┘   └── GET, anonymous, from the health checkers' addresses alone
 routing                health check, inverted: it succeeds ─> unhealthy ─> the record of use1-a is left out
```
A policy that names addresses is not public (Amazon S3 User Guide, "The meaning of public"): nothing of Block
Public Access has to be off, neither the bucket's nor the account's.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3

from controller.aws.s3_switch import CHECKERS
from controller.settings import Bucket
from infra import names
from infra.keys import common_bucket, only_tls
from infra.project import Project
from infra.stack import KEPT, Regional

MOVES = "moves"
"""The tag `PREFIX-moves` is on the roles that move traffic; their names are CloudFormation's, and vary."""
WRITES = [
    *("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"),
    *("s3:ReplicateObject", "s3:ReplicateDelete"),
]
RULES = ["s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration"]
"""By these, objects come and go without anybody who writes them."""


def switch_buckets(stack: Regional) -> None:
    """A bucket for each guarded Region whose switch is kept in this one; with ARC there is none."""
    standby = stack.project.standby
    for region, bucket in standby.bucket_by_region.items() if standby else ():
        if bucket.region == stack.here:
            _bucket(stack, region, bucket)


def _bucket(stack: Regional, region: str, bucket: Bucket) -> None:
    """In shadow before there is a cluster it stays empty, and nobody from outside reads it."""
    project, scope_id = stack.project, f"Switch{names.capital(region)}"
    given = common_bucket(stack)
    if project.objects_move:
        given |= {"bucket_encryption": _readable_without_a_key()}
    made = s3.CfnBucket(
        stack,
        scope_id,
        bucket_name=bucket.name,
        versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
        **given,
    )
    if project.objects_move:
        made.apply_removal_policy(KEPT)
    only_tls(
        stack, f"{scope_id}Policy", made, *(_policy(project, region, made) if project.objects_move else ())
    )


def _readable_without_a_key() -> s3.CfnBucket.BucketEncryptionProperty:
    """Encrypted by S3's own key: an anonymous reader may use no key of KMS."""
    return s3.CfnBucket.BucketEncryptionProperty(
        server_side_encryption_configuration=[
            s3.CfnBucket.ServerSideEncryptionRuleProperty(
                server_side_encryption_by_default=s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
                    sse_algorithm="AES256"
                )
            )
        ]
    )


def _policy(project: Project, region: str, bucket: s3.CfnBucket) -> list[dict[str, Any]]:
    """Who reads and who writes, whatever IAM says: a person may well be an administrator."""
    assert project.standby is not None
    keys = [project.standby.objects[control] for control in project.policy.regions[region].controls]
    everything = f"{bucket.attr_arn}/*"
    from_checkers = {"IpAddress": {"aws:SourceIp": list(CHECKERS)}}
    strangers: dict[str, Any] = {
        "StringNotEquals": {f"aws:PrincipalTag/{project.names.of(MOVES)}": project.policy.application}
    }
    people = project.config.routing.by_hand if project.config.routing else ()
    if people:  # in shadow there may be none, and then nobody writes
        strangers["ArnNotLike"] = {"aws:PrincipalArn": list(people)}
    keyed = {  # who says nothing of it meets none of these
        "Null": {"s3:x-amz-server-side-encryption": "false"},
        "StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"},
    }
    found = [
        _statement(
            "CheckersRead", "s3:GetObject", [f"{bucket.attr_arn}/{key}" for key in keys], from_checkers
        ),
        # So that an object which is not there is 404 and a denied one 403: the doctor can tell them apart.
        _statement("CheckersMiss", "s3:ListBucket", bucket.attr_arn, from_checkers),
        _statement("OnlyMovers", WRITES, everything, strangers, effect="Deny"),
        _statement("NoOtherRule", RULES, bucket.attr_arn, effect="Deny"),
        _statement("NoOtherKey", "s3:PutObject", everything, keyed, effect="Deny"),
    ]
    if project.protected:
        found.append(_statement("NotDeleted", "s3:DeleteBucket", bucket.attr_arn, effect="Deny"))
    return found


def _statement(
    sid: str, actions: str | list[str], resources: str | list[str], condition: dict[str, Any] | None = None,
    *, effect: str = "Allow",
) -> dict[str, Any]:  # fmt: skip
    said = {"Sid": sid, "Effect": effect, "Principal": "*", "Action": actions, "Resource": resources}
    return said | ({"Condition": condition} if condition else {})


def mover_tags(project: Project, *, moves: bool) -> list[cdk.CfnTag] | None:
    """The tag of a role that writes objects: none in shadow, and none where ARC moves."""
    if not (moves and project.live and project.objects_move):
        return None
    return [cdk.CfnTag(key=project.names.of(MOVES), value=project.policy.application)]


def object_check(bucket: Bucket, key: str) -> route53.CfnHealthCheck.HealthCheckConfigProperty:
    """A check that asks for an object, inverted.

    One failure is enough: more than 18 % of the checkers must see an object before it counts, and nearly
    all see its absence (Route 53 Developer Guide, "How Route 53 determines whether a check is healthy").
    """
    return route53.CfnHealthCheck.HealthCheckConfigProperty(
        type="HTTPS",
        fully_qualified_domain_name=bucket.host,
        port=443,
        resource_path=f"/{key}",
        inverted=True,
        enable_sni=True,
        request_interval=10,
        failure_threshold=1,
    )
