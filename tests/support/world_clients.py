"""The wire of a `World`: every call of a controller passes `trouble`, and what it changed is kept.

```
 client ─> fault: refused, hung, lost, late, died ─> handle ─> the cloud ─> sends, ledger
```
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from botocore import UNSIGNED
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.session import Session
from greenlet import getcurrent

from controller import wiring
from controller.core.journal.event import event_of
from controller.ports.runtime import Runtime
from controller.rehearsal.service import Request, Response, Scope
from controller.rehearsal.services.arc.data_plane import SERVICE
from controller.rehearsal.wire.direct_client import Fault, attach
from tests.support.world_faults import LATE, Died, Send, Sent, Written

if TYPE_CHECKING:
    from tests.support.world import World

SESSION = Session()
MOVES = ("UpdateRoutingControlState", "UpdateRoutingControlStates")


@cache
def _client(service: str, region: str, timeout: float, attempts: int, _home: str) -> BaseClient:
    """Kept from world to world, since making one takes longer than a run; each world attaches it anew."""
    retries = {"total_max_attempts": attempts, "mode": "standard"}
    config = Config(
        signature_version=UNSIGNED, parameter_validation=False, read_timeout=timeout, retries=retries,
        user_agent="tidegate-tests",
    )  # fmt: skip
    url = f"https://{service}.{region}.rehearsal.invalid"
    made = SESSION.create_client(service, region_name=region, endpoint_url=url, config=config)
    made._ruleset_resolver = None  # one address serves all calls
    return made


def clients(w: World, home: str, runtime: Runtime) -> wiring.Clients:
    cloud, troubled = w.stage.cloud, bool(home)

    def make(service: str, region: str, _url: str | None, config: Config) -> BaseClient:
        attempts = int(config.retries["total_max_attempts"])
        client = _client(service, region, config.read_timeout, attempts, home)
        now: dict[int, str | None] = {}

        def fault(service: str, region: str, endpoint: str, operation: str) -> Fault | None:
            faults = cloud.faults
            hung = faults.arc.get(endpoint) if service == SERVICE else faults.call(home, service, region)
            if not troubled or hung:
                return hung
            at = w.stage.kernel.now()
            sent = Sent(len(w.calls), home, at, frozenset(w.running), service, endpoint, operation)
            w.calls.append(sent)
            what = w.trouble(sent)
            if getcurrent() in w.handlers:
                if what == "died" or w.dying:
                    w.dying = False
                    raise Died
            elif what in ("died", "dies"):  # a leg beside the handler: the handler ends at its own next call
                w.dying, what = True, "refused" if what == "died" else "lost"
            now[id(getcurrent())] = what
            return what if what in ("refused", "hung", "lost") else None  # type: ignore[return-value]

        def handle(request: Request, endpoint: str = "", scope: Scope | None = None) -> Response:
            if troubled and any(name.removeprefix(f"{home} ").encode() in request.body for name in w.down):
                raise EndpointConnectionError(endpoint_url=endpoint)
            if cloud.faults.loses(home, request.body):
                raise EndpointConnectionError(endpoint_url=endpoint)
            if home and request.headers.get("x-amz-target", "").endswith(MOVES):
                w.sends.append(Send(w.stage.kernel.now(), home, request.body, len(w.ledger)))
            what = now.pop(id(getcurrent()), None)
            if what == "late":
                after = LATE[len(w.calls) % len(LATE)]
                w.stage.kernel.after(after, lambda: _land(w, request, endpoint, scope))
                raise ReadTimeoutError(endpoint_url=endpoint)
            answer = applied(w, request, endpoint, scope)
            if what == "dies":
                raise Died
            return answer

        attach(client, handle, runtime, latency=0.02, endpoint=region, fault=fault)
        return client

    return make


def applied(w: World, request: Request, endpoint: str, scope: Scope | None) -> Response:
    """Let a request take effect, and keep what the invariants are judged by."""
    cloud, now = w.stage.cloud, w.stage.kernel.now()
    target = request.headers.get("x-amz-target", "")
    answer = cloud.wire.handle(request, endpoint, scope)
    if target.endswith("PutItem") and b"tidegate-journal" in request.body:
        item = json.loads(request.body)["Item"]
        if item["application"]["S"] == "storefront":
            _keep(w, int(item["seq"]["N"]), now)
    return answer


def _keep(w: World, seq: int, now: float) -> None:
    """Keep event `seq` as it stands in the table after somebody tried to write it."""
    key = {"application": {"S": "storefront"}, "seq": {"N": str(seq)}}
    params = {"TableName": "tidegate-journal", "Key": key}
    found = w.stage.cloud.call("dynamodb", "GetItem", w.stage.cloud.plan.controller, params)["Item"]
    event = event_of(found["body"]["S"])
    if seq > len(w.ledger):
        w.ledger.append(Written(now, event))
    elif w.ledger[seq - 1].event.hash != event.hash:
        w.overwritten = seq


def _land(w: World, request: Request, endpoint: str, scope: Scope | None) -> None:
    applied(w, request, endpoint, scope)
