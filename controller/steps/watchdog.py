"""Who watches the watcher: the probe that went through the intake, and executions that ended too soon."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from controller.core.decision.decide import decide
from controller.core.model import Probe
from controller.ports.errors import ControllerError, JournalConflict, TokenClosed
from controller.steps.alive import keep_alive
from controller.steps.context import Deps, lacks, remember, situation
from controller.steps.judge import Judged, execution_name
from controller.steps.takeover import TOO_MANY


def probe_record(deps: Deps, probes: Sequence[Probe]) -> dict[str, Any]:
    """How long each probe was under way, and what would be decided now; nothing is opened."""
    record: dict[str, Any] = {
        "by": "probe",
        "decisions": [],
        "probes": [{"region": p.region, "round_trip_s": round(p.received - p.sent, 3)} for p in probes],
    }
    try:
        seen = situation(deps, remember(deps), read_controls=False)
    except ControllerError as error:
        return record | {"failed": type(error).__name__}
    return record | {"would": {r: decide(seen, r, tree=False).code for r in deps.policy.regions}}


def revive(deps: Deps, judged: Judged, ended: Sequence[str]) -> None:
    """Go on at once where the open incident's execution is among those that `ended`.

    Only while that is news: an incident whose executions keep ending goes on at the tick's pace.
    """
    incident = judged.memory.open
    if incident is None or execution_name(incident, incident.runs) not in ended:
        return
    if lacks(deps.policy, judged.memory):
        return
    if incident.runs + 1 < TOO_MANY:
        about = next(d for d in judged.decisions if d.region == incident.source)
        with suppress(JournalConflict, TokenClosed):  # a sibling or the tick was faster
            keep_alive(deps, judged.memory, incident, about)
