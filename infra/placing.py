"""Where the templates find their packages: as assets of the CDK, or in a bucket that is named on
deployment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets

from infra import names
from infra.zips import zip_name


@dataclass(frozen=True)
class Placing:
    """How code gets to AWS. `release`: plain CloudFormation, no bootstrap, two parameters.

    folder: where the packages lie (`functions`, `canaries`, …).
    """

    folder: Path
    how: Literal["cdk", "release"] = "cdk"

    def code(self, stack: cdk.Stack, package: str) -> dict[str, Any]:
        """The bucket and key of a package, as a function and a canary name them."""
        if self.how == "release":
            return {"bucket": _parameter(stack).value_as_string, "key": zip_name(self.folder / package)}
        asset = assets.Asset(stack, f"Package{names.capital(package)}", path=str(self.folder / package))
        return {"bucket": asset.s3_bucket_name, "key": asset.s3_object_key}

    def synthesizer(self) -> cdk.IStackSynthesizer | None:
        if self.how == "release":
            return cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
        return None


def _parameter(stack: cdk.Stack) -> cdk.CfnParameter:
    found = stack.node.try_find_child("CodeBucket")
    if isinstance(found, cdk.CfnParameter):
        return found
    return cdk.CfnParameter(
        stack,
        "CodeBucket",
        type="String",
        description="The bucket, in this Region, that holds the zip files.",
    )
