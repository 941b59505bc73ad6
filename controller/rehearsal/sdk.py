"""boto3's clients for a virtual rehearsal: botocore above, the wire below, no socket between."""

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any

from botocore import UNSIGNED
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.session import Session

from controller.ports.runtime import Runtime
from controller.rehearsal.caller import direct, plain
from controller.rehearsal.endpoint import Endpoint
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import Request, Response, Scope
from controller.rehearsal.services.arc.data_plane import SERVICE
from controller.rehearsal.transport import Fault, attach
from controller.rehearsal.wire import Wire

LATENCY = 0.02
"""Seconds of scenario time for a call and its answer."""


def virtual_clients(
    wire: Wire, runtime: Runtime, faults: Faults, home: str = ""
) -> Callable[[str, str, str | None, Config], BaseClient]:
    """Makes clients whose calls take virtual time and meet the faults that are on.

    home: the Region of the controller that calls; "": a person.
    """

    def fault(service: str, region: str, endpoint: str, operation: str) -> Fault | None:  # noqa: ARG001
        if service == SERVICE:
            return faults.arc.get(endpoint) or ("hung" if endpoint in faults.apis_dark else None)
        return faults.call(home, service, region)

    def handle(request: Request, endpoint: str = "", scope: Scope | None = None) -> Response:
        if faults.loses(home, request.body):
            raise EndpointConnectionError(endpoint_url=endpoint)
        return wire.handle(request, endpoint, scope)

    def make(service: str, region: str, _url: str | None, config: Config) -> BaseClient:
        client = _copy(service, region, config)
        attach(client, handle, runtime, latency=LATENCY, endpoint=region, fault=fault)
        return client

    return make


@cache
def _session() -> Session:
    """One session for all worlds: it keeps the service models, and no state of ours."""
    return Session()


_BUILT: dict[tuple[str, str, tuple[tuple[str, str], ...]], tuple[BaseClient, type[Any]]] = {}
"""With the class that its copies are of."""


def _copy(service: str, region: str, config: Config) -> BaseClient:
    """A client like one that was built before, with an endpoint of its own: building takes 8 ms."""
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
