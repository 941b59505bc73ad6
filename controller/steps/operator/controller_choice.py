"""The choice of the controller that a person goes through, among several.

It is one that answers and is not cut off from the rest. An incident that is begun through a controller that
is cut off stands still: that controller abstains until another takes over.
"""

from collections.abc import Callable, Sequence

from controller.core.decision.decide import Situation
from controller.core.decision.guards import GuardInput, not_cut_off
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
    now, evidence = deps.runtime.now(), deps.evidence.read(deps.application)
    # Who was heard does not depend on what they said, so no mute can change it: the journal is not needed.
    nothing = State(deps.application)
    s = Situation(deps.policy, deps.account, deps.here, now, nothing, evidence, None)
    found = GuardInput(s.policy, "", s.now, s.here, nothing, None, s.seen, None)
    return not_cut_off(found).value is not Truth.TRUE
