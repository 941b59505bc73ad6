"""The visit: one person's look at one page."""

from dataclasses import dataclass
from re import Match
from typing import Any

from controller.console.auth.session import Session
from controller.console.http.messages import Request, Response
from controller.console.render import page
from controller.console.view_data import Controls, Instruments, Past, Seen, look, look_without_journal
from controller.ports.errors import JournalUnreadable, OutsideUnreachable, reads_journal
from controller.steps.context.deps import Deps


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for one page, with everything that the page needs.

    now: by the clock of people and issuer. Dates on a page follow the controller's own clock (`Seen.now`).
    archive: the name of the past record that is shown, if one is: then nothing can be answered.
    """

    deps: Deps
    instruments: Instruments
    controls: Controls
    past: Past
    request: Request
    session: Session
    found: Match[str]
    now: float
    archive: str = ""

    @property
    def id(self) -> str:
        """Return the id in the path."""
        return self.found["id"]

    def look(self) -> Seen:
        return look(self.deps, self.controls)

    def look_at_health(self) -> Seen:
        """Return what can be seen, also where the journal cannot be read."""
        try:
            return self.look()
        except (JournalUnreadable, OutsideUnreachable) as error:
            if not reads_journal(error):
                raise
            return look_without_journal(self.deps, self.controls, str(error))

    def probes(self, now: float) -> dict[str, Any]:
        """Return Region -> its last probe.

        None where there was none lately, or nobody can tell.
        """
        deps = self.deps
        back, regions = deps.assessments.newest_first, deps.policy.regions
        try:
            return self.instruments.probes(back, deps.application, regions, now)
        except OutsideUnreachable:
            return dict.fromkeys(regions)

    def page(self, name: str, status: int = 200, *, why: str = "", **data: Any) -> Response:
        """Return a page with the data that every page needs."""
        shown = {"deps": self.deps, "policy": self.deps.policy, "session": self.session,
                 "csrf": self.session.token("/signout"), "here": self.request.path,
                 "archive": self.archive}  # fmt: skip
        return page(name, status, why=why, **shown, **data)
