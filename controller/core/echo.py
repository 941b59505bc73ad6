"""An echo: a call of ours that was sent before its intent was given up, and lands after it.

```
 ShiftIntended ── sent, stuck ── taken over · refused · another shift ── lands ─> EchoSeen ─> put back
```
ARC has no compare-and-set, so such a call cannot be called back. What it changed looks like drift; it is
told from it by being exactly what an intent of ours, not long ago, wanted. It is put back once.

The intent was dated by another controller's clock, so its age is known to `SKEW` only.
"""

from collections.abc import Mapping

from controller.core.drift import LAG, drifted
from controller.core.incident import Memory
from controller.core.journal import Event
from controller.core.plan import after, below_floor
from controller.core.policy import Policy

WITHIN = 300.0
"""Seconds after an intent within which a call of it may still land; later it is somebody else's."""
SKEW = 1200.0
"""Seconds that two clocks may differ by: ten minutes either way."""


def echo_of(memory: Memory, controls: Mapping[str, bool] | None, now: float) -> Event | None:
    """The intent whose late call explains every control that stands otherwise than it should, if one does."""
    found = drifted(memory, controls, _after(memory, now))
    if not found:
        return None
    put_back_before = [_wanted(intent) for intent in memory.intents if intent.seq in memory.echoes]
    for intent in reversed(memory.intents):
        age, wanted = now - intent.at, _wanted(intent)
        recent = 0.0 <= age <= WITHIN
        # By clocks that differ it may be recent; twice in so long a time is somebody's will.
        perhaps = -SKEW <= age <= WITHIN + SKEW and wanted not in put_back_before
        ours = intent.seq not in memory.echoes and (recent or perhaps)
        if ours and all(wanted.get(name) is on for name, on in found.items()):
            return intent
    return None


def _wanted(intent: Event) -> dict[str, bool]:
    return {str(name): bool(on) for name, on in intent.data.get("changes", ())}


def put_back(
    policy: Policy, memory: Memory, controls: Mapping[str, bool], now: float
) -> tuple[tuple[str, bool], ...]:
    """What undoes the echo; nothing where that would break the floor."""
    found = drifted(memory, controls, _after(memory, now))
    changes = tuple((name, memory.stand[name]) for name in found)
    return changes if below_floor(policy, after(controls, changes)) is None else ()


def _after(memory: Memory, now: float) -> float:
    """Now, or by a clock that is behind the journal's, when what was put has been seen everywhere."""
    return now if now >= memory.stood else memory.stood + LAG
