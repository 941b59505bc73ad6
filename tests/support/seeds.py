"""The seeds of random tests: few in the usual tiers, many where something is to be proved.

`TIDEGATE_ROUNDS` multiplies their number; `TIDEGATE_FIRST_ROUND` says how many rounds are passed over. Both
are set by `python -m tests.prove`.
"""

import os

ROUNDS = max(1, int(os.environ.get("TIDEGATE_ROUNDS", "1")))
SKIPPED = max(0, int(os.environ.get("TIDEGATE_FIRST_ROUND", "0")))


def seeds(usual: range) -> range:
    """Return the usual seeds, or those of more rounds and of a later one."""
    first = usual.start + SKIPPED * len(usual)
    return range(first, first + len(usual) * ROUNDS)


def examples(usual: int) -> int:
    """Return how many examples a property is tried on."""
    return usual * ROUNDS
