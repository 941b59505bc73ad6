"""The driver of an incident: its epoch, its lease, its beats and its execution.

The execution is named after the incident.
"""

from contextlib import suppress

from controller.core.canonical_json import ascii_digest
from controller.core.decision.decide import Situation
from controller.core.decision.precedence import abstains
from controller.core.incident.state import BEFORE_SHIFT, Incident, Phase, State
from controller.core.journal.moves import HandedOver
from controller.core.journal.notes import Escalated
from controller.ports.errors import JournalConflict, OutsideUnreachable
from controller.ports.storage import Lease
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import write
from controller.steps.context.paging import page
from controller.steps.payload import WORN, WORN_BOUND, StepPayload

MOST_LOST = 3
"""Executions of one incident that are lost, then people are told."""
LONGEST_NAME = 80
"""Characters of an execution's name (StartExecution)."""
LATELY = 600.0
"""Seconds for which a controller that told people counts as one that can."""


def next_epoch(deps: Deps) -> int:
    lease = deps.leases.read(deps.application)
    return lease.epoch + 1 if lease else 1


def successor_epoch(deps: Deps, incident: Incident) -> int:
    """Return the epoch of the next driver: newer than the incident's and the lease's."""
    return max(next_epoch(deps), incident.epoch + 1)


def take_or_keep_lease(deps: Deps, incident: Incident) -> Lease | None:
    """Return the lease at the incident's epoch, and take it if nobody has.

    None if a newer epoch holds it.
    """
    lease = deps.leases.read(deps.application)
    while lease is None or lease.epoch < incident.epoch:
        lease = deps.leases.take(
            deps.application, execution_name(incident, incident.runs), lease, region=deps.here
        )
    return lease if lease.epoch == incident.epoch else None


def drive(deps: Deps, incident: Incident) -> bool:
    """Take the lease for the incident's epoch and start its execution.

    Returns False if the name is used up. The name makes a second start impossible; another process that does
    the same at the same time does no harm.
    """
    with suppress(JournalConflict):
        take_or_keep_lease(deps, incident)
    # The whole payload: the workflow file reads its waits from it, before any step has run.
    payload = StepPayload(
        schema="tidegate.incident/v1",
        application=deps.application,
        incident=incident.id,
        epoch=incident.epoch,
        deployed=deps.deployed,
    )
    return deps.workflow.start(
        execution_name(incident, incident.runs), payload.model_dump(mode="json", by_alias=True)
    )


def execution_name(incident: Incident, run: int) -> str:
    """Return the name of an execution of the incident, of at most 80 characters.

    `evacuate-storefront-us-east-1-17`, and `…-17-2` for the second run. Of a long name the application's own
    is cut, and eight digits of its digest stand for the rest: Region and numbers are there to search for.
    """
    name = f"{incident.intent}-{incident.id}" + (f"-{run + 1}" if run else "")
    if len(name) <= LONGEST_NAME:
        return name
    place = name.rfind(f"-{incident.source}-")
    head, tail = name[:place], name[place:]
    short = f"-{ascii_digest(head)[:8]}{tail}"
    return head[: LONGEST_NAME - len(short)] + short


def bound_by_epoch(incident: Incident) -> bool:
    """Return True where a new epoch costs something.

    People would have to answer again, or a call may be under way.
    """
    return incident.request is not None or incident.phase is Phase.SHIFTING


def worn(payload: StepPayload, incident: Incident) -> bool:
    """Return True where a fresh execution should drive on.

    The history of the present one is long.
    """
    return payload.history >= (WORN_BOUND if bound_by_epoch(incident) else WORN)


def beat(deps: Deps, incident: Incident, seen: Situation) -> None:
    """Write a sign of life, unless this controller must leave the incident to another."""
    if abstains(seen) is not None:
        return
    try:
        lease = deps.leases.read(deps.application)
        if lease is not None and lease.epoch == incident.epoch:
            deps.leases.beat(lease)
    except (JournalConflict, OutsideUnreachable):
        return  # whoever drives now beats for itself


def hand_over_to_next_run(
    deps: Deps, state: State, incident: Incident, reason: str, *, planned: bool = False
) -> State:
    """Write `HandedOver`, then let the next run take the lease.

    The append decides between two that do so at once. planned: the execution itself hands over; else it was
    lost.
    """
    handed = HandedOver(
        from_=execution_name(incident, incident.runs),
        to=execution_name(incident, incident.runs + 1),
        reason=reason,
        planned=planned,
    )
    epoch = successor_epoch(deps, incident)
    state = write(deps, state, handed, incident=incident, epoch=epoch)
    drive(deps, state.incidents[incident.id])
    return state


def hand_over_to_voice(deps: Deps, state: State, incident: Incident) -> State | None:
    """Hand the incident over to a controller that can tell people.

    That one did so lately, and this one cannot. It happens once an incident, and never while a call may be
    under way or once people have agreed. None where there is no reason to. Raises `JournalConflict`.
    """
    bound = incident.phase not in BEFORE_SHIFT or incident.phase is Phase.APPROVED
    if bound or incident.passed_on or incident.voice is None or incident.mute != deps.here:
        return None
    who, told = incident.voice
    if who == deps.here or who not in deps.policy.controllers or deps.runtime.now() - told > LATELY:
        return None
    reason = f"{deps.here} cannot tell people; {who} did {max(0.0, deps.runtime.now() - told):.0f} s ago"
    handed = HandedOver(
        from_=execution_name(incident, incident.runs),
        to=execution_name(incident, incident.runs + 1),
        driver=who,
        code="untold",
        reason=reason,
    )
    epoch = successor_epoch(deps, incident)
    return write(deps, state, handed, incident=incident, epoch=epoch)


def page_takeovers(deps: Deps, state: State, incident: Incident) -> State:
    """Tell people of an incident whose executions or drivers keep failing.

    Its executions keep ending, or its drivers keep falling silent.
    """
    reason = f"{MOST_LOST} executions of it have ended or fallen silent before their time"
    if not page(deps, f"{incident.id}: takeovers", reason, incident=incident):
        return state
    return write(deps, state, Escalated(code="takeovers", reason=reason), incident=incident)
