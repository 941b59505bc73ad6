"""cdk-nag (AwsSolutions): what it finds is mended, or named here with its reason.

A `*` within a role is named where the role is written, with the reason of its statement.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk

from controller.settings import PREFIX

TRAIL = (
    "the account's CloudTrail keeps data events of this bucket, in order and signed; server access logs "
    "would be a second copy that is best effort"
)
REASONS: Mapping[str, Mapping[str, str]] = {
    "AuditCopy": {"S1": TRAIL},
    "State": {"S1": TRAIL},
    "Controller": {
        "S1": "a bucket of a switch: CloudTrail's data events keep who wrote, and checkers read every second"
    },
    "Probes": {
        "S1": "screenshots and logs of canaries, which expire; nobody decides by them",
        "SQS3": "it is itself the queue of dead letters, of the rule that forwards",
    },
    "Pipeline": {"S1": TRAIL},
    "Application": {"APIG4": "a shop front that anybody may see; it is throttled"},
}
"""Kind of stack -> rule -> why it stands."""

GENERATED: Mapping[tuple[str, str], str] = {
    (
        "PREFIX-pipeline/",
        "IAM5[Action::",
    ): "the pipeline's own artifacts and their key: CDK's grants, by action",
    ("PREFIX-pipeline/", "IAM5[Resource::<PipelineArtifacts"): "the objects of the pipeline's own bucket",
    (
        "PREFIX-pipeline/",
        "IAM5[Resource::arn:aws:s3:::PREFIX-pipeline-support",
    ): "the same, in other Regions",
    ("PREFIX-pipeline/", "IAM5[Resource::arn:aws:codebuild:"): "reports of the pipeline's own projects",
    ("PREFIX-pipeline/", "IAM5[Resource::arn:aws:logs:"): "logs of the pipeline's own projects",
    (
        "PREFIX-pipeline/",
        "IAM5[Resource::arn:*:iam:",
    ): "it assumes the CDK bootstrap's roles, told by their tag",
    (
        "PREFIX-pipeline/",
        "IAM5[Resource::*]",
    ): "DescribeAlarms and ListMetrics of the bake, DescribeStacks of the self-update",
    ("cross-region-stack-", "S1"): TRAIL,
}
"""Where CDK Pipelines writes a role itself, its names differ from day to day: (path, rule) prefix ->
reason. PREFIX: the deployment's."""


def acknowledge(stack: cdk.Stack) -> None:
    for rule, reason in REASONS.get(type(stack).__name__, {}).items():
        known = cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason)
        cdk.Validations.of(stack).acknowledge(known)


def check(app: cdk.App) -> None:
    """Let a synthesis report what is not acknowledged, to `validation-report.json`, and fail."""
    from cdk_nag import AwsSolutionsChecks

    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def findings(folder: Path, prefix: str) -> list[tuple[str, str]]:
    """(path, rule) of what cdk-nag found in a synthesis into `folder` that is neither mended nor named."""
    report = folder / "validation-report.json"
    if not report.is_file():
        return []
    plugins = json.loads(report.read_text(encoding="utf-8"))["pluginReports"]
    found = {
        (str(where["constructPath"]), violation["ruleName"].removeprefix("AwsSolutions-"))
        for plugin in plugins
        for violation in plugin["violations"]
        for where in violation.get("violatingConstructs") or violation["violatingResources"]
    }
    return sorted(each for each in found if not generated(*each, prefix))


def generated(path: str, rule: str, prefix: str = PREFIX) -> str | None:
    """Why a finding in what CDK Pipelines wrote may stand."""
    for (where, what), reason in GENERATED.items():
        if path.startswith(where.replace("PREFIX", prefix)) and rule.startswith(
            what.replace("PREFIX", prefix)
        ):
            return reason
    return None
