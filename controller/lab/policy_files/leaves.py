"""The leaves and readiness checks of a policy, with their places in the file."""

from collections.abc import Iterator

from controller.core.policy.conditions import Leaf, leaves
from controller.core.policy.readiness_checks import FamilyCheck, ReadyCheck
from controller.core.policy.schema import Policy, RegionControls
from controller.lab.policy_files.positions import Path


def written(policy: Policy) -> dict[Path, Leaf]:
    """Return the leaves of every `when`, `unless` and `abortWhen`.

    Leaves of named conditions stand where the conditions are used.
    """
    found: dict[Path, Leaf] = {}
    for at, part in _parts(policy):
        for key, move in (("evacuate", part.evacuate), ("restore", part.restore)):
            if move is not None and move.when is not None:
                found |= dict(leaves(move.when, (*at, key, "when"), policy.conditions))
        unless = part.evacuate.unless if part.evacuate else ()
        found |= {(*at, "evacuate", "unless", index): leaf for index, leaf in enumerate(unless or ())}
    aborts = policy.drills.abort_when if policy.drills else ()
    return found | {("drills", "abortWhen", index): leaf for index, leaf in enumerate(aborts)}


def checks(policy: Policy) -> Iterator[tuple[Path, ReadyCheck]]:
    for at, part in _parts(policy):
        for key, move in (("target", part.target), ("restore", part.restore)):
            ready = move.ready if move is not None else ()
            yield from (((*at, key, "ready", index), check) for index, check in enumerate(ready or ()))


def _parts(policy: Policy) -> Iterator[tuple[Path, Policy | RegionControls]]:
    """Yield the common part of the policy, then each Region's own part."""
    yield (), policy
    yield from ((("regions", region), entry) for region, entry in policy.regions.items())


def waits(policy: Policy) -> tuple[float, ...]:
    """Return every `for` of a leaf or of a readiness check, in seconds."""
    spans = [leaf.for_ for leaf in written(policy).values()]
    spans += [check.for_ for _, check in checks(policy) if isinstance(check, FamilyCheck)]
    return tuple(span for span in spans if span is not None)
