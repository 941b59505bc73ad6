"""The calls between a controller's clients and the cloud.

Every call is seen, and meets the weather.
```
 client ─> Stormy: dead? weather? ─> Direct (the rehearsal's own way and faults) ─> Tap ─> Wire
             │ late: goes on alone, the client has given up                          └ told of what landed
```
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from controller.lab.simulate.world.processes import Died, Machines, die_if_dead, running
from controller.lab.simulate.world.weather import CallRule, DeathRule, Sent, Weather
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import Request, Response, Scope
from controller.rehearsal.time.kernel import Kernel
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.rehearsal.wire.direct_client import Answer, Direct, Received, Sendable, on_the_wire
from controller.rehearsal.wire.dispatch import Wire

Landed = Callable[[str, Request, Response, Scope | None], None]
"""Receives each request that reached the cloud.

It gets the home that sent the request, and the answer that was made.
"""
Clients = Callable[[str, str, str | None, Config], BaseClient]


@dataclass
class Tap:
    """The wire as the controller in `home` reaches it."""

    wire: Wire
    home: str
    landed: Landed

    def handle(self, request: Request, endpoint: str = "", scope: Scope | None = None) -> Response:
        response = self.wire.handle(request, endpoint, scope)
        self.landed(self.home, request, response, scope)
        return response


@dataclass
class Stormy:
    """An HTTP session, as botocore calls it, around the rehearsal's own.

    kernel: the world's; what is under way arrives although its sender's Region stands still.
    """

    inner: Direct
    kernel: Kernel
    home: str
    runtime: Machines
    weather: Weather
    leaving: Callable[[Sent], None]

    def send(self, request: Sendable) -> Received:
        die_if_dead()
        process = running()
        scope = self.inner.scope
        message, operation = on_the_wire(request)
        call = Sent(self.home, scope.service, scope.region, operation, message.body, person=process is None)
        doom = self.weather.doom(call)
        if doom is not None:
            return self._last(doom, call, request)
        rule = self.weather.fate(call)
        if rule is not None and rule.fate == "dies" and process is not None:
            process.dead = True
            raise Died
        if rule is None or rule.fate not in ("refused", "throttled", "denied"):
            self.leaving(call)
        answer = self.inner.send(request) if rule is None else self._through(rule, request)
        if rule is not None and rule.fate == "dies-after" and process is not None:
            process.dead = True
        die_if_dead()
        return answer

    def _through(self, rule: CallRule, request: Sendable) -> Received:
        patience, started = self.inner.read_timeout, self.runtime.monotonic()
        match rule.fate:
            case "refused":
                raise EndpointConnectionError(endpoint_url=request.url, error="refused by the weather")
            case "throttled":
                return _said_no("ThrottlingException", "Rate exceeded", 400)
            case "denied":
                return _said_no("AccessDeniedException", "not authorized to perform this", 403)
            case "lost":
                self.inner.send(request)
            case "slow" if rule.delay < patience:
                self.runtime.sleep(rule.delay)
                return self.inner.send(request)
            case "slow":
                self.kernel.after(rule.delay, lambda: self.inner.land(request))
            case "hung":
                pass
            case _:
                return self.inner.send(request)
        self.runtime.sleep(max(0.0, patience - (self.runtime.monotonic() - started)))
        raise ReadTimeoutError(endpoint_url=request.url, error=f"{rule.fate} by the weather")

    def _last(self, doom: DeathRule, call: Sent, request: Sendable) -> Received:
        """Send the call around which its sender dies."""
        if doom.moment == "before":
            doom.kill()
            die_if_dead()
        self.leaving(call)
        if doom.moment == "sent":
            self.kernel.after(doom.late, lambda: self.inner.land(request))
            doom.kill()
            die_if_dead()
        if doom.moment == "applied":  # between landing and reply
            self.kernel.after(self.inner.latency * 0.75, doom.kill)
        answer = self.inner.send(request)
        if doom.moment == "replied":
            doom.kill()
        die_if_dead()
        return answer

    def close(self) -> None:
        """Do nothing: nothing is open."""


def stormy_clients(
    wire: Wire,
    faults: Faults,
    *,
    kernel: Kernel,
    home: str,
    runtime: Machines,
    weather: Weather,
    landed: Landed,
    leaving: Callable[[Sent], None],
) -> Clients:
    """Return the maker of the clients of the controller in `home`."""
    tap = cast(Wire, Tap(wire, home, landed))
    make = virtual_clients(tap, runtime, faults, home=home)

    def build(service: str, region: str, url: str | None, config: Config) -> BaseClient:
        client = make(service, region, url, config)
        endpoint: Any = client._endpoint
        endpoint.http_session = Stormy(endpoint.http_session, kernel, home, runtime, weather, leaving)
        return client

    return build


def _said_no(code: str, message: str, status: int) -> Received:
    body = json.dumps({"__type": code, "message": message}).encode()
    return Answer(status, {"content-type": "application/x-amz-json-1.0", "x-amzn-errortype": code}, body)
