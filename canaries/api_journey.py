"""Synthetics canary: can a customer buy something at one Regional endpoint?

```
 8 times on one connection:  GET /catalog -> POST /cart -> POST /checkout -> GET /orders/{id}
```

One request in five that fails is enough for customers to leave, and too little for a single probe to
see; thirty-two requests see it every time. A run ends at the first failure.

Environment: BASE_URL (the Regional endpoint), ROUNDS (default 8), TIMEOUT_SECONDS for each request
(default 2).
"""

import http.client
import json
import os
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlsplit

Send = Callable[[str, str, bytes], tuple[int, bytes]]


class CheckFailed(Exception):  # noqa: N818
    """What the canary found. The message becomes the run's state reason."""


def check(send: Send, environment: Mapping[str, str]) -> str:
    """Raise `CheckFailed` at the first step of a journey that does not work.

    `send` takes method, path and body, gives status and body, and raises where no answer comes.
    """
    rounds = int(environment.get("ROUNDS", "8"))
    for number in range(rounds):
        items = _ask(send, "GET", "/catalog", None, 200).get("items")
        if not isinstance(items, dict) or not items:
            raise CheckFailed("GET /catalog shows nothing to buy")
        choice = {"items": [sorted(items)[number % len(items)]]}
        _ask(send, "POST", "/cart", choice, 200)
        bought = _ask(send, "POST", "/checkout", choice, 201)
        order = str(bought.get("order"))
        kept = _ask(send, "GET", f"/orders/{quote(order, safe='')}", None, 200)
        if (kept.get("order"), kept.get("items")) != (order, choice["items"]):
            raise CheckFailed("the order that was read back is not the one that was placed")
    return f"{rounds} journeys"


def _ask(send: Send, method: str, path: str, content: object, expected: int) -> dict[str, Any]:
    status, body = send(method, path, b"" if content is None else json.dumps(content).encode())
    step = f"{method} /{path.split('/')[1]}"
    if status != expected:
        raise CheckFailed(f"{step} answered {status}, expected {expected}")
    try:
        answer = json.loads(body)
    except ValueError as exc:
        raise CheckFailed(f"{step} answered something that is not JSON") from exc
    if not isinstance(answer, dict):
        raise CheckFailed(f"{step} answered something that is not an object")
    return answer


def handler(event: Any, context: Any) -> str:  # noqa: ARG001 - Lambda's signature
    with closing(_connect(os.environ)) as connection:

        def send(method: str, path: str, body: bytes) -> tuple[int, bytes]:
            connection.request(method, path, body=body or None)
            answer = connection.getresponse()
            return answer.status, answer.read(65_536)

        return check(send, os.environ)


def _connect(environment: Mapping[str, str]) -> http.client.HTTPConnection:
    base, timeout = urlsplit(environment["BASE_URL"]), float(environment.get("TIMEOUT_SECONDS", "2"))
    kind = http.client.HTTPSConnection if base.scheme == "https" else http.client.HTTPConnection
    return kind(base.hostname or "", base.port, timeout=timeout)
