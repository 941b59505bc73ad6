"""The names that `tidegate audit export` is given are those that the templates make."""

from pathlib import Path

from controller.rehearsal.services.kms import ALIAS
from controller.rehearsal.services.s3 import audit_bucket
from infra import names
from infra.contexts import deployment
from infra.project import load
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
    assert names.SIGNING_KEY == ALIAS
    assert audit_bucket("us-east-2") == names.audit_bucket("123456789012", "us-east-2")
