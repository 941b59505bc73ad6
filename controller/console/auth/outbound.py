"""The only way out of the console: to the issuer's allow-listed hosts (A8).

It does not follow where those hosts point.
"""

import ipaddress
import time
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

import requests

Fetch = Callable[[str, str, Mapping[str, str] | None], tuple[int, bytes]]
"""(method, URL, form or None) -> (status, body). Raises `IssuerUnreachable`."""
TIMEOUT = (2.0, 3.0)
"""Seconds to connect, and between two bytes."""
WHOLE = 5.0
"""Seconds for a body."""
MOST = 262_144


class IssuerUnreachable(Exception):  # noqa: N818
    """The issuer did not answer, or not as an issuer does.

    The message holds no secret.
    """


def allowed(url: str, hosts: Iterable[str]) -> bool:
    """Return True where `url` may be asked.

    It must be https, with an allowed host (`host` or `host:port`) and no user in it.
    An address in place of a name is refused, but for 127.0.0.1 where that is allowed by name: a rehearsal's.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return False
    place = host if port is None else f"{host}:{port}"
    if place not in set(hosts) or "@" in parts.netloc or not url.isprintable() or "\\" in url:
        return False
    if host == "127.0.0.1":
        return parts.scheme == "http"
    return parts.scheme == "https" and not _address(host)


def _address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.replace(".", "").isdigit() or host.lower().startswith("0x")
    return True


def https_fetch(hosts: Iterable[str]) -> Fetch:
    """Return a function that asks only these hosts.

    It follows no redirect and takes no proxy or password from the environment.
    It limits the size and the time of an answer.
    """
    known = frozenset(hosts)

    def fetch(method: str, url: str, form: Mapping[str, str] | None) -> tuple[int, bytes]:
        if not allowed(url, known):
            raise IssuerUnreachable(
                f"{(urlsplit(url).hostname or 'no host')[:80]!r} is not on the allow-list"
            )
        failure = ""
        try:
            with requests.Session() as session:
                session.trust_env = False
                with session.request(
                    method, url, data=form, timeout=TIMEOUT, allow_redirects=False, stream=True
                ) as answer:
                    body, ends = b"", time.monotonic() + WHOLE
                    while part := answer.raw.read1(65_536, decode_content=True):
                        body += part
                        if len(body) > MOST or time.monotonic() > ends:
                            failure = "its answer is too long"
                            break
                    else:
                        return int(answer.status_code), body
        except (requests.RequestException, OSError) as error:
            failure = type(error).__name__  # its text may quote what was sent
        raise IssuerUnreachable(f"the issuer did not answer: {failure}")

    return fetch
