"""The service models of botocore by signing name, and the scope of a request.

A model is loaded once a process, on first use. The scope is the service and Region of a request's
credential scope (Signature Version 4). Signatures are not checked.
"""

import gzip
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel

from controller.rehearsal.service import AwsError, Request, Scope

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
    """Return error name -> (shape's name, code of the old Query API).

    Both names of an error are keys.

    Empty where the service does not have both.
    """
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


_SIGNED_AS = re.compile(rb'"signingName"\s*:\s*"([^"]+)"'), re.compile(rb'"endpointPrefix"\s*:\s*"([^"]+)"')
HEAD = 6000
"""Bytes of a model's file that hold its metadata: to read the whole of all models takes ten seconds."""


@lru_cache(maxsize=1)
def _names_by_signing() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    loader = Loader()
    for name in loader.list_available_services("service-2"):
        version = loader.determine_latest_version(name, "service-2")
        packed = Path(loader.BUILTIN_DATA_PATH, name, version, "service-2.json.gz")
        if not packed.exists():
            continue
        with gzip.open(packed) as file:
            head = file.read(HEAD)
        signed = next(
            (match[1].decode() for match in (each.search(head) for each in _SIGNED_AS) if match), name
        )
        found[signed] = (*found.get(signed, ()), name)
    return found


@lru_cache(maxsize=64)
def namesakes(signing_name: str) -> tuple[ServiceModel, ...]:
    """Return the models of all APIs that sign with a name, as S3 and its control API do."""
    names = _names_by_signing().get(signing_name, ())
    return tuple(ServiceModel(Loader().load_service_model(name, "service-2"), name) for name in names)


_SCOPE = re.compile(r"Credential=[^/,\s]+/[0-9]{8}/([a-z0-9-]+)/([A-Za-z0-9-]+)/aws4_request\b")
_PRESIGNED = re.compile(r"(?:^|&)X-Amz-(Credential=[^&]+)")


def scope_of(request: Request) -> Scope:
    """Return the scope of a signed request.

    Raises `AwsError` where there is no credential scope, or not one that can be read.
    """
    text = request.headers.get("authorization", "")
    if not text:
        presigned = _PRESIGNED.search(request.query)
        if presigned is None:
            raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
        text = unquote(presigned[1])
    found = _SCOPE.search(text)
    if found is None:
        raise AwsError("IncompleteSignature", "The credential scope of the request cannot be read", 400)
    return Scope(service=found[2], region=found[1])
