"""Calls that land after what they belong to was given up, and that what they changed is put back.

```
 intent: Off ── sent, stuck ─────────────────────────── lands: Off      60 s later: On again?
                 intent: On ── applied ──┘ so that is a late call        └ S4
```
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.lab.simulate.record import Intent, Record

PROMISED = 60.0
"""Seconds within which a late call is put back."""


@dataclass(frozen=True)
class Late:
    """wanted: how the controls that it changed should stand. intent: the one that it belongs to."""

    intent: Intent
    wanted: Mapping[str, bool] = field(default_factory=dict)


def late_call(record: Record, home: str, changes: Mapping[str, bool]) -> Late | None:
    """The late call that a landing of `changes`, sent by `home`, is; None if it is none."""
    for newer in reversed(record.intents):
        if newer.home == home and changes.items() <= newer.changes.items():
            return None  # its own intent is the newest
        against = {n: newer.changes[n] for n, on in changes.items() if newer.changes.get(n, on) is not on}
        if against and (newer.applied or newer.life is None):
            return _of(record, home, changes, newer, against)
    return None


def _of(
    record: Record, home: str, changes: Mapping[str, bool], newer: Intent, against: Mapping[str, bool]
) -> Late | None:
    for own in record.intents:
        if own.event.seq < newer.event.seq and own.home == home and changes.items() <= own.changes.items():
            return Late(own, against)
    return None
