"""A botocore client's way from arguments to answer, without what only a network or a plug-in needs.

```
 client.query(…) ─ botocore's serializer ─> request dict ─> endpoint ─> botocore's parser ─> answer, or error
                   └ no signing context, no hooks, no user agent, no checksums, no history
```

Only for services that botocore hooks nothing of their own into; the others go botocore's whole way.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.awsrequest import prepare_request_dict
from botocore.client import BaseClient
from botocore.handlers import BUILTIN_HANDLERS
from botocore.model import OperationModel
from botocore.paginate import PageIterator

from controller.rehearsal.memo import Remembered, spelt

HOOKS = ("provide-client-params", "before-parameter-build", "before-call", "after-call")
"""Events of a call at which botocore changes some services' requests and answers."""


def plain(client: BaseClient) -> bool:
    """Whether a call of this client is serializer, endpoint and parser, and nothing else."""
    model = client.meta.service_model
    names = {_bare(name) for name in (model.service_id, model.service_name, model.endpoint_prefix)}
    events = (entry[0].split(".") for entry in BUILTIN_HANDLERS)
    hooked = any(event[0] in HOOKS and len(event) > 1 and _bare(event[1]) in names for event in events)
    return client._ruleset_resolver is None and not hooked


def _bare(name: str) -> str:
    """botocore spells a service in several ways: Route 53, route53, route-53."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def direct(kind: type[Any]) -> type[Any]:
    """A client class like `kind`, whose calls go the short way."""
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
    if not _simple(model):
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
"""Bytes of arguments beyond which no call is like one before."""


def _serialized(serializer: Any, params: dict[str, Any], model: OperationModel) -> dict[str, Any]:
    text = spelt(params)
    if text is None or len(text) > LARGE_CALL:
        found: dict[str, Any] = serializer.serialize_to_request(params, model)
        return found
    return _REQUESTS.of((model, text), lambda: serializer.serialize_to_request(params, model))  # type: ignore[no-any-return]


@cache
def _simple(model: OperationModel) -> bool:
    """Whether nothing is put into a request, or streamed, that its arguments do not say."""
    streams = model.has_streaming_input or model.has_streaming_output or model.has_event_stream_output
    return not (model.idempotent_members or model.http_checksum or model.http_checksum_required or streams)


def _paginator(self: Any, operation: str) -> Any:
    """botocore's own, made once a client: making one takes as long as a call."""
    made: dict[str, Any] = vars(self).setdefault("_made", {})
    if operation not in made:
        made[operation] = BaseClient.get_paginator(self, operation)
        made[operation].PAGE_ITERATOR_CLS = _Pages
    return made[operation]


class _Pages(PageIterator):  # type: ignore[misc]
    def _make_request(self, current_kwargs: dict[str, Any]) -> Any:
        return self._method(**current_kwargs)
