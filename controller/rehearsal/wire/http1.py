"""The HTTP/1.1 of a connection: as much as AWS's SDKs speak, without a framework.

It is strict about the rest. `http.server` spends 0.2 ms a request on headers; the whole call has a
millisecond.
"""

from http import HTTPStatus
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote

from controller.rehearsal.service import Request, Response

_MAX_LINE = 16 * 1024
_MAX_HEADERS = 200
MAX_BODY = 64 * 1024 * 1024
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class BadRequest(Exception):  # noqa: N818
    """The input is not HTTP, or is too large; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Received(NamedTuple):
    request: Request
    keep_alive: bool


def receive(source: BinaryIO, sink: BinaryIO) -> Received | None:
    """Return the next request on the connection; None once the client has closed it.

    Raises
    ------
    BadRequest: answer with its status and close the connection.
    """
    line = _line(source)
    if not line:
        return None
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0") or not parts[0].isalpha():
        raise BadRequest(400, "This is not an HTTP/1.1 request")
    method, target, version = parts
    headers = _headers(source)
    if headers.get("expect", "").lower() == "100-continue":
        sink.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        sink.flush()
    body = _body(source, headers)
    path, _, query = target.partition("?")
    if path.startswith("http://"):
        path = "/" + path.split("/", 3)[3] if path.count("/") > 2 else "/"
    closing = headers.get("connection", "").lower() == "close" or version == "HTTP/1.0"
    request = Request(method, unquote(path, errors="surrogateescape"), query, headers, body)
    return Received(request, keep_alive=not closing)


def _line(source: BinaryIO) -> bytes:
    line = source.readline(_MAX_LINE + 1)
    if len(line) > _MAX_LINE:
        raise BadRequest(431, "A line of the request's head is too long")
    return line


def _headers(source: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS):
        line = _line(source)
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(400, "A header is malformed")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    raise BadRequest(431, "The request has too many headers")


def _body(source: BinaryIO, headers: dict[str, str]) -> bytes:
    length = headers.get("content-length")
    coding = headers.pop("transfer-encoding", "")
    if coding:
        if length is not None or coding.lower() != "chunked":
            raise BadRequest(400, "The request's length is ambiguous")
        body = _chunks(source)
        headers["content-length"] = str(len(body))
        return body
    if length is None:
        return b""
    if not (length.isascii() and length.isdecimal()):
        raise BadRequest(400, "Content-Length is not a number")
    return _exactly(source, int(length))


def _chunks(source: BinaryIO) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        text = _line(source).partition(b";")[0].strip()
        try:
            size = int(text, 16)
        except ValueError as error:
            raise BadRequest(400, "A chunk's length is malformed") from error
        total += size
        if size < 0 or total > MAX_BODY:
            raise BadRequest(413, "The request's body is too large")
        if size == 0:
            _headers(source)
            return b"".join(parts)
        parts.append(_exactly(source, size))
        _line(source)


def _exactly(source: BinaryIO, size: int) -> bytes:
    if size > MAX_BODY:
        raise BadRequest(413, "The request's body is too large")
    body = source.read(size)
    if len(body) < size:
        raise BadRequest(400, "The request ended before its body did")
    return body


def encoded(response: Response, *, method: str = "POST", keep_alive: bool = True) -> bytes:
    """Return the response as bytes.

    The answer to a HEAD request keeps the length that the service gave it.
    """
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}"]
    length = str(len(response.body))
    for name, value in response.headers.items():
        lowered = name.lower()
        if lowered == "content-length":
            length = value if method == "HEAD" else length
        elif lowered not in ("connection", "transfer-encoding"):
            lines.append(f"{name}: {value}".replace("\r", " ").replace("\n", " "))
    if response.status not in (204, 304):
        lines.append(f"Content-Length: {length}")
    if not keep_alive:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head if method == "HEAD" else head + response.body
