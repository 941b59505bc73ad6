"""botocore's service models by signing name, loaded once a process, on first use."""

from functools import lru_cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel

_NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions", "servicequotas": "service-quotas"}
# SQS still answers with the codes of its Query API, which its model no longer lists.
_SQS = "AWS.SimpleQueueService."
_OLD_CODES = {
    "BatchEntryIdsNotDistinct": _SQS + "BatchEntryIdsNotDistinct",
    "BatchRequestTooLong": _SQS + "BatchRequestTooLong",
    "EmptyBatchRequest": _SQS + "EmptyBatchRequest",
    "InvalidBatchEntryId": _SQS + "InvalidBatchEntryId",
    "MessageNotInflight": _SQS + "MessageNotInflight",
    "PurgeQueueInProgress": _SQS + "PurgeQueueInProgress",
    "QueueDeletedRecently": _SQS + "QueueDeletedRecently",
    "QueueDoesNotExist": _SQS + "NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "TooManyEntriesInBatchRequest": _SQS + "TooManyEntriesInBatchRequest",
    "UnsupportedOperation": _SQS + "UnsupportedOperation",
}


@lru_cache(maxsize=64)
def service_model(signing_name: str) -> ServiceModel | None:
    name = _NAMES.get(signing_name, signing_name)
    try:
        return ServiceModel(Loader().load_service_model(name, "service-2"), name)
    except UnknownServiceError:
        return None


@lru_cache(maxsize=1024)
def operation_model(signing_name: str, operation: str) -> OperationModel | None:
    model = service_model(signing_name)
    if model is None:
        return None
    try:
        return model.operation_model(operation)
    except OperationNotFoundError:
        return None


@lru_cache(maxsize=64)
def error_codes(signing_name: str) -> dict[str, tuple[str, str]]:
    """Any name of an error -> (shape's name, code of the old Query API), where the service has both."""
    model = service_model(signing_name)
    if model is None or "awsQueryCompatible" not in model.metadata:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for shape in model.error_shapes:
        error: dict[str, Any] = shape.metadata.get("error") or {}
        old = _OLD_CODES.get(shape.name, shape.name) if signing_name == "sqs" else shape.name
        pair = (shape.name, error.get("code", old))
        found[pair[0]] = pair
        found.setdefault(pair[1], pair)
    return found
