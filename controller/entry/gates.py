"""The console of a simulated controller, and a browser before it: the composition for `simulate`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from controller.console.app import Console
from controller.console.auth.identity_provider import Issuer
from controller.console.auth.outbound import IssuerUnreachable
from controller.console.auth.session import KEY, Sealer, Session, cookie_of
from controller.console.http.messages import Request, Response
from controller.core.incident.approval import GROUP
from controller.entry.console import instruments
from controller.settings import SignIn
from controller.steps.context.deps import Deps

ORIGIN = "https://console.rehearsal.invalid"
SIGN_IN = SignIn(issuer="https://issuer.rehearsal.invalid", client_id="tidegate", origin=ORIGIN)
FORM = re.compile(r'name="csrf" value="(\w{64})"><input type="hidden" name="digest" value="(\w+)"')


@dataclass
class Browser:
    """`lab.simulate.gates.Gate`: people have signed in just now, and belong to every group."""

    console: Console
    sealer: Sealer
    groups: tuple[str, ...]
    now: Callable[[], float]

    def look(self, method: str, path: str, who: str | None) -> tuple[int, str]:
        response = self._send(method, path, who, {})
        return response.status, response.body.decode()

    def click(self, request: str, who: str, *, yes: bool, reason: str) -> bool:
        path = f"/approve/{request}"
        form = FORM.search(self._send("GET", path, who, {}).body.decode())
        if form is None:
            return False
        said = {"csrf": form[1], "digest": form[2], "answer": "approve" if yes else "deny", "reason": reason}
        return self._send("POST", path, who, said).status == 303

    def _send(self, method: str, path: str, who: str | None, form: Mapping[str, str]) -> Response:
        headers = {"host": ORIGIN.partition("://")[2], "origin": ORIGIN, "sec-fetch-site": "same-origin",
                   "content-type": "application/x-www-form-urlencoded"}  # fmt: skip
        cookie = ""
        if who is not None:
            session = Session(who, self.groups, self.now(), f"secret of {who}")
            cookie = cookie_of(session, self.sealer, self.now()).partition(";")[0]
        return self.console.handle(Request(method, path, "", headers, cookie, urlencode(form).encode()))


def gate(deps: Deps, now: Callable[[], float]) -> Browser:
    """Of one controller. now: the clock of people and their issuer, who does not answer."""
    asked = {each for asks in deps.policy.approvals.values() for ask in asks for each in ask.ask}
    key = bytes(KEY)
    console = Console(
        deps,
        issuer=Issuer(SIGN_IN, _nobody, now),
        key=key,
        now=now,
        instruments=instruments(lambda: 0),
        log=lambda _line: None,
    )
    return Browser(console, Sealer(key), tuple(sorted(each.removeprefix(GROUP) for each in asked)), now)


def _nobody(_method: str, url: str, _form: Mapping[str, str] | None) -> tuple[int, bytes]:
    raise IssuerUnreachable(f"{url[:40]} does not answer")
