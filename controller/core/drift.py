"""Drift: routing controls that stand otherwise than the journal says they were put.

```
 PolicyLoaded (as read) ─> stand <─ ShiftApplied (as put) ─┐
                             ^──── DriftSeen (as read) <─── differs ── a tick reads the controls
```
Said once: the event itself moves `stand` to what is. Nothing is turned back.
"""

from collections.abc import Mapping
from typing import Any

from controller.core.incident import Memory, Phase

LAG = 20.0
"""Seconds after our own change during which another ARC endpoint may still show what was before."""


def drifted(memory: Memory, controls: Mapping[str, bool] | None, now: float) -> Mapping[str, bool]:
    """Control -> how it stands, for those that differ from what the journal says; empty while unsure.

    A shift of ours that is in flight, or that has just landed, is no drift.
    """
    incident = memory.open
    if controls is None or now < memory.stood + LAG or (incident and incident.phase is Phase.SHIFTING):
        return {}
    return {name: on for name, on in controls.items() if memory.stand.get(name, on) is not on}


def drift_data(memory: Memory, found: Mapping[str, bool]) -> dict[str, Any]:
    """What a `DriftSeen` event holds: control -> [before, after], and a sentence."""
    said = "; ".join(
        f"{name} is {_word(on)}, the journal says {_word(memory.stand[name])}" for name, on in found.items()
    )
    return {
        "differs": {name: [memory.stand[name], on] for name, on in found.items()},
        "controls": dict(found),
        "reason": f"moved by somebody else: {said}"[:2000],
    }


def _word(on: bool) -> str:
    return "On" if on else "Off"
