"""What must have occurred: every decision code, and every fault in every state of the workflow."""

from collections.abc import Mapping

from controller.lab.simulate.faults import FAULTS

WAITS = ("Hold", "Watch", "Approval")
"""States in which no function runs: the wait to look again, the wait for the result, the wait for people."""
CODES = (
    "healthy", "not-confirmed", "unknown", "journal-unreadable", "evidence-unreadable", "disarmed",
    "policy-superseded", "cut-off", "in-progress", "switch-unavailable", "already-left", "blackout",
    "cooldown", "velocity", "shared-cause", "no-target", "target-not-ready", "floor", "approval",
    "approval-denied", "approval-expired", "shadow", "evacuate", "switch-refused", "target-failing",
    "traffic-stays", "traffic-unknown", "source-failing", "drift", "payload-unknown", "by-person",
    "takeovers", "stuck", "away", "restore", "not-ready-to-return", "drill-missed", "going-home",
)  # fmt: skip
"""Those that a thousand seeds must meet."""
NEVER: Mapping[str, str] = {
    "no-drills": "said to the person who asked for a drill, and written nowhere",
    "step-failed": "whatever a step fails by has a name, and the code is made from that: process-ended",
}
"""Codes that no seed meets, and why."""
ENOUGH = 1000
"""Seeds after which whatever never occurred is a failure of the simulation."""


def pairs(states: tuple[str, ...]) -> list[tuple[str, str]]:
    """Fault and state, in an order in which neighbours differ in both."""
    faults, every = tuple(FAULTS), (*states, *WAITS)
    return [(fault, every[(n + m) % len(every)]) for m in range(len(every)) for n, fault in enumerate(faults)]
