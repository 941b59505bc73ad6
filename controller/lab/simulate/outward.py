"""What goes out of a controller, to people or to other machines: looked at for secrets and forgeries."""

from dataclasses import dataclass, field

from controller.lab.simulate.facts import Trace
from controller.lab.simulate.outsiders import HOSTS, forged, forged_log, forged_page, notice
from controller.lab.simulate.processes import running

SCANNER = "scanner"
"""The process of one who opens every link and sends nothing."""
LOOKS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "GetMetricData"})
OUGHT = frozenset({"states", "kms"})
"""Services to which a task token may go: the one that gave it, and the one that seals it."""


@dataclass
class Outward:
    """tokens: task tokens, which nobody may see."""

    trace: Trace
    tokens: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    """Those that were called, and may be."""

    def called(self, home: str, service: str, operation: str, host: str, body: bytes) -> None:
        """A call reached somebody."""
        if host not in self.hosts:
            if not HOSTS.fullmatch(host):
                self.trace.note("stranger", home, f"called {host}", {"said": f"{home} called {host}"})
                return
            self.hosts.add(host)
        if service not in OUGHT:
            self.look_for_tokens(f"{service} {operation}", body)
        if service == "sns":
            self._told(f"{home}: a notice has", forged(notice(body)))
        process = running()
        if process is not None and process.function == SCANNER and _changes(service, operation):
            said = f"a link that was opened did {service} {operation}"
            self.trace.note("touched", home, said, {"said": said})

    def logged(self, text: str) -> None:
        """A handler wrote to its log."""
        self.look_for_tokens("a log line", text.encode())
        self._told("the log has", forged_log(text))

    def shown(self, home: str, path: str, html: str) -> None:
        """Somebody sees a page."""
        self.look_for_tokens(f"the page {path}", html.encode())
        self._told(f"{home}: the page {path} has", forged_page(html))

    def look_for_tokens(self, where: str, body: bytes) -> None:
        """Note where a task token was sent that has no business there."""
        if any(token.encode() in body for token in self.tokens):
            self.trace.note("leak", "", where, {"said": f"a task token went to {where}"})

    def _told(self, where: str, said: str | None) -> None:
        if said is not None:
            self.trace.note("forged", "", f"{where} {said}", {"said": f"{where} {said}"})


def _changes(service: str, operation: str) -> bool:
    if service == "dynamodb":
        return operation not in LOOKS
    return service in ("sns", "events", "states") or operation.startswith("Update")
