"""The error answers of `route53-recovery-cluster`, shaped as botocore's model has them."""

from typing import Literal

from controller.rehearsal.arc.rules import SafetyRule
from controller.rehearsal.service import AwsError

Refusal = Literal["ConflictException", "ValidationException"]


def invalid(message: str, field: str) -> AwsError:
    return AwsError(
        "ValidationException",
        message,
        fields={"reason": "fieldValidationFailed", "fields": [{"name": field, "message": message}]},
    )


def not_found(kind: str, arn: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException",
        f"{kind} not found: {arn}",
        fields={"resourceId": arn, "resourceType": kind},
    )


def unavailable(endpoint: str) -> AwsError:
    message = f"The cluster endpoint in {endpoint} is not available. Try another cluster endpoint."
    return AwsError("EndpointTemporarilyUnavailableException", message)


def throttled() -> AwsError:
    return AwsError("ThrottlingException", "Rate exceeded", fields={"retryAfterSeconds": 1})


def too_many(count: int, most: int) -> AwsError:
    return AwsError(
        "ServiceLimitExceededException",
        f"{count} routing control states in one request; the limit is {most}.",
        fields={"limitCode": "RoutingControlStatesPerRequest", "serviceCode": "route53-recovery-cluster"},
    )


def in_wait_period(rule: SafetyRule) -> AwsError:
    message = f"Routing controls of safety rule {rule.name} cannot change during its wait period."
    return AwsError(
        "ConflictException", message, fields={"resourceId": rule.arn, "resourceType": "SafetyRule"}
    )


def against_rule(rule: SafetyRule, refusal: Refusal) -> AwsError:
    """AWS does not say which exception carries this: a rehearsal chooses, a controller must take both."""
    message = f"The change would break safety rule {rule.name} ({rule.arn})."
    if refusal == "ValidationException":
        return AwsError(refusal, message, fields={"reason": "other"})
    return AwsError(refusal, message, fields={"resourceId": rule.arn, "resourceType": "SafetyRule"})
