"""Synthetics canary: is an order that one Region takes there in the other?

```
 POST /checkout at BASE_URL ──> replication ──> GET /orders/{id} at OTHER_URL, until it is there
```
Environment: BASE_URL, OTHER_URL (two Regional endpoints), ITEM (to buy; default: the catalog's first),
PATIENCE_SECONDS (how long replication may take, default 20), TIMEOUT_SECONDS for each request (default 2).
"""

import http.client
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlsplit

Send = Callable[[str, str, bytes], tuple[int, bytes]]
PAUSE = 1.0


class CheckFailed(Exception):  # noqa: N818
    """What the canary found. The message becomes the run's state reason."""


def check(here: Send, there: Send, environment: Mapping[str, str], pause: Callable[[float], None]) -> str:
    """Return after how many looks it was there; raise `CheckFailed` where it does not come.

    `here` and `there` take method, path and body, give status and body, and raise where no answer comes.
    """
    item = (
        environment.get("ITEM") or sorted(_ask(here, "GET", "/catalog", None, 200).get("items", {"": 0}))[0]
    )
    order = str(_ask(here, "POST", "/checkout", {"items": [item]}, 201).get("order"))
    looks = int(float(environment.get("PATIENCE_SECONDS", "20")) / PAUSE)
    for look in range(1, looks + 1):
        status, body = there("GET", f"/orders/{quote(order, safe='')}", b"")
        if status == 200:
            if json.loads(body).get("order") != order:
                raise CheckFailed("the other Region answered with another order")
            return f"there after {look} looks"
        if status != 404:
            raise CheckFailed(f"GET /orders in the other Region answered {status}")
        pause(PAUSE)
    raise CheckFailed(f"an order was not in the other Region after {looks * PAUSE:.0f} s")


def _ask(send: Send, method: str, path: str, content: object, expected: int) -> dict[str, Any]:
    status, body = send(method, path, b"" if content is None else json.dumps(content).encode())
    if status != expected:
        raise CheckFailed(f"{method} {path} answered {status}, expected {expected}")
    try:
        answer = json.loads(body)
    except ValueError as exc:
        raise CheckFailed(f"{method} {path} answered something that is not JSON") from exc
    if not isinstance(answer, dict):
        raise CheckFailed(f"{method} {path} answered something that is not an object")
    return answer


def handler(event: Any, context: Any) -> str:  # noqa: ARG001 - Lambda's signature
    environment = os.environ
    with (
        closing(_connect(environment["BASE_URL"], environment)) as first,
        closing(_connect(environment["OTHER_URL"], environment)) as second,
    ):
        return check(_sender(first), _sender(second), environment, time.sleep)


def _sender(connection: http.client.HTTPConnection) -> Send:
    def send(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        connection.request(method, path, body=body or None)
        answer = connection.getresponse()
        return answer.status, answer.read(65_536)

    return send


def _connect(url: str, environment: Mapping[str, str]) -> http.client.HTTPConnection:
    base, timeout = urlsplit(url), float(environment.get("TIMEOUT_SECONDS", "2"))
    kind = http.client.HTTPSConnection if base.scheme == "https" else http.client.HTTPConnection
    return kind(base.hostname or "", base.port, timeout=timeout)
