"""A policy with a few keys of its own for one scenario.

These keys say what the shipped policy does not say.
"""

from collections.abc import Mapping
from typing import Any

from controller.core.policy.schema import Policy
from controller.core.policy.validation import compiled, parse_policy


def overlaid(policy: Policy, changes: Mapping[str, Any]) -> Policy:
    """Return `policy` with `changes` laid over it, mapping by mapping.

    Raises `PolicyError`.
    """
    return parse_policy(_merged(compiled(policy), changes)) if changes else policy


def unscheduled(policy: Policy) -> Policy:
    """Return `policy` without what the time of day begins or forbids.

    A rehearsal has a clock of its own.
    """
    data = compiled(policy)
    data["limits"].pop("blackout", None)
    data.get("drills", {}).pop("cron", None)
    return parse_policy(data)


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in changes.items():
        under = both.get(key)
        both[key] = (
            _merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
        )
    return both
