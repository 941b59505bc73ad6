"""The heartbeat to a third party that pages people when it stops.

```
 tick, all well ─> secret, in this Region ─> the deployment's host ─> its silence pages people
                   address by HTTPS, or      no other host, no redirect, four seconds
                   PagerDuty's routing key   with the secret's two
```
Address and key are bearer secrets: whoever has one can keep a dead controller looking alive. They are in no
log, error or `repr`; what a library says of a failure may quote them, so only its class is told.
AWS: Secrets Manager API Reference, GetSecretValue. PagerDuty: Events API v2, event_action "trigger".
"""

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Literal
from urllib.parse import urlsplit

from botocore.client import BaseClient
from botocore.httpsession import DEFAULT_CA_BUNDLE

from controller.aws.errors import OUTSIDE, code
from controller.core.canonical_json import ascii_json
from controller.ports.errors import OutsideUnreachable
from controller.ports.runtime import Runtime

PERMISSIONS: tuple[str, ...] = ("secretsmanager:GetSecretValue",)
KEPT = 300.0
"""Seconds for which a secret that was read is used: another one is obeyed within these."""
PATIENCE = 2.0
AGAIN = 150.0
"""Seconds until a secret that could not be read is asked for again, where the one of before is used.

More than two ticks: a Secrets Manager that hangs costs its two seconds in every third.
"""
LONGEST = 2000
REHEARSED = "127.0.0.1:"
ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")
Kind = Literal["https", "pagerduty"]


@dataclass(frozen=True, slots=True)
class Post:
    """One request. It has the secret in it."""

    method: str
    path: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


class OutsideHeartbeat:
    """`ports.outside.Heartbeat` by HTTPS.

    secrets: makes a client of Secrets Manager in the controller's own Region, when it is needed.
    host: the only one that is called. source: "APPLICATION/REGION", as PagerDuty shows it.
    """

    def __init__(
        self,
        *,
        secrets: Callable[[], BaseClient],
        secret: str,
        kind: Kind,
        host: str,
        source: str,
        runtime: Runtime,
        timeout: float = PATIENCE,
    ) -> None:
        self._secrets, self._secret, self._kind, self._host = secrets, secret, kind, host
        self._source, self._runtime, self._timeout = source, runtime, timeout
        self._client: Any = None
        self._kept, self._until, self._doubt = "", 0.0, ""

    def beat(self) -> str:
        """Send one beat, as `ports.outside.Heartbeat.beat` says."""
        value, doubt = self._value()
        post = self._pagerduty(value) if self._kind == "pagerduty" else self._address(value)
        if post is None:
            what = "PagerDuty's routing key" if self._kind == "pagerduty" else f"an address of {self._host}"
            self._until = 0.0  # whoever mends it is heard at once
            raise OutsideUnreachable(f"the secret {self._secret} is not {what}")
        task = self._runtime.spawn(partial(_answered, self._host, post, self._timeout))
        self._runtime.wait([task], self._timeout)
        if not task.done():
            raise OutsideUnreachable(f"{self._host} did not answer in {self._timeout:g} s")
        status, failure = task.result()
        if failure or not 200 <= status < 300:
            if 400 <= status < 500:
                self._until = 0.0  # perhaps the secret was changed
            raise OutsideUnreachable(f"{self._host} {failure or f'answered {status}'}")
        return doubt

    def _value(self) -> tuple[str, str]:
        """Return the secret, and "" or why it is the one of before."""
        now = self._runtime.monotonic()
        if self._kept and now < self._until:
            return self._kept, self._doubt
        found, failure = "", "is not a text"
        try:
            self._client = self._client or self._secrets()
            found = str(self._client.get_secret_value(SecretId=self._secret).get("SecretString") or "")
        except OUTSIDE as error:
            failure = f"cannot be read: {code(error)}"
        if found:
            self._kept, self._until, self._doubt = found.strip(), now + KEPT, ""
            return self._kept, ""
        told = f"the secret {self._secret} {failure}"
        if not self._kept:
            raise OutsideUnreachable(told)
        self._until, self._doubt = now + AGAIN, f"{told}; the one of before is used"
        return self._kept, self._doubt

    def _address(self, value: str) -> Post | None:
        """Return the request to an address.

        Return None for one that is not https, or of another host.
        """
        scheme = "http" if self._host.startswith(REHEARSED) else "https"
        if len(value) > LONGEST or not value.isascii() or not value.isprintable() or " " in value:
            return None
        try:
            parts = urlsplit(value)
        except ValueError:
            return None
        if (parts.scheme, parts.netloc, parts.fragment) != (scheme, self._host, "") or "\\" in value:
            return None
        return Post("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))

    def _pagerduty(self, value: str) -> Post | None:
        """Return an alert that PagerDuty holds back, and drops when the next one comes."""
        if not ROUTING_KEY.fullmatch(value):
            return None
        event = {
            "routing_key": value,
            "event_action": "trigger",
            "dedup_key": f"{self._source}/{int(self._runtime.now())}",
            "payload": {
                "summary": f"tidegate: no heartbeat of {self._source} since this one",
                "source": self._source,
                "severity": "critical",
                "class": "heartbeat",
            },
        }
        return Post("POST", "/v2/enqueue", ascii_json(event).encode())


def _answered(host: str, post: Post, timeout: float) -> tuple[int, str]:
    """Return the status of the answer, and "" or why there is none.

    Nothing is followed, and no body is read.
    """
    plain = host.startswith(REHEARSED)
    try:
        connection = (
            HTTPConnection(host, timeout=timeout)
            if plain
            else HTTPSConnection(host, timeout=timeout, context=_trusted())
        )
        try:
            sort = {"Content-Type": "application/json"} if post.body else {}
            connection.request(post.method, post.path, post.body, {"User-Agent": "tidegate"} | sort)
            return connection.getresponse().status, ""
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as error:
        return 0, f"did not answer: {type(error).__name__}"


@cache
def _trusted() -> ssl.SSLContext:
    """Return what the calls to AWS trust too.

    It lies in the package, whatever the function's image has.
    """
    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE)
