"""The only way out: allow-listed hosts, no redirect, no link-local address (A8)."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from controller.console.auth import outbound as fetches
from controller.console.auth.outbound import MOST, IssuerUnreachable, allowed, https_fetch


@pytest.mark.parametrize(
    ("url", "yes"),
    [
        ("https://login.example.com/token", True),
        ("https://login.example.com:8443/token", False),
        ("http://login.example.com/token", False),
        ("https://login.example.com.evil.test/", False),
        ("https://evil.test/login.example.com", False),
        ("https://login.example.com@evil.test/", False),
        ("https://user:pw@login.example.com/", False),
        ("https://login.example.com\\@evil.test/", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("http://169.254.169.254/", False),
        ("https://[fe80::1]/", False),
        ("https://2852039166/", False),
        ("file:///etc/passwd", False),
        ("http://127.0.0.1:9001/jwks", True),
        ("https://127.0.0.1:9001/jwks", False),
        ("http://127.0.0.1:9002/jwks", False),
        ("", False),
        ("https://[", False),
    ],
)
def test_only_an_allowed_host_by_its_name_and_over_tls(url: str, yes: bool) -> None:
    hosts = ["login.example.com", "127.0.0.1:9001", "169.254.169.254", "[fe80::1]", "fe80::1", "2852039166"]
    assert allowed(url, hosts) is yes


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        if self.path == "/away":
            self.send_response(302)
            self.send_header("location", f"http://127.0.0.1:{self.server.server_port}/inner")  # type: ignore[attr-defined]
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.path == "/drip":
            with suppress(OSError):  # whoever asked has left
                for _ in range(40):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
            return
        self.wfile.write(b"x" * (MOST + 5 if self.path == "/huge" else 3))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_a_redirect_is_an_answer_and_not_followed(server: ThreadingHTTPServer) -> None:
    place = f"127.0.0.1:{server.server_port}"
    ask = https_fetch([place])
    assert ask("GET", f"http://{place}/plain", None) == (200, b"xxx")
    assert ask("GET", f"http://{place}/away", None)[0] == 302
    assert "/inner" not in server.seen  # type: ignore[attr-defined]
    with pytest.raises(IssuerUnreachable, match="too long"):
        ask("GET", f"http://{place}/huge", None)


def test_no_proxy_is_taken_from_the_environment(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert https_fetch([place])("GET", f"http://{place}/plain", None) == (200, b"xxx")
    assert requests.utils.get_environ_proxies(f"http://{place}")["http"].endswith(":9")


def test_an_answer_that_comes_by_drops_is_not_waited_for(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"127.0.0.1:{server.server_port}"
    monkeypatch.setattr(fetches, "WHOLE", 0.1)
    began = time.monotonic()
    with pytest.raises(IssuerUnreachable, match="too long"):
        https_fetch([place])("GET", f"http://{place}/drip", None)
    assert time.monotonic() - began < 1.5


def test_what_is_not_on_the_list_is_not_asked_and_without_the_list_it_would_be(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{server.server_port}/secret"
    with pytest.raises(IssuerUnreachable, match="allow-list"):
        https_fetch(["login.example.com"])("GET", url, None)
    assert "/secret" not in server.seen  # type: ignore[attr-defined]
    monkeypatch.setattr(fetches, "allowed", lambda *_: True)
    assert https_fetch(["login.example.com"])("GET", url, None)[0] == 200


def test_an_issuer_that_is_not_there_is_unreachable_in_one_sentence() -> None:
    with pytest.raises(IssuerUnreachable) as failed:
        https_fetch(["127.0.0.1:9"])("POST", "http://127.0.0.1:9/token", {"code": "s3cret"})
    assert "s3cret" not in str(failed.value)
