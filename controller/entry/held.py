"""A rehearsed controller's clients on loopback: they stand still with their Region and meet its faults."""

import time
from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError

from controller import wiring
from controller.rehearsal.faults import Faults

LOOK = 0.05
"""Real seconds between looks whether a frozen Region goes on."""


def held(faults: Faults, home: str) -> wiring.Clients:
    """Clients of the controller in `home`: a frozen one's calls wait until it thaws, a dead one's fail."""
    make = wiring.boto3_clients()

    def client(service: str, region: str, endpoint_url: str | None, config: Config) -> BaseClient:
        made = make(service, region, endpoint_url, config)
        made.meta.events.register("before-send", _before_send(faults, home, service, region))
        return made

    return client


def _before_send(faults: Faults, home: str, service: str, region: str) -> Callable[..., None]:
    name = "monitoring" if service == "cloudwatch" else service

    def before_send(request: Any, **_: Any) -> None:
        while home in faults.controllers_frozen:
            time.sleep(LOOK)
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        unheard = name != "route53-recovery-cluster" and faults.call(home, name, region) is not None
        if home in faults.controllers_dead or unheard or (name == "dynamodb" and faults.loses(home, body)):
            raise ConnectTimeoutError(endpoint_url=request.url)

    return before_send
