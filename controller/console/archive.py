"""The console over a run that is over: the pages of `app`, and nobody signs in, for nothing can be done.

There is no form to post and no door. A page of another site can neither read it nor be shown in it: the host
must be this one, and the headers are those of every page.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from controller.console.app import NOT_ALLOWED, PAGES
from controller.console.http import HEADERS, LONGEST, Request, Response
from controller.console.looking import Controls, Instruments
from controller.console.past import Past
from controller.console.render import page, sheet, static
from controller.console.session import Session
from controller.console.traced import outside_of
from controller.console.visit import Visit
from controller.core.text import plain
from controller.ports.errors import ControllerError
from controller.readmodel.trace import Traced

NOBODY = Session("", (), 0.0, "")
LOOKS = ("GET", "HEAD")
BROKEN = "What this page would show does not fit together; the record holds what nobody would have written."


class Archive:
    """One trace, read only. origin: where it is served. log: takes one line a request."""

    def __init__(
        self,
        traced: Traced,
        *,
        origin: str,
        instruments: Instruments,
        log: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.name, self._until = plain(traced.name, 80), traced.until
        self._host, self._instruments, self._log = origin.partition("://")[2], instruments, log
        self._deps = outside_of(traced)
        self._controls, self._past = Controls(self._deps), Past(self._deps.application)

    def handle(self, request: Request) -> Response:
        """Answers everything, and raises nothing."""
        try:
            response = self._answer(request)
        except ControllerError as error:
            response = self._says(503, "This is not in the record", f"{error}.", why=str(error))
        except Exception as error:  # noqa: BLE001 - the border: whatever a file holds, a page and no stack
            response = self._says(500, "This cannot be shown", BROKEN, why=type(error).__name__)
        line = {
            "method": plain(request.method, 10),
            "path": plain(request.path, 120),
            "status": response.status,
        }
        self._log(line | ({"why": plain(response.why, 300)} if response.why else {}))
        body = b"" if request.method == "HEAD" else response.body
        return replace(response, headers={**HEADERS, **response.headers}, body=body)

    def _answer(self, request: Request) -> Response:
        if request.headers.get("host", "") != self._host:
            return self._says(421, "This is another console", "Open it by the address that was printed.")
        if request.method not in LOOKS:
            refused = self._says(405, *NOT_ALLOWED)
            return replace(refused, headers={**refused.headers, "allow": ", ".join(LOOKS)})
        if len(request.path) > LONGEST or len(request.query) > LONGEST:
            return self._says(414, "That is too long", "Nothing was read.")
        file = self._file(request.path)
        if file is not None:
            return file
        for pattern, _, look in PAGES:
            found = pattern.fullmatch(request.path)
            if found is not None:
                own = (self._deps, self._instruments, self._controls, self._past)
                return look(Visit(*own, request, NOBODY, found, self._until, self.name))
        return self._says(404, "There is no such page", "Look at the address again.")

    def _file(self, path: str) -> Response | None:
        if path == "/static/timeline.css":
            return sheet(self._instruments.sheet)
        return static(path.removeprefix("/static/")) if path.startswith("/static/") else None

    def _says(self, status: int, title: str, text: str, *, why: str = "") -> Response:
        told = {"title": title, "text": text, "again": "/", "why": why or title}
        return page("says", status, **told, session=NOBODY, csrf="", archive=self.name)
