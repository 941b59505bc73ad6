"""A fresh process before a long journal: ten thousand events, and the same bytes hashed by hashlib.

Processor time of one process, botocore's parsing and the rehearsal cloud's own work included.
"""

import hashlib
import time
from collections.abc import Callable
from typing import TypeVar

from controller.core.incident.fold import fold
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import read_state
from tests.bench.long_past import fresh, long_past

BOUND = 0.3
"""Seconds until a fresh process knows the state."""
ROUNDS = 5
T = TypeVar("T")


def bench(say: Callable[[str], None]) -> bool:
    """Print the table; whether the bound held."""
    w = long_past().w
    events = w.events
    texts = [event.text.encode() for event in events]
    state = w.state

    def whole() -> Deps:
        deps = fresh(w)
        found = fold("storefront", deps.journal.follow("storefront", None))
        assert found.incidents == state.incidents
        return deps

    def begun() -> Deps:
        deps = fresh(w)
        assert read_state(deps) == state
        assert deps.journal_head.checkpoint is not None
        return deps

    hashed = _least(lambda: [hashlib.sha256(text).hexdigest() for text in texts])
    rows = {
        "hashlib, the same bytes": hashed,
        "every event read, verified and folded": _least(whole),
        "a fresh process, from its checkpoint": _least(begun),
    }
    warm = begun()
    rows["a process that lives on"] = _least(lambda: read_state(warm))
    say(f"## The state of a journal of {len(events):,} events, {sum(map(len, texts)) / 1e6:.1f} MB\n")
    say("| | ms of processor time | times hashlib | bound |\n|---|---|---|---|")
    for name, seconds in rows.items():
        bound = f"{BOUND * 1000:.0f}" if "checkpoint" in name else ""
        say(f"| {name} | {seconds * 1000:.1f} | {seconds / hashed:.1f} | {bound} |")
    return rows["a fresh process, from its checkpoint"] <= BOUND


def _least(act: Callable[[], T]) -> float:
    """The least of some rounds, in seconds of processor time."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        act()
        found.append(time.process_time() - began)
    return min(found)
