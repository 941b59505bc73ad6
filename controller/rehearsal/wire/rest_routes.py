"""The operation of a REST request, by method, path, query and headers.

A request may fit several operations of a service: the one that asks for more is meant.

```
 GET /bucket/key            GetObject        GET /bucket/key?uploadId=u   ListParts: the query is required
 GET /bucket?list-type=2    ListObjectsV2    PUT with x-amz-copy-source   CopyObject: the header is required
```
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from botocore.model import OperationModel, ServiceModel

from controller.rehearsal.service import Request
from controller.rehearsal.wire.service_models import namesakes

LABEL = re.compile(r"\\\{([\w\\-]+?)(\\\+)?\\\}")


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one operation.

    query: parts of the query with their fixed values. asked, headers: what a request needs beside them.
    weight: grows with what the route demands.
    """

    operation: str
    protocol: str
    method: str
    pattern: re.Pattern[str]
    query: tuple[tuple[str, str], ...]
    asked: frozenset[str]
    headers: frozenset[str]
    weight: tuple[int, int, bool, int]

    def leads(self, method: str, path: str, query: Mapping[str, str]) -> bool:
        return (
            method == self.method
            and all(query.get(name) == value for name, value in self.query)
            and self.pattern.fullmatch(path) is not None
        )

    def satisfied(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        return self.asked <= query.keys() and self.headers <= headers.keys()


@lru_cache(maxsize=64)
def _routes(signing_name: str) -> tuple[Route, ...]:
    every = [route for model in namesakes(signing_name) for route in _of_service(model)]
    return tuple(sorted(every, key=lambda route: route.weight, reverse=True))


def _of_service(model: ServiceModel) -> Iterator[Route]:
    protocol = str(model.metadata.get("protocol"))
    if protocol.startswith("rest-"):
        for name in model.operation_names:
            yield _of_operation(model.operation_model(name), protocol)


def _of_operation(model: OperationModel, protocol: str) -> Route:
    path, _, fixed = model.http["requestUri"].partition("?")
    query = tuple(parse_qsl(fixed, keep_blank_values=True))
    asked, headers = _required(model)
    plain = re.escape(path.rstrip("/") or "/")
    pattern = LABEL.sub(lambda label: ".+" if label[2] else "(?:[^/]+|arn:.+)", plain)
    demands = len(query) + len(asked) + len(headers)
    literal = len(re.sub(r"\{[^}]*\}", "", path))
    # A fixed part of the query names a sub-resource, which no required parameter outweighs.
    weight = (len(query), demands, not model.deprecated, literal)
    return Route(
        model.name, protocol, model.http["method"], re.compile(pattern), query, asked, headers, weight
    )


def _required(model: OperationModel) -> tuple[frozenset[str], frozenset[str]]:
    shape = model.input_shape
    names: dict[str, set[str]] = {"querystring": set(), "header": set()}
    for member in () if shape is None else shape.required_members:
        how = shape.members[member].serialization
        if how.get("location") in names:
            name = str(how.get("name", member))
            names[how["location"]].add(name.lower() if how["location"] == "header" else name)
    return frozenset(names["querystring"]), frozenset(names["header"])


def rest_route(request: Request, signing_name: str) -> Route | None:
    """Return the route that a REST request takes; None where no known operation is meant.

    Where it lacks something for each of them, it is taken for the one that asks for the least.
    """
    path = request.path.rstrip("/") or "/"
    host, _, rest = request.headers.get("host", "").partition(".s3.")
    if signing_name == "s3" and rest:
        path = f"/{host}{path}".rstrip("/")
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    routes = [each for each in _routes(signing_name) if each.leads(request.method, path, query)]
    whole = (each for each in routes if each.satisfied(query, request.headers))
    return next(whole, min(routes, key=lambda each: each.weight, default=None))
