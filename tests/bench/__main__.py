"""`make bench`, or `python -m tests.bench [NAME ...]`: what is measured, beside peers.

It prints and writes nothing; exit 1 where a bound does not hold.
"""

import os
import platform
import sys
import time
from pathlib import Path

from tests.bench import backtest, console, decision, flips, journal, kernel, own_work, simulation


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def machine() -> str:
    """What it runs on, and how busy that was a minute before."""
    cpuinfo = Path("/proc/cpuinfo")
    names = (
        [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        if cpuinfo.exists()
        else []
    )
    model = names[0].partition(":")[2].strip() if names else platform.machine()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"{platform.system()}, Python {platform.python_version()}, {os.cpu_count()} cores ({model}), "
        f"load {load:.1f} in the minute before"
    )


if __name__ == "__main__":
    begun = time.perf_counter()
    say(machine() + "\n")
    benches = (own_work, flips, kernel, simulation, decision, backtest, journal, console)
    named = {each.__name__.rpartition(".")[2]: each for each in benches}
    good = [named[name].bench(say) for name in sys.argv[1:] or named]
    verdict = "every bound held" if all(good) else "A BOUND DID NOT HOLD"
    say(f"\n{verdict}; {time.perf_counter() - begun:.0f} s in all")
    sys.exit(0 if all(good) else 1)
