"""The heartbeat of a controller, sent outside after each tick, unless it is ill.

```
 journal read ─ evidence read ─ may look somewhere ─ hears others ─ wrote it down ─ can page ─> beat
      └──────────────┴── any of them not ──────────────┴───────────────┴─────────────┴────────> silence
```
The third party notices silence: a Lambda that does not run, a controller that ticks and is ill, and a page
that reaches nobody look the same from there. What is wrong with the outside instead (a dark Region, a policy
that another controller has not got yet, a brake that a person pulled) is no illness.
"""

from collections.abc import Collection
from typing import Any

from controller.core.decision.decide import Situation
from controller.core.decision.precedence import abstains
from controller.core.incident.state import State
from controller.core.text import sanitize
from controller.ports.errors import OutsideUnreachable
from controller.steps.context.deps import Deps

ILL = frozenset({"journal-unreadable", "evidence-unreadable", "policy-unreadable", "cut-off"})
"""Codes by which a controller abstains because of itself, not of what others have yet to deploy."""


def illness(seen: Situation, state: State, *, written: bool, refused: Collection[str]) -> str:
    """Return why this controller does not do its work; "" where it does.

    written: whether what it decided is kept. refused: the Regions that did not let it look.
    """
    found = abstains(seen)
    if found is not None and found[0] in ILL:
        return found[1]
    if not written:
        return "what it decided could not be written down"
    if len(set(refused)) == len(seen.policy.regions):
        return "it may look at no Region"
    unsent = [notice for notice in state.untold.values() if not notice.due]
    return f"{len(unsent)} pages could not be sent" if unsent else ""


def beat(deps: Deps, ill: str) -> dict[str, Any]:
    """Send a beat unless the controller is ill, and return what became of it.

    It never raises. Empty where nobody outside watches.
    """
    if deps.heartbeat is None:
        return {}
    why, doubt = (f"withheld: {ill}" if ill else ""), ""
    if not ill:
        try:
            doubt = deps.heartbeat.beat()
        except OutsideUnreachable as error:
            why = str(error)
    deps.last_beat.at, deps.last_beat.why = deps.runtime.now(), sanitize(why, 300)
    return {"heartbeat": {"sent": not why, "why": sanitize(why or doubt, 300)}}


def last_beat_data(deps: Deps) -> dict[str, Any]:
    """Return what became of the beat before this tick's, for its assessment."""
    last = deps.last_beat
    return {} if last.at is None else {"heartbeat": {"at": last.at, "why": last.why}}
