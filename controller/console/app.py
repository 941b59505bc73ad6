"""The console as one function: request in, response out, one log line.

```
 too big, other host ─> refused    static ─> file    no session ─> /signin    GET ─> look    POST ─> act
```
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from controller.console.auth.csrf import Forbidden, deliberate
from controller.console.auth.identity_provider import Issuer, TokenRefused
from controller.console.auth.outbound import IssuerUnreachable
from controller.console.auth.session import GONE, Sealer, Session, session_of
from controller.console.auth.sign_in import BACK, Door
from controller.console.http.messages import HEADERS, LONGEST, MOST, Request, Response, redirect
from controller.console.pages import approve, health, history, incident, overview, policy
from controller.console.pages.visit import Visit
from controller.console.render import page, sheet, static
from controller.console.view_data import Controls, Instruments, Past, kept
from controller.core.incident.approval import GROUP
from controller.core.text import sanitize
from controller.ports.errors import ControllerError, JournalUnreadable, OutsideUnreachable, reads_journal
from controller.readmodel.page_text import escaped
from controller.steps.context.deps import Deps

Look = Callable[[Visit], Response]
PAGES: tuple[tuple[re.Pattern[str], str, Look], ...] = (
    (re.compile(r"/"), "now", overview.show),
    (re.compile(r"/incidents/(?P<id>[A-Za-z0-9-]{1,128})"), "incident", incident.show),
    (re.compile(r"/approve/(?P<id>[0-9a-f]{32})"), "approve", approve.show),
    (re.compile(r"/history"), "history", history.show),
    (re.compile(r"/policy"), "policy", policy.show),
    (re.compile(r"/health"), "health", health.show),
)
ACTS: Mapping[str, Look] = {"approve": approve.act}
"""The pages to which a form may be posted."""
LOOKS = ("GET", "HEAD")


class Console:
    """The console of one controller.

    now: seconds since 1970 by the clock of people and their issuer (a rehearsal's scenario has another).
    key: 32 random bytes. log: takes one line a request.
    """

    def __init__(
        self,
        deps: Deps,
        *,
        issuer: Issuer,
        key: bytes,
        now: Callable[[], float],
        instruments: Instruments,
        log: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.deps, self.issuer, self.now, self.log = deps, issuer, now, log
        self.instruments = replace(instruments, probes=kept(instruments.probes, deps.runtime.monotonic))
        asked = {each for asks in deps.policy.approvals.values() for ask in asks for each in ask.ask}
        self._sealer = Sealer(key)
        self._door = Door(issuer, self._sealer, frozenset(each.removeprefix(GROUP) for each in asked))
        self._controls, self._past = Controls(deps), Past(deps.application)

    @property
    def origin(self) -> str:
        return self.issuer.settings.origin

    def handle(self, request: Request) -> Response:
        """Answer every request, and raise nothing."""
        begun = self.now()
        session = session_of(request, self._sealer, self.now())
        try:
            response = self._answer(request, session)
        except Forbidden as error:
            response = _says(403, "This was not done", f"{error}.", session, why=str(error))
        except TokenRefused as error:
            response = _says(403, "You are not signed in", f"{error}.", None, again="/signin", why=str(error))
        except IssuerUnreachable as error:
            response = _says(503, "The sign-in does not answer", ISSUER_DOWN, session, why=str(error))
        except (JournalUnreadable, OutsideUnreachable) as error:
            response = _unread(error, request.path, session)
        except ControllerError as error:
            why = f"{type(error).__name__}: {error}"
            response = _says(503, NOTHING, OUTSIDE_DOWN, session, again=request.path, why=why)
        except Exception as error:  # noqa: BLE001 - the border: a page, never a stack or what it may quote
            why = type(error).__name__
            response = _says(500, "Something broke in here", BROKEN, session, why=why)
        self._write(request, session, response, self.now() - begun)
        response = self._named(response)
        headers = {**HEADERS, **response.headers}
        if self.origin.startswith("https://"):
            headers["strict-transport-security"] = "max-age=31536000"
        body = b"" if request.method == "HEAD" else response.body
        return replace(response, headers=headers, body=body)

    def _named(self, response: Response) -> Response:
        """Return a page with names in place of ids."""
        if response.headers.get("content-type") != _HTML["content-type"]:
            return response
        return replace(response, body=self.deps.names.text(response.body.decode(), escaped).encode())

    def _answer(self, request: Request, session: Session | None) -> Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        if request.method in LOOKS:
            file = self._file(request.path)
            if file is not None:
                return file
            if request.method == "GET" and request.path == "/signin":
                return self._door.begin(request, self.now())
            if request.method == "GET" and request.path == BACK:
                return self._door.finish(request, self.now())
        elif request.path == "/signout":
            deliberate(request, session, self.origin)
            return _says(200, "You are signed out", "Close this page.", None, again="/signin").with_cookies(
                GONE
            )
        return self._page(request, session)

    def _page(self, request: Request, session: Session | None) -> Response:
        for pattern, name, look in PAGES:
            found = pattern.fullmatch(request.path)
            if found is None:
                continue
            if request.method not in LOOKS:
                if name not in ACTS:
                    return replace(_says(405, *NOT_ALLOWED, session), headers=_ALLOW | _HTML)
                session, look = deliberate(request, session, self.origin), ACTS[name]
            elif session is None:
                return redirect(f"/signin?to={quote(request.path, safe='')}")
            own = (self.deps, self.instruments, self._controls, self._past)
            return look(Visit(*own, request, session, found, self.now()))
        return _says(404, "There is no such page", "Look at the address again.", session, again="/")

    def _refused(self, request: Request) -> Response | None:
        """Return the refusal of a request that is not read further.

        None where the request may go on.
        """
        if request.headers.get("host", "") != self.origin.partition("://")[2]:
            return _says(421, "This is another console", "Open it by the address in the notice.", None)
        if request.too_big or len(request.body) > MOST:
            return _says(413, "That is too long", "Nothing was read.", None)
        if len(request.path) > LONGEST or len(request.query) > LONGEST + 6_000:
            return _says(414, "That is too long", "Nothing was read.", None)
        if request.method not in (*LOOKS, "POST"):
            return replace(_says(405, *NOT_ALLOWED, None), headers=_ALLOW | _HTML)
        return None

    def _file(self, path: str) -> Response | None:
        if path == "/static/timeline.css":
            return sheet(self.instruments.sheet)
        if path == "/favicon.ico":
            return static("icon.svg")
        return static(path.removeprefix("/static/")) if path.startswith("/static/") else None

    def _write(self, request: Request, session: Session | None, response: Response, seconds: float) -> None:
        """Write one log line without a secret, and without a name.

        It has no query, no cookie and no body; a hostile path is made plain. The sign-in's own line bears
        the same tag as those of its session; who that was the issuer knows.
        """
        line = {
            "method": sanitize(request.method, 10),
            "path": sanitize(request.path, 120),
            "status": response.status,
            "session": session.tag if session else None,
            "ms": round(seconds * 1000, 1),
        }
        self.log(line | ({"why": sanitize(response.why, 300)} if response.why else {}))


_HTML = {"content-type": "text/html; charset=utf-8"}
_ALLOW = {"allow": "GET, HEAD"}
NOT_ALLOWED = ("This cannot be done", "Here one may only look.")
ISSUER_DOWN = (
    "Nobody can sign in until it does. Whoever holds AWS credentials of an approver answers from a terminal: "
    "`tidegate approve ID`, with the id at the end of the link."
)
OUTSIDE_DOWN = (
    "What this console reads from does not answer. Try again, or use the console of another Region: its "
    "address is in the notice."
)
NOTHING = "Nothing was read or written"
JOURNAL_DOWN = (
    "Until it is back nothing moves by itself. docs/runbooks/journal-lost.md says how it comes back; "
    "`tidegate break-glass` moves traffic without it, and the page Health shows what else is known. Where "
    "only this Region cannot read it, use the console of another one: its address is in the notice."
)
BROKEN = "Nothing was approved or denied by this. Its kind is in the log."


def _unread(error: JournalUnreadable | OutsideUnreachable, path: str, session: Session | None) -> Response:
    """Return the page of something that cannot be read, the journal before all."""
    title, text = NOTHING, OUTSIDE_DOWN
    if reads_journal(error):
        text = f"{NOTHING}. {JOURNAL_DOWN}"
        whole = not isinstance(error, JournalUnreadable)
        title = "The journal does not answer" if whole else "The journal is not whole"
        if isinstance(error, OutsideUnreachable) and error.absent:
            title = "The journal's table is gone"
    return _says(503, title, text, session, again=path, why=f"{type(error).__name__}: {error}")


def _says(
    status: int, title: str, text: str, session: Session | None, *, again: str = "", why: str = ""
) -> Response:
    return page(
        "says", status, title=title, text=text, session=session, again=again, why=why or title, csrf=""
    )


def log_line(line: Mapping[str, Any]) -> str:
    """Return a log line as JSON, in ASCII alone.

    Characters that a terminal might obey are escaped.
    """
    return json.dumps(line, ensure_ascii=True)
