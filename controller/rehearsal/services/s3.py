"""The S3 of the rehearsal: a standby's switch, and the audit's bucket.

The switch needs small objects, conditional writes, and health checks on the objects. moto has these too, but
keeps them in the process: two rehearsals would share their switches.

The audit's bucket, with Object Lock, is moto's. It is made when it is first asked for, so that a rehearsal
that exports nothing does not wait for moto. Its clock is the machine's, not the rehearsal's.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import escape

from controller.rehearsal.faults import Faults
from controller.rehearsal.service import ACCOUNT, Request, Response
from controller.rehearsal.time.kernel import Kernel

Handle = Callable[[Request], Response]
Watcher = Callable[[float, str, bool], None]
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Objects:
    """The buckets of the switches, and the health checks on their objects.

    watched: control -> (Region, bucket, key). A control is Off while its object is there.
    A bucket whose Region is dark answers no health check either; an inverted check takes that for healthy.
    """

    def __init__(self, kernel: Kernel, faults: Faults, watched: Mapping[str, tuple[str, str, str]]) -> None:
        self._kernel, self._faults, self._watched = kernel, faults, dict(watched)
        self._controls = {(bucket, key): name for name, (_, bucket, key) in watched.items()}
        self._stored: dict[str, dict[str, bytes]] = {bucket: {} for _, bucket, _ in watched.values()}
        self._watchers: list[Watcher] = []

    def before(self, elsewhere: Handle) -> Handle:
        """Return a handler that answers the requests to one of the buckets.

        elsewhere: answers all other requests.
        """

        def handle(request: Request) -> Response:
            bucket, key = _address(request)
            if bucket not in self._stored:
                return elsewhere(request)
            with self._kernel.lock:
                return self._answer(request, bucket, key)

        return handle

    def is_on(self, control: str) -> bool:
        """Return True where the control's health check is healthy.

        A control without an object has no check and is always On.
        """
        if control not in self._watched:
            return True
        region, bucket, key = self._watched[control]
        return region in self._faults.apis_dark or key not in self._stored[bucket]

    def status(self, control: str) -> int | None:
        """Return the HTTP status that a health checker gets for a control's object; None: no answer."""
        region, bucket, key = self._watched[control]
        if region in self._faults.apis_dark:
            return None
        return 200 if key in self._stored[bucket] else 404

    def observe(self, watcher: Watcher) -> None:
        """Call `watcher(at, control, on)` at each real change, with the kernel's lock held."""
        self._watchers.append(watcher)

    def dump(self) -> dict[str, Any]:
        return {bucket: {k: body.hex() for k, body in held.items()} for bucket, held in self._stored.items()}

    def restore(self, dumped: Mapping[str, Any]) -> None:
        for bucket in self._stored:
            kept = dumped.get(bucket, {})
            self._stored[bucket] = {key: bytes.fromhex(body) for key, body in kept.items()}

    def _answer(self, request: Request, bucket: str, key: str) -> Response:
        held = self._stored[bucket]
        match request.method:
            case "GET" if not key:
                return _answered(200, _listed(bucket, held))
            case "PUT" if request.headers.get("if-none-match") == "*" and key in held:
                return _refused(412, "PreconditionFailed")
            case "PUT" if key:
                fresh = key not in held
                held[key] = request.body
                self._tell(bucket, key, on=False, news=fresh)
                return Response(200, {"ETag": _tag(request.body)}, b"")
            case _ if key not in held:
                absent = request.method == "DELETE" and "if-match" not in request.headers
                return Response(204, {}, b"") if absent else _refused(404, "NoSuchKey")
            case "DELETE":
                if request.headers.get("if-match", _tag(held[key])).strip('"') != _tag(held[key]).strip('"'):
                    return _refused(412, "PreconditionFailed")
                del held[key]
                self._tell(bucket, key, on=True, news=True)
                return Response(204, {}, b"")
            case _:
                return Response(200, {"ETag": _tag(held[key])}, held[key])

    def _tell(self, bucket: str, key: str, *, on: bool, news: bool) -> None:
        control = self._controls.get((bucket, key))
        for watcher in self._watchers if news and control is not None else ():
            watcher(self._kernel.now(), str(control), on)


def _address(request: Request) -> tuple[str, str]:
    """Return bucket and key of a request.

    Where the host names the bucket, the path is the key; otherwise the path holds both.
    """
    host, _, rest = request.headers.get("host", "").partition(".s3.")
    if rest:
        return host, request.path.lstrip("/")
    bucket, _, key = request.path.lstrip("/").partition("/")
    return bucket, key


def _tag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _listed(bucket: str, held: Mapping[str, bytes]) -> str:
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><ETag>{escape(_tag(body))}</ETag><Size>{len(body)}</Size></Contents>"
        for key, body in sorted(held.items())
    )
    return (
        f"<ListBucketResult><Name>{escape(bucket)}</Name><KeyCount>{len(held)}</KeyCount>"
        f"<IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
    )


def _refused(status: int, code: str) -> Response:
    return _answered(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>")


def _answered(status: int, xml: str) -> Response:
    return Response(status, {"Content-Type": "application/xml"}, (_XML + xml).encode())


DAYS = 3650
NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def audit_bucket(region: str) -> str:
    return f"tidegate-audit-{region}-{ACCOUNT}"


def locked(region: str, elsewhere: Handle) -> Handle:
    """Return a handler that creates the audit's bucket before the first request to it.

    elsewhere: answers every request, also those that create the bucket.
    """
    name, made = audit_bucket(region), False

    def handle(request: Request) -> Response:
        nonlocal made
        addressed = request.path.lstrip("/").partition("/")[0] == name
        if not made and (addressed or request.headers.get("host", "").startswith(f"{name}.")):
            # The fallback runs without the kernel's lock: meanwhile another thread's request can reach moto
            # before the bucket is there.
            made = True
            for query, headers, body in _creation(region):
                signed = {"host": "127.0.0.1", "authorization": _scope(region), **headers}
                elsewhere(Request("PUT", f"/{name}", query, signed, body.encode()))
        return elsewhere(request)

    return handle


def _creation(region: str) -> tuple[tuple[str, dict[str, str], str], ...]:
    """Return query, headers and body of each request that creates the bucket.

    They are as `infra/keys.py` declares the bucket.
    """
    place = f"<LocationConstraint>{region}</LocationConstraint>"
    rule = f"<DefaultRetention><Mode>COMPLIANCE</Mode><Days>{DAYS}</Days></DefaultRetention>"
    return (
        ("", {"x-amz-bucket-object-lock-enabled": "true"}, f"<CreateBucketConfiguration {NS}>{place}"
         "</CreateBucketConfiguration>"),
        ("object-lock", {}, f"<ObjectLockConfiguration {NS}><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
         f"<Rule>{rule}</Rule></ObjectLockConfiguration>"),
    )  # fmt: skip


def _scope(region: str) -> str:
    """Return an authorization header; moto reads only the service from it."""
    return (
        f"AWS4-HMAC-SHA256 Credential=rehearsal/20300101/{region}/s3/aws4_request, SignedHeaders=host, "
        "Signature=0"
    )
