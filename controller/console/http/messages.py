"""The request and the response, as small as the console needs them.

They are the same for every server.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

MOST = 8_192
"""Bytes of a body: the largest form is a reason and three short fields."""
LONGEST = 2_048
"""Characters of a path, and of a query."""
FIELDS = 20

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "referrer-policy": "same-origin",  # under `no-referrer` browsers send `Origin: null` with our own forms
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
"""Headers of every response."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    headers: by lower-case name. path: decoded. too_big: True where it was not read to its end.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookie: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)
    too_big: bool = False

    def cookies(self) -> dict[str, str]:
        """Return name -> value; nothing where the header is no cookie header."""
        try:
            return {name: morsel.value for name, morsel in SimpleCookie(self.cookie).items()}
        except CookieError:
            return {}

    def asked(self) -> dict[str, str]:
        """Return the query's fields; of a doubled one the first."""
        return dict(reversed(_fields(self.query)))

    def form(self) -> dict[str, str]:
        """Return the body's fields; nothing where the body is no form.

        A field that is given twice counts as not given.
        """
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return {}
        pairs = _fields(self.body.decode("utf-8", "replace"))
        names = [name for name, _ in pairs]
        return {name: value for name, value in pairs if names.count(name) == 1}


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = field(default=(), repr=False)
    why: str = ""  # for the log alone

    def with_cookies(self, *cookies: str) -> "Response":
        return replace(self, cookies=(*self.cookies, *cookies))


def redirect(to: str, *cookies: str) -> Response:
    """Return a 303: after it every browser sends a GET."""
    return Response(303, b"", {"location": to}, cookies)


def set_cookie(name: str, value: str, seconds: int) -> str:
    """Return the header of a host-only cookie that scripts cannot read.

    Other sites' forms do not send it. seconds: 0 takes it away.
    `Lax`: the answer of the issuer comes by a link from another site, and a notice's link from a mail.
    """
    return f"{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"


def local(path: str) -> str:
    """Return `path` if it is one of ours, else `/`.

    So nobody is sent to another site.
    """
    plainly = path.isascii() and path.isprintable() and "\\" not in path and len(path) <= LONGEST
    return path if plainly and path.startswith("/") and not path.startswith("//") else "/"


def _fields(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS, errors="replace")
    except ValueError:
        return []
