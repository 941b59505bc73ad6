"""The aims of seeds, so that some hundreds in a row meet all cases.

All cases are every decision code, and every fault in every state of the workflow.
```
 odd seeds   a storm from the start; one fault begins when an execution first comes to one state
 even seeds  calm until it is met, then a storm, and soon the end:
               ├ each fourth  the circumstances of a code
               └ the others   five faults at once, in the moment in which an execution comes to one state
```
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.lab.simulate.directed import CIRCUMSTANCES, FOUND, Circumstance
from controller.lab.simulate.faults.catalogue import FAULTS
from controller.lab.simulate.precedence_scripts import PRECEDENCE
from controller.lab.simulate.world.world import World

WAITS = ("Hold", "Watch", "Approval")
"""States in which no function runs.

They are the wait to look again, the wait for the result, and the wait for people.
"""
CODES = (
    "healthy", "not-confirmed", "unknown", "journal-unreadable", "evidence-unreadable", "disarmed",
    "policy-superseded", "cut-off", "in-progress", "switch-unavailable", "already-left", "blackout",
    "cooldown", "velocity", "shared-cause", "no-target", "target-not-ready", "floor", "approval",
    "approval-denied", "approval-expired", "shadow", "evacuate", "switch-refused", "target-failing",
    "traffic-stays", "traffic-unknown", "source-failing", "drift", "payload-unknown", "by-person",
    "takeovers", "stuck", "away", "restore", "not-ready-to-return", "drill-missed", "going-home",
    "stopped", "outranked", "unanswered", "refused", "return-in-doubt", "fleet-unreadable", "untold",
    "policy-removed", "other-plan", "flapping",
)  # fmt: skip
"""Codes that a thousand seeds must meet."""
NEVER: Mapping[str, str] = {
    "no-drills": "said to the person who asked for a drill, and written nowhere",
    "policy-unreadable": "no fault changes what is kept of a policy, or its version",
    "handed-to-people": "people stand down, and take nothing over",
    "step-failed": "whatever a step fails by has a name, and the code is made from that: process-ended",
    "journal-restored": "no fault takes a journal away, and nobody restores one: a scenario does both",
}
"""Codes that no seed meets, with the reason."""
ENOUGH = 1000
"""Seeds after which the simulation fails for whatever never occurred."""


def pairs(states: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return fault and state, in an order in which neighbours differ in both."""
    faults, every = tuple(FAULTS), (*states, *WAITS)
    return [(fault, every[(n + m) % len(every)]) for m in range(len(every)) for n, fault in enumerate(faults)]


AT_ONCE = 5
"""Faults that begin together."""
ASKED = ("RequestApproval", "Approval")
"""States that a policy without a gate never comes to."""
APART = 4
EVERY = {**CIRCUMSTANCES, **FOUND, **PRECEDENCE}


@dataclass(frozen=True, slots=True)
class Aim:
    """Holds what one seed aims at.

    faults: that are to begin in `state`. code: that is to be said. calm: nothing else happens before.
    """

    faults: tuple[str, ...] = ()
    state: str = ""
    code: str = ""
    calm: bool = True

    @property
    def circumstance(self) -> Circumstance | None:
        return EVERY[self.code] if self.code else None

    @property
    def asked(self) -> bool:
        return self.state in ASKED

    def met(self, world: World) -> bool:
        circumstance = self.circumstance
        if circumstance is not None and circumstance.met is not None:
            return circumstance.met(world)
        if self.code:
            return self.code in world.watch.codes
        return all((fault, self.state) in world.watch.pairs for fault in self.faults)


def calm_aims(states: Sequence[str]) -> list[Aim]:
    """Return all that even seeds aim at, each once."""
    faults, apart = tuple(FAULTS), -(-len(FAULTS) // AT_ONCE)
    every = [Aim(faults[n::apart], state) for n in range(apart) for state in (*states, *WAITS)]
    for number, code in enumerate(EVERY):
        every.insert(APART * number + number % APART, Aim(code=code))
    return every


def period(states: Sequence[str]) -> int:
    """Return the number of seeds in a row that meet every aim.

    From any seed on, some of them aim at each fault in each state, and at each code.
    """
    return 2 * len(calm_aims(states))


def seed_of(code: str, states: Sequence[str]) -> int:
    """Return the first seed that aims at a code, or at another circumstance by its name.

    Raises `ValueError` for what no seed aims at.
    """
    return 2 * [aim.code for aim in calm_aims(states)].index(code)


def aim_of(seed: int, states: Sequence[str]) -> Aim:
    number, odd = divmod(seed, 2)
    if not odd:
        every = calm_aims(states)
        return every[number % len(every)]
    two = pairs(tuple(states))
    fault, state = two[number % len(two)]
    return Aim((fault,), state, calm=False)
