"""The botocore clients of a virtual rehearsal: botocore above, the wire below.

There is no socket between. A call goes from arguments to answer without the parts that only a network or a
plug-in needs.

```
 client.query(…) ─ botocore's serializer ─> request dict ─> Endpoint ─> HTTP session (the wire)
                   └ no signing context, no hooks, no user agent, no checksums, no history
                                                 └ no signing, no prepared HTTP request, no retries
 answer, or error <─ botocore's parser <─ HTTP response
```

Serializers, parsers and error classes are botocore's own.
The short way is only for services into which botocore puts no hooks of its own; the others go botocore's
whole way. `Endpoint` is used where a client may try once only, since the real one sleeps between tries on
the machine's clock.
"""

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any
from urllib.parse import urlencode

from botocore import UNSIGNED
from botocore.awsrequest import prepare_request_dict
from botocore.client import BaseClient
from botocore.config import Config
from botocore.endpoint import Endpoint as Real
from botocore.endpoint import convert_to_response_dict
from botocore.exceptions import EndpointConnectionError
from botocore.handlers import BUILTIN_HANDLERS
from botocore.model import OperationModel
from botocore.paginate import PageIterator
from botocore.parsers import JSONParser, ResponseParser, create_parser
from botocore.session import Session

from controller.ports.runtime import Runtime
from controller.rehearsal.faults import Faults
from controller.rehearsal.memo import Remembered, spelt
from controller.rehearsal.service import Request, Response, Scope
from controller.rehearsal.services.arc.data_plane import SERVICE
from controller.rehearsal.wire.direct_client import Fault, Prepared, attach
from controller.rehearsal.wire.dispatch import Wire

HOOKS = ("provide-client-params", "before-parameter-build", "before-call", "after-call")
"""Events of a call at which botocore changes some services' requests and answers."""


def plain(client: BaseClient) -> bool:
    """Return True where a call of this client needs only serializer, endpoint and parser."""
    model = client.meta.service_model
    names = {_bare(name) for name in (model.service_id, model.service_name, model.endpoint_prefix)}
    events = (entry[0].split(".") for entry in BUILTIN_HANDLERS)
    hooked = any(event[0] in HOOKS and len(event) > 1 and _bare(event[1]) in names for event in events)
    return client._ruleset_resolver is None and not hooked


def _bare(name: str) -> str:
    """Return a service's name in one form: lower case, letters and digits only.

    botocore spells a service in several ways: Route 53, route53, route-53.
    """
    return "".join(letter for letter in name.lower() if letter.isalnum())


def direct(kind: type[Any]) -> type[Any]:
    """Return a client class like `kind`, whose calls go the short way."""
    operations: dict[str, str] = kind._PY_TO_OP_NAME
    methods = {name: _method(name, operation) for name, operation in operations.items()}
    return type(kind.__name__, (kind,), {**methods, "_make_api_call": _call, "get_paginator": _paginator})


def _method(name: str, operation: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **params: Any) -> Any:
        if args:
            raise TypeError(f"{name}() only accepts keyword arguments.")
        return self._make_api_call(operation, params)

    return call


def _call(self: Any, operation: str, params: dict[str, Any]) -> Any:
    model = self._service_model.operation_model(operation)
    if not _simple(model) or any(name not in params for name in model.idempotent_members):
        return BaseClient._make_api_call(self, operation, params)
    request = _serialized(self._serializer, params, model)
    request.pop("host_prefix", None)
    if request["query_string"]:
        prepare_request_dict(request, endpoint_url=self.meta.endpoint_url, context={})
    else:
        request["url"], request["context"] = self.meta.endpoint_url + request["url_path"], {}
    http, parsed = self._endpoint.make_request(model, request)
    if http.status_code >= 300:
        error: dict[str, Any] = parsed.get("Error", {})
        raise self.exceptions.from_code(error.get("Code"))(parsed, operation)
    return parsed


_REQUESTS = Remembered(512)
LARGE_CALL = 1024
"""Bytes of arguments above which a call is not cached.

Large calls do not repeat.
"""


def _serialized(serializer: Any, params: dict[str, Any], model: OperationModel) -> dict[str, Any]:
    text = spelt(params)
    if text is None or len(text) > LARGE_CALL:
        found: dict[str, Any] = serializer.serialize_to_request(params, model)
        return found
    return _REQUESTS.of((model, text), lambda: serializer.serialize_to_request(params, model))  # type: ignore[no-any-return]


@cache
def _simple(model: OperationModel) -> bool:
    """Return True where a request holds its arguments alone, and nothing is streamed.

    A token that makes it idempotent is one of them where the caller gives it; else botocore makes one up.
    """
    streams = model.has_streaming_input or model.has_streaming_output or model.has_event_stream_output
    return not (model.http_checksum or model.http_checksum_required or streams)


def _paginator(self: Any, operation: str) -> Any:
    """Return botocore's own paginator, made once for each client.

    To make one takes as long as a call.
    """
    made: dict[str, Any] = vars(self).setdefault("_made", {})
    if operation not in made:
        made[operation] = BaseClient.get_paginator(self, operation)
        made[operation].PAGE_ITERATOR_CLS = _Pages
    return made[operation]


class _Pages(PageIterator):  # type: ignore[misc]
    def _make_request(self, current_kwargs: dict[str, Any]) -> Any:
        return self._method(**current_kwargs)


@cache
def _parser(protocol: str) -> ResponseParser:
    """Return the parser of a protocol, one for all calls.

    It keeps nothing of the answers that it parses.
    """
    return create_parser(protocol)


_ANSWERS = Remembered(512)
LARGE_ANSWER = 4096
"""Bytes of a body above which an answer is not cached.

Large answers do not repeat.
"""


def _parsed(parser: ResponseParser, response: dict[str, Any], model: OperationModel) -> Any:
    """Return the parsed answer.

    A small JSON answer without error is parsed once for each body: that protocol keeps all of it in the body.
    """
    body, status, headers = response["body"], response["status_code"], response["headers"]
    if status >= 300 or len(body) > LARGE_ANSWER or not isinstance(parser, JSONParser):
        return parser.parse(response, model.output_shape)
    bare = {**response, "headers": {}}
    found = _ANSWERS.of((model, body), lambda: parser.parse(bare, model.output_shape))
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": dict(headers)}
    if "x-amzn-requestid" in headers:
        metadata["RequestId"] = headers["x-amzn-requestid"]
    found["ResponseMetadata"] = metadata
    return found


@cache
def _streams(model: OperationModel) -> bool:
    return bool(model.has_event_stream_output or model.has_streaming_output)


class Endpoint:
    """A stand-in for botocore's endpoint, in front of `http_session`."""

    def __init__(self, real: Real) -> None:
        self.host, self.http_session = real.host, real.http_session
        self._real = real

    def make_request(self, operation_model: Any, request_dict: dict[str, Any]) -> tuple[Any, Any]:
        """Send the request once; return the HTTP response and its parsed content.

        Raises the exceptions of the session.
        """
        body = request_dict["body"]
        if isinstance(body, dict):
            body = urlencode(body, doseq=True)
        request = Prepared(
            request_dict["method"],
            request_dict["url"],
            request_dict["headers"],
            body,
            request_dict["context"],
        )
        http = self.http_session.send(request)
        response = convert_to_response_dict(http, operation_model)
        parser = _parser(str(operation_model.service_model.resolved_protocol))
        if _streams(operation_model):
            parsed = parser.parse(response, operation_model.output_shape)
        else:
            parsed = _parsed(parser, response, operation_model)
        if http.status_code >= 300:
            self._real._add_modeled_error_fields(response, parsed, operation_model, parser)
        return http, parsed

    def close(self) -> None:
        self.http_session.close()


LATENCY = 0.02
"""Seconds of scenario time for a call and its answer."""


def virtual_clients(
    wire: Wire, runtime: Runtime, faults: Faults, home: str = ""
) -> Callable[..., BaseClient]:
    """Return a maker of clients whose calls take virtual time and meet active faults.

    home: the Region of the controller that calls, or "" for a person. The maker takes (service, Region, URL,
    config), and last what gives the keys of another account's session.
    """

    def fault(service: str, region: str, endpoint: str, operation: str) -> Fault | None:  # noqa: ARG001
        if service == SERVICE:
            return faults.arc.get(endpoint) or ("hung" if endpoint in faults.apis_dark else None)
        return faults.call(home, service, region)

    def handle(request: Request, endpoint: str = "", scope: Scope | None = None) -> Response:
        if faults.loses(home, request.body):
            raise EndpointConnectionError(endpoint_url=endpoint)
        return wire.handle(request, endpoint, scope)

    def make(
        service: str, region: str, _url: str | None, config: Config, keys: Callable[[], Any] | None = None
    ) -> BaseClient:
        client = _copy(service, region, config)
        token = None if keys is None else lambda: str(keys().token)
        attach(client, handle, runtime, latency=LATENCY, endpoint=region, fault=fault, token=token)
        return client

    return make


@cache
def _session() -> Session:
    """Return one session for all rehearsals in the process.

    It keeps the service models, and no state of ours.
    """
    return Session()


_BUILT: dict[tuple[str, str, tuple[tuple[str, str], ...]], tuple[BaseClient, type[Any]]] = {}
"""The clients that were built, each with the class of its copies."""


def _copy(service: str, region: str, config: Config) -> BaseClient:
    """Return a copy of a client that was built before, with its own endpoint.

    To build one takes 8 ms.
    """
    options = tuple(sorted((key, repr(value)) for key, value in vars(config).items()))
    once = (config.retries or {}).get("total_max_attempts") == 1 and service != "s3"
    found = _BUILT.get((service, region, options))
    if found is None:
        unsigned = Config(signature_version=UNSIGNED, parameter_validation=False, user_agent="tidegate")
        url = f"https://{service}.{region}.rehearsal.invalid"
        built = _session().create_client(
            service, region_name=region, endpoint_url=url, config=config.merge(unsigned)
        )
        if service != "s3":  # a bucket's name belongs in the address; elsewhere one address serves all calls
            built._ruleset_resolver = None
        kind = direct(type(built)) if once and plain(built) else type(built)
        found = _BUILT[service, region, options] = built, kind
    built, kind = found
    endpoint = Endpoint(built._endpoint) if once else copy(built._endpoint)
    client: BaseClient = object.__new__(kind)
    vars(client).update(vars(built), _endpoint=endpoint)
    return client
