"""The moto fallback behind the rehearsed services, and the list of what may reach it, each with its reason.

moto keeps a world of its own, in which nothing of the rehearsal stands: an empty list from it looks like an
answer. So whatever is neither ours nor on the list gets HTTP 501 from the wire.

moto's WSGI application is called in this process, without a socket. It is imported on the first call, so a
rehearsal without such calls does not pay for the import. moto keeps its state in the process: two
`MotoFallback` share it.
"""

import logging
import threading
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import quote

from controller.rehearsal.service import AwsError, Request, Response

_LOG = logging.getLogger(__name__)

OBJECT = "the objects of a standby's switch are ours, those in the audit's bucket are moto's"
RECORDS = "the zone of the rehearsal is ours; of another zone moto says rightly that there is none"

FALLS_THROUGH: Mapping[str, Mapping[str, str]] = {
    "s3": {
        "PutObject": f"`tidegate audit export` keeps a bundle, and the standby switches; {OBJECT}",
        "HeadObject": "`tidegate audit export` looks whether the bundle is locked",
        "GetObject": "an operator reads a bundle back: `aws s3 cp`",
        "ListObjectsV2": f"the standby reads its switch, an operator lists bundles: `aws s3 ls`; {OBJECT}",
        "DeleteObject": f"the standby switches back, and an operator sees that a bundle is locked; {OBJECT}",
    },
    "route53": {
        "GetHostedZone": f"`tidegate doctor` reads the zone; {RECORDS}",
        "ListResourceRecordSets": f"`tidegate doctor` reads the records; {RECORDS}",
        "ListHealthChecks": "`tidegate doctor` and `tidegate init` read the health checks; they are ours",
        "GetHealthCheckStatus": "`tidegate doctor` reads what checkers see of the objects; it is ours",
        "GetCheckerIpRanges": "`tidegate doctor` reads from where checkers look; it is ours",
    },
    "sts": {
        "GetCallerIdentity": "`aws sts get-caller-identity` says in which account the rehearsal plays",
    },
}
"""Signing name -> operation -> the reason why it may pass."""


def passes(service: str, operation: str) -> bool:
    return operation in FALLS_THROUGH.get(service, {})


class MotoFallback:
    """A fallback for `Wire`; it answers one request at a time."""

    def __init__(self) -> None:
        self._application: Any = None
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        """Return the answer of moto.

        Raises `AwsError` (HTTP 501) for an operation or a service that moto does not have.
        """
        with self._lock:
            if self._application is None:
                self._application = _application()
            try:
                environ = _environ(request)
                if not _known(self._application, environ):
                    raise _unknown()
                return _run(self._application, environ)
            except AwsError:
                raise
            except Exception as error:  # moto raises anything for what it does not know
                _LOG.info("moto cannot answer: %s", type(error).__name__)
                raise _unknown() from error

    def reset(self) -> None:
        """Delete all state that moto keeps in this process."""
        with self._lock:
            if self._application is not None:
                from moto.moto_api._internal.models import moto_api_backend

                moto_api_backend.reset()


def _application() -> Any:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def _unknown() -> AwsError:
    return AwsError("UnknownOperationException", "This rehearsal does not answer that operation", 501)


def _known(application: Any, environ: dict[str, Any]) -> bool:
    """Return True where moto has the service.

    Without this check moto prints to standard output for a service that it does not have.
    """
    from moto.backends import list_of_moto_modules

    host = application.infer_service_region_host(environ, environ["PATH_INFO"])
    if host is None or host in list_of_moto_modules():
        return True
    return any(pattern.match(f"http://{host}") for _, pattern in application.backend_url_patterns)


def _run(application: Any, environ: dict[str, Any]) -> Response:
    status: list[int] = []
    headers: dict[str, str] = {}

    def start(line: str, fields: list[tuple[str, str]], _trace: object = None) -> None:
        status[:] = [int(line.split(" ", 1)[0])]
        headers.update(fields)

    chunks = application(environ, start)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return Response(status[0], headers, body)


def _environ(request: Request) -> dict[str, Any]:
    address = request.headers.get("host", "127.0.0.1")
    host, _, port = address.partition(":")
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": quote(request.path, errors="surrogateescape")
        + (f"?{request.query}" if request.query else ""),
        "SERVER_NAME": host,
        "SERVER_PORT": port or "80",
        "HTTP_HOST": address,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if name not in ("content-length", "content-type"):
            environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ
