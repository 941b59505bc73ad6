"""Service and Region from a request's credential scope (Signature Version 4). Signatures are not checked."""

import re
from urllib.parse import unquote

from controller.rehearsal.service import AwsError, Request, Scope

_SCOPE = re.compile(r"Credential=[^/,\s]+/[0-9]{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request\b")
_PRESIGNED = re.compile(r"(?:^|&)X-Amz-(Credential=[^&]+)")


def scope_of(request: Request) -> Scope:
    """Raises `AwsError` where there is no credential scope, or not one that can be read."""
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
