"""What everybody who is asked about a Region's readiness says in a replay: yes, no, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from controller.core.decision.readiness import Reading, Wish
from controller.ports.errors import EvidenceUnavailable

Ready = Literal["yes", "no", "unknown"]
SAMPLES = 40
"""Minutes of replication lag that an answer looks back on."""


@dataclass(frozen=True)
class SameAnswer:
    """`ports.readiness.Readiness`. Families of signals are not asked here: the events speak for them."""

    says: Ready
    now: Callable[[], float]

    def read(self, wish: Wish) -> Reading:
        kind, name, source, target = wish
        # Quotas are compared between two Regions: there is no plain "no" for each by itself.
        if self.says == "unknown" or (kind == "quotas" and self.says == "no"):
            raise EvidenceUnavailable(f"nobody is asked in a replay with --ready {self.says}")
        return Reading(kind, name, source, target, self.now(), self._data(kind))

    def _data(self, kind: str) -> dict[str, Any]:
        now, well = self.now(), self.says == "yes"
        if kind == "replication":
            lag = 0.5 if well else 100_000.0
            return {"points": [[now - 60.0 * back, lag] for back in range(SAMPLES, 0, -1)]}
        if kind == "plan":
            return {"state": "passed" if well else "actionRequired", "evaluated": now, "warnings": 0}
        if kind == "arc":
            return {"state": "READY" if well else "NOT_READY", "checked": now}
        return {"lambda": 1000.0, "apigateway": 10_000.0}
