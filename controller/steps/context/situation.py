"""The situation that a decision looks at, gathered from everyone who can be asked.

```
 evidence table ─┐
 readiness ──────┼─> situation() ─> core.decision
 switch, fleet ──┘
```

Readiness is asked now, side by side, where an open incident needs it; else it is as it was last kept. What
binds all applications is a journal of its own, in the same table, under a name of its own: the fleet's kill
switch, and the Regions that were left (`core.decision.limits`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from controller.core.decision.decide import Situation
from controller.core.decision.guards import catching_up
from controller.core.decision.limits import Fleet, regions_counted
from controller.core.decision.readiness import ReadinessQuery, ReadinessResult, newest, readiness_queries
from controller.core.incident.state import State
from controller.core.journal.event import Event
from controller.core.journal.notes import Armed, Disarmed, JournalRestored
from controller.core.journal.restoration import Restoration, restorations, story
from controller.core.policy.schema import Policy
from controller.ports.errors import (
    EvidenceUnavailable,
    JournalUnreadable,
    OutsideUnreachable,
    SwitchRefused,
    SwitchUnavailable,
)
from controller.ports.outside import Readiness, Snapshots
from controller.ports.runtime import Runtime, fan_out, wait_for_all
from controller.steps.context.deps import Deps
from controller.steps.context.governance import governed_if_read, named_policies
from controller.steps.context.journal_head import FLEET_HEAD

PATIENCE = 15.0
"""Seconds, as a backstop: each question ends itself after one."""
SNAPSHOT = 270.0
"""Seconds after which a kept answer is asked for again."""
FLEET = "*fleet*"
"""No application can have this name: a policy's names have no `*`."""
TRIES = 2
"""Readings of the fleet's journal before it counts as unreadable."""


def read_snapshots(policy: Policy, snapshots: Snapshots) -> tuple[ReadinessResult, ...]:
    """Return the kept readings.

    None where they cannot be read: the checks are unknown then.
    """
    if not every_query(policy):
        return ()
    try:
        return snapshots.kept(policy.application)
    except EvidenceUnavailable:
        return ()


def read_now(
    policy: Policy, state: State, readiness: Readiness, snapshots: Snapshots, runtime: Runtime
) -> tuple[ReadinessResult, ...]:
    """Return the readings of now about the open incident's move.

    A question that nobody answers has its kept reading.
    """
    wanted = open_queries(policy, state)
    if not wanted:
        return read_snapshots(policy, snapshots)
    fresh = query_all(readiness, runtime, wanted)
    if len(fresh) == len(wanted):
        return tuple(fresh)
    return newest([*read_snapshots(policy, snapshots), *fresh])


def start_reading(
    policy: Policy, state: State | None, readiness: Readiness, snapshots: Snapshots, runtime: Runtime
) -> Callable[[], tuple[ReadinessResult, ...]]:
    """Begin to read beside the caller; return the function that waits for it.

    state: whose open incident asks now; None: what was kept will do.
    """
    if state is None or not open_queries(policy, state):
        return lambda: read_snapshots(policy, snapshots)
    task = runtime.spawn(lambda: read_now(policy, state, readiness, snapshots, runtime))
    ends = runtime.monotonic() + 2 * PATIENCE

    def wait() -> tuple[ReadinessResult, ...]:
        wait_for_all(runtime, [task], ends - runtime.monotonic())
        return task.result() if task.done() else ()

    return wait


def refresh(
    policy: Policy, state: State, readiness: Readiness, snapshots: Snapshots, runtime: Runtime
) -> None:
    """Keep new answers to questions whose kept ones are old.

    Those of an open incident are asked each time.
    """
    every = every_query(policy)
    if not every:
        return
    now = runtime.now()
    known: Mapping[ReadinessQuery, ReadinessResult] = {
        reading.query: reading for reading in read_snapshots(policy, snapshots)
    }
    pressing = set(open_queries(policy, state))
    due = [w for w in every if w in pressing or w not in known or now - known[w].at >= SNAPSHOT]
    with suppress(EvidenceUnavailable):  # what is not kept grows old, and then it is unknown
        snapshots.keep(policy.application, query_all(readiness, runtime, due))


def open_queries(policy: Policy, state: State) -> tuple[ReadinessQuery, ...]:
    """Return the questions of the open incident's next decision."""
    incident = state.open
    if incident is None:
        return ()
    left, policy = state.away(incident.source), policy.about(incident.source)
    if incident.intent == "restore" and policy.restore is not None and left is not None:
        return readiness_queries(policy.restore.ready, incident.target or str(left.target), [incident.source])
    targets = [region for region in policy.target.prefer if region != incident.source]
    found = readiness_queries(policy.target.ready, incident.source, targets)
    back = (readiness_queries(catching_up(policy, state, t), incident.source, [t]) for t in targets)
    return tuple(dict.fromkeys((*found, *(query for each in back for query in each))))


def every_query(policy: Policy) -> tuple[ReadinessQuery, ...]:
    """Return every question of any move of this policy; worked out once."""
    return policy.derived("every readiness query", lambda: _every_query(policy))


def _every_query(policy: Policy) -> tuple[ReadinessQuery, ...]:
    found: dict[ReadinessQuery, None] = {}
    for left in policy.regions:
        here = policy.about(left)
        checks = (*here.target.ready, *(here.restore.ready if here.restore else ()))
        for other in policy.regions:
            if other != left:
                found |= dict.fromkeys(
                    (*readiness_queries(checks, left, [other]), *readiness_queries(checks, other, [left]))
                )
    return tuple(found)


def query_all(
    readiness: Readiness, runtime: Runtime, wanted: Sequence[ReadinessQuery]
) -> list[ReadinessResult]:
    """Return the answers that come; all are asked side by side."""

    def one(query: ReadinessQuery) -> ReadinessResult | None:
        try:
            return readiness.read(query)
        except EvidenceUnavailable:
            return None

    answers = fan_out(runtime, {query: partial(one, query) for query in wanted}, PATIENCE).values()
    return [answer for answer in answers if answer is not None]


def read_fleet(deps: Deps) -> Fleet:
    """Return the fleet as it is now.

    What cannot be read counts as disarmed (S15), and so does a journal that does not reach what this
    controller saw of it (S22).
    """
    head = deps.journal_head
    seen = head.before_reading(lambda: deps.assessments.witness(deps.application), FLEET_HEAD)
    for _ in range(TRIES):
        try:
            events = deps.journal.read(FLEET)
            head.after_reading(seen, events, journal=FLEET_HEAD)
            return Fleet(stopped(events), regions_counted(events), review=to_review(events))
        except OutsideUnreachable:
            continue
        except (JournalUnreadable, ValueError, KeyError) as error:
            said = f"the fleet's kill switch cannot be read and counts as disarmed: {error}"
            return Fleet(said, unread=True)
    return Fleet("the fleet's kill switch cannot be read and counts as disarmed", unread=True)


def fleet_stopped(deps: Deps) -> str | None:
    """Return the reason why nothing in the whole fleet may move, or None."""
    return read_fleet(deps).stopped


def stopped(events: tuple[Event, ...]) -> str | None:
    """Return the reason why nothing in the fleet may move, by its journal's events.

    None while it is armed.
    """
    turned = [(e, e.body) for e in events if isinstance(e.body, Armed | Disarmed | JournalRestored)]
    if not turned or isinstance(turned[-1][1], Armed):
        return None
    last, said = turned[-1]
    reason = story(said) if isinstance(said, JournalRestored) else said.reason
    return f"the whole fleet is disarmed by {last.draft.by}: {reason}"


def to_review(events: tuple[Event, ...]) -> Restoration | None:
    """Return the fleet's last restoration, until a person has armed since."""
    armed = [event.seq for event in events if isinstance(event.body, Armed)]
    since = armed[-1] if armed else 0
    return next((each for each in reversed(restorations(events)) if each.seq > since), None)


def situation(
    deps: Deps, state: State | None, *, read_controls: bool, controls: Mapping[str, bool] | None = None
) -> Situation:
    """Gather what a decision looks at.

    Anything that does not answer is None, and the decision says so. Readiness is asked for now, in an open
    incident, where controls are read too; else as last kept.
    """
    awaited = start_reading(
        deps.policy, state if read_controls else None, deps.readiness, deps.snapshots, deps.runtime
    )
    try:
        evidence = deps.evidence.read(deps.application)
    except EvidenceUnavailable:
        evidence = None
    if read_controls and controls is None:
        controls = read_switch(deps, state)
    readings = awaited()
    others, unread = named_policies(deps, state)
    return Situation(
        deps.policy, deps.account, deps.here, deps.runtime.now(), state, evidence, controls, readings,
        others=others, unread=unread,
    )  # fmt: skip


def after(deps: Deps, seen: Situation, state: State) -> Situation:
    """Return the same situation after further events, with the policies that they name."""
    later = seen.after(state)
    before = seen.state
    if before is not None and (before.policy, before.open and before.open.policy) == (
        state.policy, state.open and state.open.policy
    ):  # fmt: skip
        return later
    others, unread = named_policies(deps, state)
    return replace(later, others=others, unread=unread)


def with_controls(deps: Deps, seen: Situation) -> Situation:
    """Return the same evidence with the controls as they are now.

    In an open incident readiness is asked again too.
    """
    state = seen.state
    if state is None or not open_queries(deps.policy, state):
        controls, readings = read_switch(deps, state), seen.readings
    else:
        awaited = start_reading(deps.policy, state, deps.readiness, deps.snapshots, deps.runtime)
        controls, readings = read_switch(deps, state), awaited()
    return replace(seen, now=deps.runtime.now(), controls=controls, readings=readings)


def read_switch(deps: Deps, state: State | None = None) -> Mapping[str, bool] | None:
    """Return the routing controls as they are; None where nobody can say.

    They are those of the policy to go by, of this controller's own, and of the open incident. Where this
    controller's switch does not know them all, it is asked for some of them alone.
    """
    own, wanted = _controls_of(deps.packaged), _controls_of(deps.policy)
    about = state.open if state else None
    if state is not None and about is not None:
        moved = (*about.before, *about.intended, *about.put)
        wanted = (*wanted, *_controls_of(governed_if_read(deps, state, about).policy), *moved)
    every = tuple(dict.fromkeys((*own, *wanted)))
    for names in dict.fromkeys((every, tuple(dict.fromkeys(wanted)), own)):
        try:
            found = deps.switch.read(names)
        except SwitchRefused:
            continue
        except SwitchUnavailable:
            return None
        return found if all(name in found for name in _controls_of(deps.policy)) else None
    return None


def _controls_of(policy: Policy) -> tuple[str, ...]:
    return tuple(name for entry in policy.regions.values() for name in entry.controls)
