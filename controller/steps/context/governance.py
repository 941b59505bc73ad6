"""The policies of a step: its own, the incident's, and the one in force.

```
 journal: IncidentOpened … policy 1a2b ─┐            ┌─ own: at hand ─────────────────┐
          PolicyLoaded … digest 5e6f ───┴─ digests ──┤                                ├─> governed deps
                                                     └─ in a table: verified by digest ┘
```
A controller that was deployed with neither still drives what is open: so the roll-back of one stack silences
nobody. It opens nothing, for what it was deployed with is not in force.
"""

from contextlib import suppress
from dataclasses import replace

from controller.core.incident.state import Incident, State
from controller.core.policy.document import document_of
from controller.core.policy.governance import governing
from controller.core.policy.schema import Policy
from controller.ports.errors import OutsideUnreachable, PolicyUnreadable
from controller.steps.context.deps import Deps


def keep_own_policy(deps: Deps) -> None:
    """Keep the document of this controller's policy for all others.

    Once a process. Raises `OutsideUnreachable`.
    """
    own = deps.packaged
    deps.library.keep_once(own, lambda text: deps.policies.keep(own.digest, text), document_of)


def keep_own_policy_if_in_force(deps: Deps, state: State) -> None:
    """Keep the document of this controller's policy where that is in force.

    Who loaded it may have been of a version before, which kept none. Where the table does not answer, the
    next tick tries again.
    """
    if state.policy == deps.packaged.digest:
        with suppress(OutsideUnreachable):
            keep_own_policy(deps)


def read_policy(deps: Deps, digest: str) -> Policy:
    """Return the policy with that digest, at hand or kept.

    Raises `PolicyUnreadable`.
    """
    if digest == deps.packaged.digest:
        return deps.packaged
    return deps.library.find(digest, deps.policies.read)


def named_policies(deps: Deps, state: State | None) -> tuple[dict[str, Policy], dict[str, str]]:
    """Return the policies that a decision about this state needs, beside `deps.policy`.

    They are the one in force, and the one that the open incident goes on by; in the second result digest ->
    why it cannot be read.
    """
    about = state.open if state else None
    named = {state.policy if state else None, about.policy if about else None, deps.packaged.digest}
    found: dict[str, Policy] = {}
    unread: dict[str, str] = {}
    for digest in sorted(each for each in named if each and each != deps.policy.digest):
        try:
            found[digest] = read_policy(deps, digest)
        except PolicyUnreadable as error:
            unread[digest] = str(error)
    return found, unread


def governed(deps: Deps, state: State, incident: Incident) -> Deps:
    """Return the deps by whose policy the incident goes on.

    That is the one that began it, bounded by the one in force. Where the latter cannot be read, the guard of
    the policy holds the move. Raises `PolicyUnreadable` where the one that began it cannot be read.
    """
    began = read_policy(deps, incident.policy or deps.packaged.digest)
    try:
        policy = governing(began, read_policy(deps, state.policy)) if state.policy else began
    except PolicyUnreadable:
        policy = began
    return _by(deps, policy)


def governed_if_read(deps: Deps, state: State, incident: Incident) -> Deps:
    """Return what `governed` does, or the deps as they are."""
    try:
        return governed(deps, state, incident)
    except PolicyUnreadable:
        return deps


def by_policy_in_force(deps: Deps, state: State) -> Deps:
    """Return the deps by whose policy a person's command opens an incident.

    Raises `PolicyUnreadable`.
    """
    return _by(deps, read_policy(deps, state.policy or deps.packaged.digest))


def _by(deps: Deps, policy: Policy) -> Deps:
    return deps if policy is deps.policy else replace(deps, policy=policy, deployed_with=deps.packaged)
