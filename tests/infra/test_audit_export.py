"""The names that `tidegate audit export` is given are those that the templates make."""

from pathlib import Path

import pytest

from controller.rehearsal.services.kms import ALIAS
from controller.rehearsal.services.s3 import audit_bucket
from infra import names
from infra.contexts import deployment
from infra.project import load
from tests.infra.policy_statements import denied
from tests.infra.synthesis import Synthesis

CONFIG = Path(__file__).parents[2] / "infra" / "config" / "storefront.yaml"


def test_the_bucket_is_locked_by_default_and_in_the_region_that_is_named(synthesis: Synthesis) -> None:
    project = load(CONFIG, deployed=1.0)
    told = deployment(project, "us-east-2").audit_bucket
    assert told is not None
    made = {p["BucketName"]: p for _, _, p in synthesis.of("AWS::S3::Bucket", "tidegate-state")}[told.name]
    assert told.region == project.config.home
    rule = made["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert rule == {"Mode": "COMPLIANCE", "Days": project.config.audit_days}


def test_the_key_is_made_for_signing_in_every_controllers_region(synthesis: Synthesis) -> None:
    project = load(CONFIG, deployed=1.0)
    for region in project.policy.controllers:
        aliases = {p["AliasName"] for _, _, p in synthesis.of("AWS::KMS::Alias", f"tidegate-keys-{region}")}
        assert deployment(project, region).signing_key in aliases
    home = f"tidegate-keys-{project.config.home}"
    keys = [p for _, _, p in synthesis.of("AWS::KMS::Key", home) if p.get("KeyUsage") == "SIGN_VERIFY"]
    assert [(p["KeySpec"], p["MultiRegion"]) for p in keys] == [("ECC_NIST_P256", True)]


def test_the_rehearsals_names_are_the_deployments() -> None:
    assert names.Names().signing_key == ALIAS
    assert audit_bucket("us-east-2") == names.Names().audit_bucket("123456789012", "us-east-2")


def lock(**given: str) -> dict[str, str]:
    """What a request says of an object's lock."""
    return {f"s3_object_lock_{name}": value for name, value in given.items()}


@pytest.mark.parametrize(
    ("action", "keys", "by"),
    [
        ("s3:PutObject", lock(), set()),
        ("s3:PutObject", lock(mode="COMPLIANCE", remaining_retention_days="365"), set()),
        ("s3:PutObject", lock(mode="COMPLIANCE", remaining_retention_days="364"), {"NotShorter"}),
        ("s3:PutObject", lock(mode="GOVERNANCE", remaining_retention_days="365"), {"NotSofter"}),
        ("s3:PutObject", lock(mode="GOVERNANCE", remaining_retention_days="1"), {"NotSofter", "NotShorter"}),
        ("s3:PutObjectRetention", lock(mode="COMPLIANCE", remaining_retention_days="1"), {"NotShorter"}),
        ("s3:PutObjectRetention", lock(mode="COMPLIANCE", remaining_retention_days="500"), set()),
        ("s3:PutObjectRetention", lock(mode="GOVERNANCE", remaining_retention_days="500"), {"NotSofter"}),
        ("s3:BypassGovernanceRetention", {}, {"NoBypass"}),
        ("s3:GetObject", {}, set()),
        ("s3:GetObject", {"aws_SecureTransport": "false"}, {"OnlyTls"}),
    ],
)
def test_nobody_locks_an_object_for_less_than_the_bucket_does(
    synthesis: Synthesis, action: str, keys: dict[str, str], by: set[str]
) -> None:
    """In both buckets: who may put an object may say how it is locked, and that goes before the default."""
    assert load(CONFIG, deployed=1.0).config.audit_days == 365
    seen = 0
    for stack in ("tidegate-state", "tidegate-audit-copy"):
        for _, _, properties in synthesis.of("AWS::S3::BucketPolicy", stack):
            assert denied(properties["PolicyDocument"], action, **keys) == by
            seen += 1
    assert seen == 2
