"""A console over a world in virtual time, an identity provider, and browsers that remember cookies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from controller.console.app import Console
from controller.console.auth.identity_provider import Issuer
from controller.console.auth.outbound import IssuerUnreachable
from controller.console.http.messages import Request, Response
from controller.core.journal.kind import Kind
from controller.entry.console_lambda import instruments
from controller.rehearsal.oidc.provider import Oidc
from controller.settings import SignIn
from controller.steps.context.deps import Deps
from tests.support.policy_scene import policy_data
from tests.support.world import World, failing

ISSUER = "http://127.0.0.1:9001"
ORIGIN = "https://console.test"
GATE = policy_data()["evacuate"]
KEY = b"a key of thirty-two bytes, a key"
NOON = 1_900_000_000.0
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"><input type="hidden" name="digest"')


class Clock:
    """The clock of people and their issuer."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> float:
        return self.at


@dataclass
class Desk:
    """deps: through which controller. down: the issuer does not answer."""

    w: World
    deps: Deps
    clock: Clock = field(default_factory=Clock)
    log: list[Mapping[str, Any]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    down: bool = False
    origin: str = ORIGIN
    url: str = ISSUER
    provider: Oidc = field(init=False)
    console: Console = field(init=False)

    def __post_init__(self) -> None:
        self.at(self.origin, self.url)

    def at(self, origin: str, issuer: str) -> None:
        """Let the console be found at `origin`, and its issuer at `issuer`."""
        self.origin, self.url = origin, issuer
        settings = SignIn(issuer=issuer, client_id="tidegate", origin=origin)
        self.provider = Oidc(issuer, {"tidegate": f"{origin}/signed-in"}, self.clock)
        self.console = Console(
            self.deps,
            issuer=Issuer(settings, self.fetch, lambda: self.clock.at),
            key=KEY,
            now=self.clock,
            instruments=instruments(lambda: 0),
            log=self.log.append,
        )

    def fetch(self, method: str, url: str, form: Mapping[str, str] | None) -> tuple[int, bytes]:
        """The wire to the issuer."""
        self.fetched.append(url)
        if self.down:
            raise IssuerUnreachable("the issuer did not answer: ConnectTimeout")
        body = urlencode(form).encode() if form else b""
        reply = self.provider.handle(method, url.removeprefix(self.url), body)
        return reply.status, reply.body

    def browser(self, person: str | None = None) -> "Browser":
        made = Browser(self)
        if person is not None:
            assert made.sign_in(person).status == 303
        return made

    @property
    def request(self) -> str:
        incident = self.w.state.open
        assert incident is not None
        assert incident.request is not None
        return incident.request.id


@dataclass
class Browser:
    desk: Desk
    jar: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, *, query: str = "", body: bytes = b"", **headers: str) -> Response:
        host = self.desk.origin.partition("://")[2]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.desk.console.handle(
            Request(
                method, path, query, {"host": host} | named,
                "; ".join(f"{name}={value}" for name, value in self.jar.items()), body,
            )
        )  # fmt: skip
        for cookie in response.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.jar.pop(name, None)
            if value:
                self.jar[name] = value
        return response

    def get(self, path: str) -> Response:
        """A link followed, with its query."""
        parts = urlsplit(path)
        return self.send("GET", parts.path, query=parts.query)

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> Response:
        """As a form of a page of ours is sent, unless `headers` say otherwise."""
        sent = {"origin": self.desk.origin, "sec_fetch_site": "same-origin",
                "content_type": "application/x-www-form-urlencoded"} | headers  # fmt: skip
        return self.send("POST", path, body=urlencode(form).encode(), **sent)

    def sign_in(self, person: str, to: str = "/") -> Response:
        """The whole way to the issuer and back; the last response."""
        away = self.get(f"/signin?to={to}")
        query = urlsplit(away.headers["location"]).query
        reply = self.desk.provider.handle("POST", "/authorize", f"{query}&person={person}".encode())
        back = urlsplit(reply.headers["location"])
        return self.send("GET", back.path, query=back.query)

    def form(self, request: str) -> dict[str, str]:
        """The hidden fields of the page that asks."""
        page = self.get(f"/approve/{request}").body.decode()
        csrf = CSRF.search(page)
        digest = re.search(r'name="digest" value="([0-9a-f]+)"', page)
        return {"csrf": csrf[1] if csrf else "", "digest": digest[1] if digest else ""}

    def answer(self, request: str, said: str = "approve", reason: str = "") -> Response:
        return self.post(f"/approve/{request}", {**self.form(request), "answer": said, "reason": reason})


def asked_desk(seed: int = 1, **changes: Any) -> Desk:
    """People are asked about us-east-1."""
    w = failing(seed, **{"evacuate": GATE} | changes)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 120)
    w.advance(2.0)
    return Desk(w, w.hand)
