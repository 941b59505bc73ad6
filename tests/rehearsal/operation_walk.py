"""Requests for any operation that botocore knows, as botocore writes them, and answers as it reads them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from controller.rehearsal.moto_fallback import FALLS_THROUGH, passes
from controller.rehearsal.service import Request
from controller.rehearsal.wire.dispatch import Wire
from controller.rehearsal.wire.service_models import namesakes, service_model

SIGNED = "AWS4-HMAC-SHA256 Credential=AKID/20300101/{}/{}/aws4_request, SignedHeaders=host, Signature=abc"


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    code: str
    message: str


def signing_names() -> list[str]:
    """Every name that some service signs with."""
    loader = Loader()
    names = loader.list_available_services("service-2")
    models = (ServiceModel(loader.load_service_model(name, "service-2"), name) for name in names)
    return sorted({str(model.signing_name) for model in models})


def protocols(model: ServiceModel) -> list[str]:
    every = model.metadata.get("protocols") or [model.metadata["protocol"]]
    return [str(each) for each in every]


def operations(model: ServiceModel) -> Iterator[OperationModel]:
    for name in model.operation_names:
        yield model.operation_model(name)


def ask(wire: Wire, operation: OperationModel, protocol: str, region: str) -> Refusal:
    """Send the least that the operation takes, and return the answer as botocore reads it."""
    response = wire.handle(request_of(operation, protocol, region))
    read = {
        "status_code": response.status,
        "headers": {name.lower(): value for name, value in response.headers.items()},
        "body": response.body,
    }
    parsed = create_parser(protocol).parse(read, operation.output_shape)
    error = parsed.get("Error", {})
    return Refusal(response.status, error.get("Code", ""), error.get("Message", ""))


def request_of(operation: OperationModel, protocol: str, region: str) -> Request:
    service = operation.service_model
    given = {} if operation.input_shape is None else least(operation.input_shape)
    made = create_serializer(protocol, include_validation=False).serialize_to_request(given, operation)
    url = urlsplit(made["url_path"])
    query = "&".join(
        part for part in (url.query, urlencode(made.get("query_string") or {}, doseq=True)) if part
    )
    headers = {str(name).lower(): str(value) for name, value in made["headers"].items()}
    headers |= {"host": "127.0.0.1", "authorization": SIGNED.format(region, service.signing_name)}
    body = made["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True)
        headers.setdefault("content-type", "application/x-www-form-urlencoded; charset=utf-8")
    if not isinstance(body, bytes):
        body = str(body or "").encode()
    return Request(made["method"], url.path, query, headers, body)


def least(shape: Shape, depth: int = 0) -> Any:
    """Return the smallest value of a shape: what is required, and nothing else."""
    match shape.type_name:
        case "structure":
            members = list(shape.required_members)
            if getattr(shape, "is_tagged_union", False) and not members:
                members = list(shape.members)[:1]
            if depth > 6:
                return {}
            return {name: least(shape.members[name], depth + 1) for name in members}
        case "list":
            return [least(shape.member, depth + 1)] if depth < 6 else []
        case "map":
            return {}
        case "integer" | "long":
            return 1
        case "float" | "double":
            return 1.0
        case "boolean":
            return True
        case "timestamp":
            return 1_900_000_000
        case "blob":
            return b"x"
    return str((shape.enum or ["x"])[0]) if hasattr(shape, "enum") else "x"


def walk(wire: Wire, signing: str, region: str) -> Iterator[tuple[str, Refusal | str]]:
    """Yield every operation of a signing name with its answer, or with who answers it."""
    service = wire.services.get((signing, region))
    main = service_model(signing)
    for model in namesakes(signing):
        for operation in operations(model):
            own = main is not None and main.service_name == model.service_name
            if own and service is not None and operation.name in service.operations:
                yield operation.name, "ours"
            elif passes(signing, operation.name):
                yield operation.name, FALLS_THROUGH[signing][operation.name]
            else:
                for protocol in protocols(model):
                    asked = ask(wire, operation, protocol, region)
                    yield operation.name, asked


def alike(signing: str) -> dict[str, set[str]]:
    """The operations whose requests are the same on the wire, as two versions of one API have them."""
    groups: dict[tuple[str, str], set[str]] = {}
    for model in namesakes(signing):
        for operation in operations(model):
            path = re.sub(r"\{[^}]*\}", "{}", operation.http.get("requestUri", "/")).rstrip("/")
            rest = str(model.metadata["protocol"]).startswith("rest-")
            groups.setdefault((operation.http["method"], path if rest else operation.name), set()).add(
                operation.name
            )
    found: dict[str, set[str]] = {}
    for group in groups.values():
        for name in group:
            found.setdefault(name, set()).update(group)
    return found


def counted(wire: Wire, signing: str, region: str) -> Counter[str]:
    """Count the operations by who answers; whatever is neither ours nor may pass is 501, and says so."""
    seen: Counter[str] = Counter()
    same = alike(signing)
    for name, answer in walk(wire, signing, region):
        if isinstance(answer, str):
            assert answer
            seen["ours" if answer == "ours" else "passes"] += 1
            continue
        assert (answer.status, answer.code) == (501, "UnknownOperationException"), (signing, name, answer)
        assert "The rehearsal does not play" in answer.message
        told = re.search(rf"\b{signing}:(?:\w+\.)?(\w+)", answer.message)
        assert told is not None, (signing, name, answer)
        assert told[1] in same[name], (signing, name, answer)
        seen["501"] += 1
    return seen
