"""`python -m tests.prove [--slice SEED]`: proofs that are too long for every change; exit 1 if one fails.

```
 mutants   every guard and conditional write taken out in turn     slice: a dozen of them
 attacks   hostile input and random faults, 20 rounds of seeds     slice: one round of the twenty
 seeds     the kill matrix, and simulated outages from 1 to 1,000  slice: thirty of the thousand
 month     thirty quiet days, a storm, dark and blind stretches   slice: none, a test plays some hours
 bench     everything measured beside a peer                       slice: one bench; it decides nothing
```

A slice takes a minute at most for each, and its seed comes of the commit: each change is tried on another
one.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from tests.tiers import ATTACKS

ROOT = Path(__file__).parents[1]
ROUNDS, SEEDS, SOME = 20, 1000, 30
MUTANTS = 12
QUICK_BENCHES = ("kernel", "decision")
PEERS = ("pandas", "simpy", "zen")
"""What benches import beside us. A bench's exit code decides nothing, so what it lacks is seen before."""


@dataclass(frozen=True)
class Proof:
    """One command. decides: its exit code counts."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    decides: bool = True


def whole() -> Iterator[Proof]:
    yield Proof("mutants", _python("-m", "tests.mutate"))
    yield Proof("attacks", _pytest(*ATTACKS), {"TIDEGATE_ROUNDS": str(ROUNDS)})
    yield Proof("kill matrix", _tidegate("simulate", "--kill-matrix", "--jobs", "2"))
    yield Proof("seeds", _tidegate("simulate", "--seeds", str(SEEDS), "--jobs", "2"))
    yield Proof("month", _tidegate("simulate", "--month", "30", "--jobs", "2"))
    yield Proof("bench", _python("-m", "tests.bench"))


def a_slice(seed: int) -> Iterator[Proof]:
    rng = random.Random(seed)
    yield Proof("mutants", _python("-m", "tests.mutate", "--some", str(MUTANTS), "--seed", str(seed)))
    later = {"TIDEGATE_FIRST_ROUND": str(rng.randrange(ROUNDS))}
    yield Proof("attacks", _pytest(*ATTACKS, f"--hypothesis-seed={seed}"), later)
    first = str(rng.randint(1, SEEDS - SOME + 1))
    yield Proof("seeds", _tidegate("simulate", "--seeds", str(SOME), "--seed", first, "--jobs", "2"))
    yield Proof("bench", _python("-m", "tests.bench", rng.choice(QUICK_BENCHES)), decides=False)


def _python(*words: str) -> list[str]:
    return [sys.executable, *words]


def _pytest(*words: str) -> list[str]:
    return _python("-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *words)


def _tidegate(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("tidegate")), *words]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--slice", type=int, metavar="SEED", help="a minute of each, drawn by this seed")
    asked = parser.parse_args()
    if missing := [name for name in PEERS if find_spec(name) is None]:
        _say(f"{', '.join(missing)}: not installed; `make bench` and `make check` install what benches need")
        return 2
    failed = []
    for proof in whole() if asked.slice is None else a_slice(asked.slice):
        _say(f"== {proof.name}: {' '.join(proof.command[1:])}")
        began = time.monotonic()
        done = subprocess.run(proof.command, cwd=ROOT, env={**os.environ, **proof.environment}, check=False)
        _say(f"== {proof.name}: exit {done.returncode}, {time.monotonic() - began:.0f} s\n")
        if done.returncode and proof.decides:
            failed.append(proof.name)
    _say(f"failed: {', '.join(failed)}" if failed else "nothing failed")
    return int(bool(failed))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
