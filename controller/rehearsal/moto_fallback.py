"""The moto fallback behind the rehearsed services: it answers all other calls.

It answers for SNS, KMS, S3, STS, Secrets Manager and others. Its WSGI application is called in this
process, without a socket. It is imported on the first call, so a rehearsal without such calls does not
pay for the import. moto keeps its state in the process: two `MotoFallback` share it.
"""

import logging
import threading
from io import BytesIO
from typing import Any
from urllib.parse import quote

from controller.rehearsal.service import AwsError, Request, Response

_LOG = logging.getLogger(__name__)


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
