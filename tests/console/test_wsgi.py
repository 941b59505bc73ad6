"""The console on a port of loopback: what a socket may bring."""

import socket
from collections.abc import Iterator

import pytest
import requests

from controller.console.http.messages import Request, Response
from controller.console.http.wsgi import Loopback
from controller.entry.demo.consoles import consoles
from controller.rehearsal.wire.server import PortInUse

SEEN: list[Request] = []


def told(request: Request) -> Response:
    SEEN.append(request)
    return Response(413 if request.too_big else 200, request.body, {"x": "1"}, ("a=1; Path=/", "b=2; Path=/"))


@pytest.fixture(scope="module")
def door() -> Iterator[Loopback]:
    made = Loopback()
    made.serve(told)
    yield made
    made.close()


def test_a_request_comes_whole_and_both_cookies_go_back(door: Loopback) -> None:
    answer = requests.post(f"{door.origin}/a%20b?c=d", data={"e": "ü"}, headers={"Cookie": "s=1"}, timeout=10)
    assert answer.content == b"e=%C3%BC"
    assert {cookie.name for cookie in answer.cookies} == {"a", "b"}
    seen = SEEN[-1]
    assert (seen.method, seen.path, seen.query, seen.cookie) == ("POST", "/a b", "c=d", "s=1")
    assert seen.form() == {"e": "ü"}


@pytest.mark.parametrize("length", ["99999999", "-1", "1e3", "\u0661", "999999999999999999999"])
def test_a_body_of_any_other_length_is_not_read(door: Loopback, length: str) -> None:
    host, _, port = door.origin.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode("utf-8"))
        assert b" 413 " in connection.recv(64)
    assert SEEN[-1].body == b""


def test_a_taken_port_is_one_clear_line(door: Loopback) -> None:
    port = int(door.origin.rpartition(":")[2])
    with pytest.raises(PortInUse, match=f"Port {port} on"), consoles(("us-east-2",), port):
        pass
