"""The REST protocol with JSON bodies, as far as look-ups need it.

It has GET and POST.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.model import OperationModel, Shape

from controller.rehearsal.service import AwsError, Request, Response
from controller.rehearsal.wire.service_models import operation_model, service_model

METHODS = ("GET", "POST")
LABEL = r"(?P<\1>[^/]+|arn:.+)"
"""The pattern of a path's label.

A server may have decoded the path already: then an ARN in it holds slashes.
"""


@dataclass(frozen=True, slots=True)
class Rest:
    """One request, found by its path.

    target: empty, because the path alone names the operation.
    """

    operation: str
    path: dict[str, str]
    target: str = ""

    def read(self, request: Request, model: OperationModel) -> dict[str, Any]:
        """Return the body, path and query parameters, by their members' names."""
        given: dict[str, Any] = {**_body(request), **dict(parse_qsl(request.query)), **self.path}
        members = model.input_shape.members if model.input_shape else {}
        wire = {shape.serialization.get("name", name): name for name, shape in members.items()}
        return {wire[key]: value for key, value in given.items() if key in wire}

    def answer(self, model: OperationModel, members: dict[str, Any], request_id: str) -> Response:
        body = members if model.output_shape is None else written(model.output_shape, members)
        return self._response(200, body, {"x-amzn-RequestId": request_id})

    def refuse(self, error: AwsError, service: str, request_id: str) -> Response:  # noqa: ARG002
        headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.code}
        return self._response(error.status, {"message": error.message, **error.fields}, headers)

    def _response(self, status: int, body: Any, headers: dict[str, str]) -> Response:
        headers["Content-Type"] = "application/json"
        return Response(status, headers, json.dumps(body, separators=(",", ":")).encode())


def _body(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(request.body) if request.body else {}
    except ValueError as error:
        raise AwsError("ValidationException", "The body is not JSON.") from error
    return found if isinstance(found, dict) else {}


def rest_of(request: Request, service: str, operations: Iterable[str]) -> Rest | None:
    """Return the request as one of a REST service's `operations`.

    Return None where it is none of them.
    """
    known = service_model(service)
    if request.method not in METHODS or known is None or known.metadata.get("protocol") != "rest-json":
        return None
    for operation in operations:
        model = operation_model(service, operation)
        if model is None or model.http.get("method") != request.method:
            continue
        template = re.sub(r"\\\{(\w+)\\\}", LABEL, re.escape(model.http["requestUri"]))
        found = re.fullmatch(template, request.path)
        if found is not None:
            return Rest(operation, {key: unquote(value) for key, value in found.groupdict().items()})
    return None


def written(shape: Shape, value: Any) -> Any:
    """Return a value under the names that the protocol writes, with its time formats."""
    match shape.type_name:
        case "structure":
            return {
                member.serialization.get("name", name): written(member, value[name])
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
        case "list":
            return [written(shape.member, item) for item in value]
        case "timestamp" if shape.serialization.get("timestampFormat") == "iso8601":
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value
