"""The controller's own work: from the start of an execution to the call that moves routing controls.

Virtual time: 20 ms for each call to AWS, as many as are made; plus the processor time really used between
the two, the rehearsal's own included. No gate, no holds.
"""

import time
from collections.abc import Callable

from controller.core.journal.kind import Kind
from tests.support.world import failing
from tests.support.world_faults import Sent


def bench(say: Callable[[str], None], *, incidents: int = 40) -> bool:
    """Print one table; whether both bounds held."""
    took: list[tuple[float, float, int]] = []
    for seed in range(1, incidents + 1):
        w = failing(seed)
        started: list[tuple[float, float, int]] = []
        ended: list[tuple[float, float, int]] = []

        def hear(
            sent: Sent,
            w: object = w,
            started: list[tuple[float, float, int]] = started,
            ended: list[tuple[float, float, int]] = ended,
        ) -> None:
            moment = (w.stage.kernel.now(), time.process_time(), len(w.calls))  # type: ignore[attr-defined]
            if sent.operation == "StartExecution":
                started.append(moment)
            elif sent.operation.startswith("UpdateRoutingControlState"):
                ended.append(moment)

        w.trouble = hear
        assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
        waited, worked, calls = (b - a for a, b in zip(started[0], ended[0], strict=True))
        took.append((waited, worked, int(calls)))
    total = sorted(waited + worked for waited, worked, _ in took)
    p50, p99 = total[len(total) // 2], total[min(len(total) - 1, int(len(total) * 0.99))]
    calls = sorted(count for _, _, count in took)
    worked = sorted(each for _, each, _ in took)
    half = len(took) // 2
    say(f"Execution start to ARC call, {incidents} incidents, no gate, no holds; 20 ms a call + processor:")
    say(f"  p50 {p50:.2f} s (bound 1) {'ok' if p50 < 1 else 'NO'}")
    say(f"  p99 {p99:.2f} s (bound 2) {'ok' if p99 < 2 else 'NO'}")
    say(f"  of which processor p50 {worked[half]:.3f} s; calls to AWS p50 {calls[half]}\n")
    return p50 < 1 and p99 < 2


__all__ = ["bench"]
