"""One evacuation in which one call goes wrong in one way, played to its end."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.core.incident.state import Phase
from controller.core.journal.kind import Kind
from controller.steps.operator.approve import answer
from tests.support.policy_scene import policy_data
from tests.support.world import World, executions, failing
from tests.support.world_faults import Sent

MODES = ("refused", "lost", "died", "dies")
"""Never arrived; applied, its reply lost; the process ended before it; ended right after it applied."""


@dataclass(frozen=True)
class Cell:
    """Call number `number` of a run meets `mode`."""

    number: int
    mode: str


def play_cell(cell: Cell | None, *, gate: bool = True, within: float = 420.0) -> World:
    """An evacuation of us-east-1 with an approver who answers at once, until it has ended."""
    w = failing(**({"evacuate": policy_data()["evacuate"]} if gate else {}))

    def trouble(sent: Sent) -> str | None:
        return cell.mode if cell is not None and sent.number == cell.number else None

    w.trouble = trouble
    run_to_the_end(w, within)
    return w


def run_to_the_end(w: World, within: float = 420.0) -> None:
    """Approve whatever is asked, until the incident has ended."""
    w.advance(55.0)
    end = w.stage.kernel.now() + within
    while w.stage.kernel.now() < end:
        w.advance(4.0)
        incident = w.state.open
        if incident is None and w.state.incidents:
            w.until(lambda: all(run["status"] != "RUNNING" for run in executions(w)), 60.0, step=10.0)
            return
        waiting = incident is not None and incident.phase is Phase.ASKED and incident.request
        if waiting and waiting.status == "waiting":
            answer(w.hand, waiting.id, who="ana", approve=True)


def wrong(w: World) -> list[str]:
    """What is not as after exactly one evacuation."""
    checks: Sequence[tuple[bool, str]] = (
        (w.whole, "the chain is broken, or a slice was Off everywhere"),
        (w.count(Kind.INCIDENT_OPENED) == 1, f"{w.count(Kind.INCIDENT_OPENED)} incidents"),
        (w.count(Kind.SETTLED) == 1, f"settled {w.count(Kind.SETTLED)} times"),
        (w.count(Kind.SHIFT_APPLIED) == 1, f"applied {w.count(Kind.SHIFT_APPLIED)} times"),
        (sorted(move[1:] for move in w.moves) == [(f"use1-{s}", False) for s in "abcd"], f"moves {w.moves}"),
        (all(run["status"] != "RUNNING" for run in executions(w)), "an execution still runs"),
    )  # fmt: skip
    return [said for good, said in checks if not good]
