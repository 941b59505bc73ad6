"""What must have occurred: every decision code, and every fault in every state of the workflow."""

from collections.abc import Mapping

from controller.lab.simulate.faults import FAULTS

WAITS = ("Hold", "Watch", "Approval")
"""States in which no function runs: the wait to look again, the wait for the result, the wait for people."""
CODES = (
    "healthy", "not-confirmed", "unknown", "journal-unreadable", "evidence-unreadable", "disarmed",
    "policy-superseded", "cut-off", "in-progress", "switch-unavailable", "already-left", "blackout",
    "cooldown", "velocity", "shared-cause", "target-not-ready", "approval", "approval-denied",
    "approval-expired", "shadow", "evacuate", "switch-refused", "target-failing", "traffic-stays",
    "traffic-unknown", "source-failing", "drift", "by-person", "takeovers", "stuck", "step-failed",
    "away", "restore", "not-ready-to-return", "drill-missed", "going-home",
)  # fmt: skip
"""Those that many seeds meet."""
NEVER: Mapping[str, str] = {
    "no-target": "every Region of a policy names the others as targets; what keeps them is told by its code",
    "floor": "each slice has a control in each Region, so that a plan into a whole Region keeps the floor",
    "payload-unknown": "all controllers of a run are of one version, which reads what it wrote",
    "no-drills": "said to the person who asked, and written nowhere",
}
"""Codes that no seed meets, and why; other tests meet them."""


def pairs(states: tuple[str, ...]) -> list[tuple[str, str]]:
    """Fault and state, in an order in which neighbours differ in both."""
    faults, every = tuple(FAULTS), (*states, *WAITS)
    return [(fault, every[(n + m) % len(every)]) for m in range(len(every)) for n, fault in enumerate(faults)]
