"""Where AWS offers what is deployed here. Each set names its page; widen it when AWS does."""

JOURNAL_SETS: tuple[frozenset[str], ...] = (
    frozenset({"us-east-1", "us-east-2", "us-west-2"}),
    frozenset({"eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"}),
    frozenset({"ap-northeast-1", "ap-northeast-2", "ap-northeast-3"}),
)
"""DynamoDB Developer Guide, "Multi-Region strong consistency": three Regions of one set."""

SYNTHETICS: frozenset[str] = frozenset(
    {
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "sa-east-1"),
        *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1"),
        *("eu-south-1", "eu-south-2", "il-central-1", "me-south-1", "me-central-1", "af-south-1"),
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-east-1"),
        *("ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4"),
    }
)
"""AWS General Reference, "CloudWatch Synthetics endpoints": where a canary can run."""

ARC_CONFIGURATION = "us-west-2"
"""Where CloudFormation has the types of ARC: us-east-1 and us-west-2."""

ARC_ENDPOINTS = ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2")
"""The Regions of every cluster's five data-plane endpoints."""

HEALTH_BACKUPS = ("us-west-2", "us-east-1")
"""AWS Health User Guide: a public notice is repeated in us-west-2; one about us-west-2, in us-east-1."""
