"""Gathering what others say of readiness: asked now, side by side; else as it was last kept."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from controller.core.decision.readiness import Reading, Wish, newest, wishes
from controller.core.incident.state import Memory
from controller.core.policy.schema import Policy
from controller.ports.errors import EvidenceUnavailable
from controller.ports.readiness import Readiness, Snapshots
from controller.ports.runtime import Runtime

PATIENCE = 15.0
"""Seconds, as a backstop: each question ends itself after one."""
SNAPSHOT = 270.0
"""Seconds after which a kept answer is asked for again."""


def read_kept(policy: Policy, snapshots: Snapshots) -> tuple[Reading, ...]:
    """What was kept; nothing where that cannot be read, so that the checks are unknown."""
    if not every_wish(policy):
        return ()
    try:
        return snapshots.kept(policy.application)
    except EvidenceUnavailable:
        return ()


def read_now(
    policy: Policy, memory: Memory, readiness: Readiness, snapshots: Snapshots, runtime: Runtime
) -> tuple[Reading, ...]:
    """What is said now about the move of the open incident; what was kept, where nobody answers."""
    wanted = open_wishes(policy, memory)
    if not wanted:
        return read_kept(policy, snapshots)
    fresh = ask(readiness, runtime, wanted)
    if len(fresh) == len(wanted):
        return tuple(fresh)
    return newest([*read_kept(policy, snapshots), *fresh])


def read_beside(
    policy: Policy, memory: Memory | None, readiness: Readiness, snapshots: Snapshots, runtime: Runtime
) -> Callable[[], tuple[Reading, ...]]:
    """Begin to read beside the caller; call what this returns to wait for it.

    memory: whose open incident asks now; None: what was kept will do.
    """
    if memory is None or not open_wishes(policy, memory):
        return lambda: read_kept(policy, snapshots)
    task = runtime.spawn(lambda: read_now(policy, memory, readiness, snapshots, runtime))
    ends = runtime.monotonic() + 2 * PATIENCE

    def wait() -> tuple[Reading, ...]:
        while not task.done() and runtime.monotonic() < ends:
            runtime.wait([task], ends - runtime.monotonic())
        return task.result() if task.done() else ()

    return wait


def refresh(
    policy: Policy, memory: Memory, readiness: Readiness, snapshots: Snapshots, runtime: Runtime
) -> None:
    """Keep a new answer to each question whose kept one is old, and to all that an open incident asks."""
    every = every_wish(policy)
    if not every:
        return
    now = runtime.now()
    known: Mapping[Wish, Reading] = {reading.wish: reading for reading in read_kept(policy, snapshots)}
    pressing = set(open_wishes(policy, memory))
    due = [w for w in every if w in pressing or w not in known or now - known[w].at >= SNAPSHOT]
    with suppress(EvidenceUnavailable):  # what is not kept grows old, and then it is unknown
        snapshots.keep(policy.application, ask(readiness, runtime, due))


def open_wishes(policy: Policy, memory: Memory) -> tuple[Wish, ...]:
    """What the open incident's next decision asks for."""
    incident = memory.open
    if incident is None:
        return ()
    left, policy = memory.away(incident.source), policy.about(incident.source)
    if incident.intent == "restore" and policy.restore is not None and left is not None:
        return wishes(policy.restore.ready, incident.target or str(left.target), [incident.source])
    targets = [region for region in policy.target.prefer if region != incident.source]
    return wishes(policy.target.ready, incident.source, targets)


_EVERY: dict[int, tuple[Policy, tuple[Wish, ...]]] = {}
MOST = 64


def every_wish(policy: Policy) -> tuple[Wish, ...]:
    """All that any move of this policy may ask for; worked out once for each that is in use."""
    known = _EVERY.get(id(policy))
    if known is None:
        if len(_EVERY) >= MOST:
            _EVERY.clear()
        known = _EVERY[id(policy)] = (policy, _every_wish(policy))  # kept, so that nothing else gets its id
    return known[1]


def _every_wish(policy: Policy) -> tuple[Wish, ...]:
    found: dict[Wish, None] = {}
    for left in policy.regions:
        here = policy.about(left)
        checks = (*here.target.ready, *(here.restore.ready if here.restore else ()))
        for other in policy.regions:
            if other != left:
                found |= dict.fromkeys((*wishes(checks, left, [other]), *wishes(checks, other, [left])))
    return tuple(found)


def ask(readiness: Readiness, runtime: Runtime, wanted: Sequence[Wish]) -> list[Reading]:
    """The answers that come, all asked side by side."""

    def one(wish: Wish) -> Reading | None:
        try:
            return readiness.read(wish)
        except EvidenceUnavailable:
            return None

    tasks = [runtime.spawn(lambda wish=wish: one(wish)) for wish in wanted]  # type: ignore[misc]
    ends = runtime.monotonic() + PATIENCE
    while (rest := [t for t in tasks if not t.done()]) and runtime.monotonic() < ends:
        runtime.wait(rest, ends - runtime.monotonic())
    answers = [task.result() for task in tasks if task.done()]
    return [answer for answer in answers if answer is not None]
