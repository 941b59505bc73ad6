"""The size of each function: memory, time, and how many run at once. No two states share a function.

```
 called all the time, so never cold     Observe, Tick                     512 MB: 0.29 of a processor
 called seldom, while somebody waits    the workflow's states, Console  1,769 MB: a whole one
```
docs/decisions/0044-functions-and-their-sizes.md has the costs and the reasons, tests/infra/test_sizes.py
counts them again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PROCESSOR = 1769
"""MB at which a function has a whole processor (Lambda Developer Guide, "Configure function memory")."""
SMALL = 512
UNRESERVED, USUAL_QUOTA = 100, 1000
"""Concurrent executions: those that AWS leaves to functions without a reservation, and the default quota
of a Region (Lambda Developer Guide, "Lambda quotas"). New accounts may have 10."""


@dataclass(frozen=True, slots=True)
class Size:
    """memory: MB. timeout: seconds. at_once: how many run at the same time at most."""

    memory: int
    timeout: int = 20
    at_once: int = 2


CONCURRENCY = 10
"""Batches of the queue that are observed at the same time: the mapping's own maximum."""
SIZES: Mapping[str, Size] = {
    # The queue's batches, and what the direct rule brings.
    "Observe": Size(SMALL, at_once=CONCURRENCY + 2),
    "Tick": Size(SMALL, timeout=50),
    # An execution and the one that takes over from it.
    "Assess": Size(PROCESSOR),
    "ConfirmReadiness": Size(PROCESSOR),
    "RequestApproval": Size(PROCESSOR),
    # What was sent is heard out and written down: 15 s until the last send, 10 for what is still open, and
    # the journal. Not longer than the workflow waits, nor than another controller does.
    "ShiftTraffic": Size(PROCESSOR, timeout=30),
    "VerifyShift": Size(PROCESSOR, timeout=30),
    "Escalate": Size(PROCESSOR),
    "HandOver": Size(PROCESSOR),
    "Console": Size(PROCESSOR, at_once=10),
}
WARM = ("Assess", "ConfirmReadiness", "RequestApproval", "ShiftTraffic", "VerifyShift")
"""The states between a decision and the last control: a schedule keeps each of them warm."""
EVERY_MINUTES = 5
"""Minutes between two calls that keep a function warm. AWS promises no time for which an idle one is kept;
the shortest that others have measured is ten minutes."""
