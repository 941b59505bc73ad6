"""Synthetics canary: does the public DNS name lead to a Region that answers?

It tests name and routing together; which Region answered is in its result, not in its verdict.
Environment: BASE_URL (the public name), TIMEOUT_SECONDS (default 2).
"""

import http.client
import json
import os
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

Send = Callable[[str, str, bytes], tuple[int, bytes]]


class CheckFailed(Exception):  # noqa: N818
    """What the canary found. The message becomes the run's state reason."""


def check(send: Send, environment: Mapping[str, str]) -> str:
    """Return the Region that answered; raise `CheckFailed` where none did as it should.

    `send` takes method, path and body, gives status and body, and raises where no answer comes.
    """
    status, body = send("GET", "/health", b"")
    if status != 200:
        raise CheckFailed(f"GET /health at {environment['BASE_URL']} answered {status}")
    try:
        health = json.loads(body)
    except ValueError as exc:
        raise CheckFailed("GET /health answered something that is not JSON") from exc
    region = health.get("region") if isinstance(health, dict) else None
    if not isinstance(region, str) or not region:
        raise CheckFailed("GET /health did not say which Region answered")
    return region


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
