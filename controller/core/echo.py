"""An echo: a call of ours that was sent before its intent was given up, and lands after it.

```
 ShiftIntended ── sent, stuck ── taken over · refused · another shift ── lands ─> EchoSeen ─> put back
```
ARC has no compare-and-set, so such a call cannot be called back. What it changed looks like drift; it is
told from it by being exactly what an intent of ours, not long ago, wanted. It is put back once.
"""

from collections.abc import Mapping

from controller.core.drift import drifted
from controller.core.incident import Memory
from controller.core.journal import Event
from controller.core.plan import after, below_floor
from controller.core.policy import Policy

WITHIN = 300.0
"""Seconds after an intent within which a call of it may still land; later it is somebody else's."""


def echo_of(memory: Memory, controls: Mapping[str, bool] | None, now: float) -> Event | None:
    """The intent whose late call explains every control that stands otherwise than it should, if one does."""
    found = drifted(memory, controls, now)
    if not found:
        return None
    for intent in reversed(memory.intents):
        wanted = {str(name): bool(on) for name, on in intent.data.get("changes", ())}
        fresh = 0.0 <= now - intent.at <= WITHIN and intent.seq not in memory.echoes
        if fresh and all(wanted.get(name) is on for name, on in found.items()):
            return intent
    return None


def put_back(
    policy: Policy, memory: Memory, controls: Mapping[str, bool], now: float
) -> tuple[tuple[str, bool], ...]:
    """What undoes the echo; nothing where that would break the floor."""
    changes = tuple((name, memory.stand[name]) for name in drifted(memory, controls, now))
    return changes if below_floor(policy, after(controls, changes)) is None else ()
