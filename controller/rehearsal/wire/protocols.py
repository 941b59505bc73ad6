"""The three protocols that name their operation in the request: JSON, CBOR, Query.

Each has the same three methods: read, answer, refuse. `rest_json.py` has the fourth protocol.
"""

import base64
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from botocore.model import OperationModel

from controller.rehearsal.memo import Remembered
from controller.rehearsal.service import AwsError, Request, Response
from controller.rehearsal.wire import cbor, query_protocol
from controller.rehearsal.wire.service_models import error_codes, service_model
from controller.rehearsal.wire.shapes import Reader, compiled

Members = dict[str, Any]
_NAMESPACES = {"dynamodb": "com.amazonaws.dynamodb.v20120810#", "sqs": "com.amazonaws.sqs#"}


class Dialect(Protocol):
    """The protocol of one request: it reads the request and writes the answer.

    target: the service's prefix, where the request names it.
    """

    @property
    def operation(self) -> str: ...

    @property
    def target(self) -> str: ...

    def read(self, request: Request, model: OperationModel) -> Members: ...

    def answer(self, model: OperationModel, members: Members, request_id: str) -> Response: ...

    def refuse(self, error: AwsError, service: str, request_id: str) -> Response: ...


def dialect_of(request: Request) -> Dialect | None:
    """Return the dialect of a request; None for REST, or for no AWS protocol."""
    headers = request.headers
    target = headers.get("x-amz-target", "")
    if target:
        return _json(target, headers.get("content-type", ""))
    parts = request.path.split("/")
    if (
        headers.get("smithy-protocol") == "rpc-v2-cbor"
        and parts[-4:-3] == ["service"]
        and parts[-2] == "operation"
    ):
        return Cbor(parts[-1], parts[-3])
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return _query(request.body.decode("utf-8", "replace"))
    return _query(request.query) if "Action=" in request.query else None


@lru_cache(maxsize=1024)
def _json(target: str, content_type: str) -> "Json":
    prefix, _, operation = target.rpartition(".")
    return Json(operation, prefix, content_type.partition(";")[0] or _JSON)


def _query(text: str) -> "Query | None":
    given = query_protocol.fields(text)
    return Query(given.pop("Action"), given) if given.get("Action") else None


_JSON = "application/x-amz-json-1.0"
_REQUESTS = Remembered(512)
LARGE = 1024
"""Bytes of a body above which a request is not cached.

Large requests do not repeat.
"""


@lru_cache(maxsize=1024)
def _reader(model: OperationModel) -> Reader | None:
    return None if model.input_shape is None else compiled(model.input_shape)


def _checked(model: OperationModel, document: Any) -> Members:
    reader = _reader(model)
    try:
        found: Members = {} if reader is None else reader(document)
    except RecursionError as error:
        raise AwsError("SerializationException", "The input is nested too deeply") from error
    return found


@dataclass(frozen=True, slots=True)
class Json:
    """AWS JSON 1.0 and 1.1."""

    operation: str
    target: str
    content_type: str = _JSON

    def read(self, request: Request, model: OperationModel) -> Members:
        if len(request.body) > LARGE:
            return self._read(request, model)
        found: Members = _REQUESTS.of((model, request.body), lambda: self._read(request, model))
        return found

    def _read(self, request: Request, model: OperationModel) -> Members:
        try:
            document = _DECODER.decode((request.body or b"{}").decode())
            if b"\\ud" in request.body or b"\\uD" in request.body:
                json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError) as error:
            raise AwsError("SerializationException", "The body is not JSON") from error
        return _checked(model, document)

    def answer(self, model: OperationModel, members: Members, request_id: str) -> Response:  # noqa: ARG002
        return self._response(200, members, {"x-amzn-RequestId": request_id})

    def refuse(self, error: AwsError, service: str, request_id: str) -> Response:
        code, headers = _named(error, service, request_id)
        body = {"__type": _NAMESPACES.get(service, "") + code, "message": error.message, **error.fields}
        return self._response(error.status, body, headers)

    def _response(self, status: int, members: Members, headers: dict[str, str]) -> Response:
        headers["Content-Type"] = self.content_type
        return Response(status, headers, _ENCODER.encode(members).encode())


@dataclass(frozen=True, slots=True)
class Cbor:
    """Smithy RPC v2 with CBOR."""

    operation: str
    target: str

    def read(self, request: Request, model: OperationModel) -> Members:
        return _checked(model, cbor.loads(request.body) if request.body else {})

    def answer(self, model: OperationModel, members: Members, request_id: str) -> Response:
        shape = model.output_shape
        body = cbor.dumps(members if shape is None else cbor_members(shape, members))
        return Response(200, self._headers({"x-amzn-RequestId": request_id}), body)

    def refuse(self, error: AwsError, service: str, request_id: str) -> Response:
        code, headers = _named(error, service, request_id)
        body = cbor.dumps({"__type": code, "message": error.message, **error.fields})
        return Response(error.status, self._headers(headers), body)

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, "Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


@dataclass(frozen=True, slots=True)
class Query:
    """The form-encoded protocol of the oldest services."""

    operation: str
    fields: dict[str, str]
    target: str = ""

    def read(self, request: Request, model: OperationModel) -> Members:  # noqa: ARG002
        return _checked(model, query_protocol.members(model.input_shape, self.fields))

    def answer(self, model: OperationModel, members: Members, request_id: str) -> Response:
        shape = model.output_shape
        wrapper = None if shape is None else shape.serialization.get("resultWrapper") or f"{model.name}Result"
        namespace = _xml_namespace(model.service_model.signing_name)
        body = query_protocol.document(model.name, wrapper, shape, members, namespace, request_id)
        return self._response(200, body, request_id)

    def refuse(self, error: AwsError, service: str, request_id: str) -> Response:
        code = error_codes(service).get(error.code, ("", error.code))[1]
        body = query_protocol.error_document(error, code, _xml_namespace(service), request_id)
        return self._response(error.status, body, request_id)

    def _response(self, status: int, body: bytes, request_id: str) -> Response:
        return Response(status, {"x-amzn-RequestId": request_id, "Content-Type": "text/xml"}, body)


def _xml_namespace(service: str) -> str:
    model = service_model(service)
    found = None if model is None else model.metadata.get("xmlNamespace")
    return str(found or f"https://{service}.amazonaws.com/doc/")


def _named(error: AwsError, service: str, request_id: str) -> tuple[str, dict[str, str]]:
    """Return the error's code and the headers that carry it."""
    known = error_codes(service)
    code, old = known.get(error.code, (error.code, error.code))
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": code}
    model = service_model(service)
    if model is not None and "awsQueryCompatible" in model.metadata:
        headers["x-amzn-query-error"] = f"{old};{'Sender' if error.status < 500 else 'Receiver'}"
    return code, headers


def cbor_members(shape: Any, value: Any) -> Any:
    """Return `value` with its timestamps marked, as `shape` says."""
    match shape.type_name:
        case "structure":
            known = shape.members
            return {
                name: cbor_members(known[name], member) if name in known and member is not None else member
                for name, member in value.items()
            }
        case "list":
            return [cbor_members(shape.member, member) for member in value]
        case "map":
            return {name: cbor_members(shape.value, member) for name, member in value.items()}
        case "timestamp":
            return cbor.moment(value)
        case "float" | "double":
            return float(value)
    return value


def _blob(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
_ENCODER = json.JSONEncoder(default=_blob, separators=(",", ":"))
"""Made once: to make it takes longer than most answers."""
