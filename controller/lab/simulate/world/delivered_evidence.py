"""The evidence as it was delivered: what a controller's table holds of customers, read independently.

It has its own small reading of it, and uses none of the controller's.
```
 canaries about a Region, from elsewhere ─> red, well, unheard ─> bad · unknown · well
```
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from controller.core.policy.schema import CanarySignal, Policy
from controller.rehearsal.service import ACCOUNT

QUORUM = 2
"""Observers that a drawn policy asks for: see `world.application`."""
SPELT = {"b": "red", "h": "well"}
Standing = Literal["bad", "unknown", "well"]


@dataclass(frozen=True, slots=True)
class Hearing:
    """Counts what observers outside of a Region say of its customers."""

    red: int
    well: int
    unheard: int

    @property
    def standing(self) -> Standing:
        """Return bad for a full quorum that fails, unknown where fewer are heard than a quorum."""
        if self.red >= QUORUM:
            return "bad"
        return "unknown" if self.red + self.well < QUORUM else "well"

    @property
    def all_well(self) -> bool:
        return not self.red and self.well >= QUORUM


def heard(
    delivered: Mapping[tuple[str, str], str], policy: Policy, home: str, region: str, now: float
) -> Hearing:
    """Return what the table of the controller in `home` holds about a Region."""
    counts = {"red": 0, "well": 0, "unheard": 0}
    for observer, signal, silent_after in _canaries(policy, region):
        if observer != region:
            counts[_said(delivered.get((home, signal), ""), now - silent_after)] += 1
    return Hearing(**counts)


def _canaries(policy: Policy, region: str) -> Iterator[tuple[str, str, float]]:
    for source in policy.signals["customer"]:
        if isinstance(source, CanarySignal):
            name = source.canary.replace("{region}", region)
            for observer in source.runs_in:
                yield observer, f"canary:{ACCOUNT}:{observer}:{name}", source.silent_after


def _said(text: str, oldest: float) -> str:
    """Return what a signal says: its last word by event time, unless nothing arrived of it for long.

    text: as `aws.dynamodb.evidence` describes it; its first line has the columns.
    """
    columns: dict[str, Any] = json.loads(text.partition("\n")[0]) if text else {}
    at, received = columns.get("at") or [], columns.get("received") or []
    if not at or max(received) < oldest:
        return "unheard"
    return SPELT.get(columns["said"][at.index(max(at))], "unheard")
