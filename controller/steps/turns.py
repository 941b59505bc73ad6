"""Whose turn it is: a controller of a later rank waits, by its own clock, for those before it.

A Lambda remembers nothing between two invocations, so "since when I have seen this" is kept in the
controller's own assessments. What they do not show, or show with a gap, was not seen: the wait begins anew.
"""

from controller.core.decision.precedence import TURN, rank
from controller.ports.errors import OutsideUnreachable
from controller.steps.context.deps import Deps

UNBROKEN = 150.0
"""Seconds after which an earlier look says nothing of now: the tick comes once a minute."""


class Turns:
    """`since`: what this look saw -> when it was first seen; keep it with the assessment."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._before: dict[str, float] | None = None
        self.since: dict[str, float] = {}

    def come(self, what: str, source: str) -> bool:
        """Whether this controller's time has come to do `what`, which is about `source`."""
        wait = TURN * rank(self._deps.policy, self._deps.here, source)
        if not wait:
            return True
        now = self._deps.runtime.now()
        first = min(self._earlier().get(what, now), now)
        self.since[what] = first
        return now - first >= wait

    def _earlier(self) -> dict[str, float]:
        if self._before is None:
            now = self._deps.runtime.now()
            try:
                found = self._deps.assessments.between(self._deps.application, now - UNBROKEN, now)
            except OutsideUnreachable:
                found = ()
            waits = [record["waits"] for _, record in found if "waits" in record]
            self._before = dict(waits[-1]) if waits else {}
        return self._before
