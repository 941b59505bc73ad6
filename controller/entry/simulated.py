"""Seeds played by one process or by several: the composition of lab and wiring for `simulate`."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from controller import wiring
from controller.entry import lambdas
from controller.entry.rehearsal import parts
from controller.lab.simulate.run import Outcome, Phase, run_seed
from controller.lab.simulate.world import Plant
from controller.steps.context import Deps


@dataclass(frozen=True, slots=True)
class Wish:
    """What every seed of a run is played with. trace: the file that everything seen is written to, if any."""

    faults: tuple[str, ...] = ()
    phase: Phase = "both"
    trace: Path | None = None


class _Nowhere(io.StringIO):
    """Where the handlers' log goes."""

    def write(self, text: str) -> int:
        return len(text)


NOWHERE = _Nowhere()


@cache
def plant() -> Plant:
    return Plant(parts(), wiring.build, _bound)


def _bound(deps: Deps, home: str) -> Mapping[str, lambdas.Handler]:
    return lambdas.bound(deps, NOWHERE, f"simulated-{home}")


def play(seed: int, wish: Wish) -> Outcome:
    """One seed. Raises `OSError` where the trace cannot be written."""
    if wish.trace is None:
        return run_seed(seed, plant(), faults=wish.faults, phase=wish.phase)
    with wish.trace.open("w", encoding="utf-8") as file:
        return run_seed(seed, plant(), faults=wish.faults, phase=wish.phase, trace=file)


def played(seeds: Sequence[int], wish: Wish, jobs: int) -> Iterator[Outcome]:
    """The outcomes in the order of the seeds, whichever process played which."""
    if jobs == 1:
        yield from (play(seed, wish) for seed in seeds)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_Play(wish), seeds)


@dataclass(frozen=True, slots=True)
class _Play:
    wish: Wish

    def __call__(self, seed: int) -> Outcome:
        return play(seed, self.wish)
