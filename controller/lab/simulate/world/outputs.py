"""The outputs of a controller, checked for secrets and forgeries.

They go to people or to other machines. The world outside sees of a controller, beside AWS, its log and its
console. Texts that people type come from outside and may be hostile: the module has such a text, and checks
what nobody may make of it.
"""

import gzip
import io
import random
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs

from controller.core.text import sanitize
from controller.lab.simulate.world.facts import Trace
from controller.lab.simulate.world.processes import running
from controller.steps.context.deps import Deps

MARK = "~forged~"
HOSTILE = f"so it is\n{MARK}\r{MARK} \x1b[2J <script>{MARK}</script> \u202e{MARK}\u2028{MARK}"
"""A reason that is an attack.

It tries to begin a line of its own, to steer a terminal, and to run in a page.
"""
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
OWN_LINE = re.compile(f"^[^\\S\n]*{MARK}", re.MULTILINE)
HOSTS = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com|rehearsal\.invalid|arc\.rehearsal\.invalid)(:443)?")
"""Hosts that a controller may call: AWS, and what stands for it here."""


def reason(rng: random.Random) -> str:
    """Return what a person types as the reason."""
    return HOSTILE if rng.random() < 0.3 else "simulated"


def at_terminal(rng: random.Random) -> str:
    """Return a reason as `tidegate` hands it on."""
    return sanitize(reason(rng), 500)


def forged(text: str) -> str | None:
    """Return how a text that people read was forged, if it was.

    Tabs and line ends are its own.
    """
    found = CONTROL.search(text)
    if found is not None:
        return f"a control character {ord(found[0]):#06x}"
    return "a line of its own" if OWN_LINE.search(text) else None


def forged_log(text: str) -> str | None:
    """Return the same for a text that is written to a log at once.

    Such a text is one line.
    """
    return "a second line" if "\n" in text.rstrip("\n") else forged(text)


def forged_page(html: str) -> str | None:
    """Return the same for a page.

    What runs in a page is not what somebody typed.
    """
    return "a script" if f"<script>{MARK}" in html else forged(html)


def notice(body: bytes) -> str:
    """Return subject and text of a message to people, as it was sent."""
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return "\n".join((*fields.get("Subject", ()), *fields.get("Message", ())))


def headed(body: bytes) -> tuple[str, str]:
    """Return subject and text of a message to people, apart."""
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return " ".join(fields.get("Subject", ())), "\n".join(fields.get("Message", ()))


def shown(text: str) -> str:
    """Return a text in the form in which a trace shows it: short, and on one line."""
    return sanitize(text, 80)


SCANNER = "scanner"
"""The process of one who opens every link and sends nothing."""
LOOKS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "GetMetricData"})
OUGHT = frozenset({"states", "kms"})
"""Services to which a task token may go.

They are the one that gave it, and the one that seals it.
"""


@dataclass
class Outward:
    """Looks at everything that leaves the controllers.

    tokens: task tokens, which nobody may see.
    """

    trace: Trace
    tokens: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    """Hosts that were called, and may be."""

    def called(self, home: str, service: str, operation: str, host: str, body: bytes) -> None:
        """Look at a call that reached somebody."""
        if host not in self.hosts:
            if not HOSTS.fullmatch(host):
                self.trace.note("stranger", home, f"called {host}", {"said": f"{home} called {host}"})
                return
            self.hosts.add(host)
        if service not in OUGHT:
            self.look_for_tokens(f"{service} {operation}", body)
        if service == "sns":
            self._note_forged(f"{home}: a notice has", forged(notice(body)))
        process = running()
        if process is not None and process.function == SCANNER and _changes(service, operation):
            said = f"a link that was opened did {service} {operation}"
            self.trace.note("touched", home, said, {"said": said})

    def logged(self, text: str) -> None:
        """Look at a text that a handler wrote to its log."""
        self.look_for_tokens("a log line", text.encode())
        self._note_forged("the log has", forged_log(text))

    def shown(self, home: str, path: str, html: str) -> None:
        """Look at a page that somebody sees."""
        self.look_for_tokens(f"the page {path}", html.encode())
        self._note_forged(f"{home}: the page {path} has", forged_page(html))

    def look_for_tokens(self, where: str, body: bytes) -> None:
        """Note where a task token was sent to a wrong place."""
        if not self.tokens:
            return
        body = with_packed(body)
        if any(token.encode() in body for token in self.tokens):
            self.trace.note("leak", "", where, {"said": f"a task token went to {where}"})

    def _note_forged(self, where: str, said: str | None) -> None:
        if said is not None:
            self.trace.note("forged", "", f"{where} {said}", {"said": f"{where} {said}"})


_PACKED = re.compile(rb'"B": ?"(H4sI[A-Za-z0-9+/=]*)"')


def with_packed(body: bytes) -> bytes:
    """Return a request's body, followed by what is packed in its items.

    A secret in there is no secret.
    """
    packed = (gzip.decompress(b64decode(found)) for found in _PACKED.findall(body))
    return b"\n".join([body, *packed])


def _changes(service: str, operation: str) -> bool:
    if service == "dynamodb":
        return operation not in LOOKS
    return service in ("sns", "events", "states") or operation.startswith("Update")


class Log(io.StringIO):
    """The destination of the handlers' log.

    Each text is shown to whoever listens, and kept nowhere.
    """

    listener: Callable[[str], object] | None = None

    def write(self, text: str) -> int:
        if self.listener is not None:
            self.listener(text)
        return len(text)


class ConsoleBrowser(Protocol):
    """One controller's console, as browsers meet it."""

    def look(self, method: str, path: str, who: str | None) -> tuple[int, str]:
        """Return status and page; `who` is signed in, or nobody."""
        ...

    def click(self, request: str, who: str, *, yes: bool, reason: str) -> bool:
        """Open the page of a request, and send the form on it.

        Returns True where the answer counted.
        """
        ...


MakeGate = Callable[[Deps, Callable[[], float]], ConsoleBrowser]
