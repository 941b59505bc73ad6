"""The choice of the controller that a person goes through, among several.

It is one that answers and is not cut off from the rest. An incident that is begun through a controller that
is cut off stands still: that controller abstains until another takes over.
"""

from collections.abc import Callable, Sequence

from controller.core.decision.guards import GuardInput, not_cut_off
from controller.core.evidence.evaluation import view
from controller.core.incident.state import State
from controller.core.model import Truth
from controller.ports.errors import EvidenceUnavailable
from controller.steps.context.deps import Deps


def first_able(builds: Sequence[Callable[[], Deps]]) -> Deps:
    """Return the first controller that answers and hears from other Regions.

    Else the first that answers; else the first.
    """
    answering: Deps | None = None
    for build in builds:
        deps = build()
        try:
            cut = cut_off(deps)
        except EvidenceUnavailable:
            continue
        if not cut:
            return deps
        answering = answering or deps
    return answering or builds[0]()


def cut_off(deps: Deps) -> bool:
    """Return True unless something reached this controller lately from another Region.

    Raises `EvidenceUnavailable`.
    """
    now = deps.runtime.now()
    seen = view(deps.policy, deps.account, deps.evidence.read(deps.application), now)
    found = GuardInput(deps.policy, "", now, deps.here, State(deps.application), None, seen, None)
    return not_cut_off(found).value is not Truth.TRUE
