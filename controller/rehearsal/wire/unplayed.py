"""The answer to what the rehearsal does not play: HTTP 501, as an error of the service that was asked.

botocore repeats 500, 502, 503 and 504; it takes 501 for an answer.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from controller.rehearsal.service import AwsError, Request, Response, Scope
from controller.rehearsal.wire.protocols import Dialect, Query
from controller.rehearsal.wire.rest_json import Rest
from controller.rehearsal.wire.rest_routes import rest_route
from controller.rehearsal.wire.service_models import operation_model, service_model

CODE = "UnknownOperationException"


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation that none of the services answers.

    protocol: of a REST service, else empty.
    """

    operation: str
    protocol: str = ""


def asked(request: Request, dialect: Dialect | None, scope: Scope) -> Asked:
    """Return the operation that a request names, as far as the models know it."""
    if dialect is not None:
        model, other = service_model(scope.service), operation_model(scope.service, dialect.operation)
        prefix = None if model is None else model.metadata.get("targetPrefix")
        # Two APIs may sign with one name and share an operation's: then the prefix tells which is meant.
        shared = other is not None and dialect.target not in ("", prefix)
        return Asked(f"{dialect.target}.{dialect.operation}" if shared else dialect.operation)
    route = rest_route(request, scope.service)
    if route is None:
        return Asked(f"{request.method} {request.path[:200]}", "rest-json")
    return Asked(route.operation, route.protocol)


def refused(
    found: Asked, dialect: Dialect | None, scope: Scope, elsewhere: Collection[str], request_id: str
) -> Response:
    """Return the refusal, in the protocol of the request.

    elsewhere: the Regions in which the rehearsal plays the operation.
    """
    where = f" in {scope.region}; it plays it in {', '.join(sorted(elsewhere))}" if elsewhere else ""
    told = f"The rehearsal does not play {scope.service}:{found.operation}{where}"
    error = AwsError(CODE, told, 501)
    if isinstance(dialect, Query) and _protocol(scope.service) == "ec2":
        return _xml(_ec2(error, request_id), request_id)
    if dialect is not None:
        return dialect.refuse(error, scope.service, request_id)
    if found.protocol == "rest-xml":
        return _xml(_s3(error) if scope.service == "s3" else _wrapped(error, request_id), request_id)
    return Rest(found.operation, {}).refuse(error, scope.service, request_id)


def _protocol(service: str) -> str:
    model = service_model(service)
    metadata: Mapping[str, str] = {} if model is None else model.metadata
    return metadata.get("protocol", "")


def _xml(root: Element, request_id: str) -> Response:
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(501, {"x-amzn-RequestId": request_id, "Content-Type": "text/xml"}, body)


def _told(node: Element, error: AwsError) -> None:
    SubElement(node, "Code").text, SubElement(node, "Message").text = error.code, error.message


def _s3(error: AwsError) -> Element:
    root = Element("Error")
    _told(root, error)
    return root


def _wrapped(error: AwsError, request_id: str) -> Element:
    root = Element("ErrorResponse")
    _told(SubElement(root, "Error"), error)
    SubElement(root, "RequestId").text = request_id
    return root


def _ec2(error: AwsError, request_id: str) -> Element:
    root = Element("Response")
    _told(SubElement(SubElement(root, "Errors"), "Error"), error)
    SubElement(root, "RequestID").text = request_id
    return root
