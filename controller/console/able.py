"""Could each Region be left at this moment, where to, and what would hold it? Asked before it is needed."""

from dataclasses import dataclass

from controller.console.view_data import Seen
from controller.core.decision.guards import TO_OPEN, Found, choose_target, ready_answers
from controller.core.incident.state import Incident
from controller.core.model import Answer, Check, Truth
from controller.steps.context.deps import Deps
from controller.steps.context.situation import read_kept


@dataclass(frozen=True, slots=True)
class Able:
    """target: the Region that it would go to; None: there is none, and `held` says why.

    answers: what was asked of the target. held: checks that would keep it from moving by itself. home: the
    evacuation that the Region has not come home from, if it is left already.
    """

    region: str
    target: str | None
    answers: tuple[Answer, ...]
    held: tuple[Check, ...]
    away: Incident | None


def able(deps: Deps, seen: Seen) -> list[Able]:
    """One for each Region; nothing where the evidence cannot be read. Readiness as it was last kept."""
    if seen.evidence is None:
        return []
    readings = read_kept(deps.policy, deps.snapshots)
    found = []
    for region in deps.policy.regions:
        policy, away = deps.policy.about(region), seen.memory.away(region)
        open_ = seen.memory.open
        incident = open_ if open_ is not None and open_.source == region else None
        at_hand = Found(
            policy, region, seen.now, deps.here, seen.memory, incident, seen.evidence, seen.controls,
            readings=readings,
        )  # fmt: skip
        target, checks = choose_target(at_hand)
        answers = ready_answers(at_hand, target) if target is not None else ()
        held = [check for guard in TO_OPEN if (check := guard(at_hand)).value is not Truth.TRUE]
        if target is None:
            held += [check for check in checks if check.value is not Truth.TRUE]
        found.append(Able(region, target, answers, tuple(held), away))
    return found
