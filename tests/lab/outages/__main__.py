"""`python -m tests.lab.outages [NAME]`: every named outage, whole, through the whole controller.

`python -m tests.lab.outages --write FOLDER [NAME]` writes them for `tidegate policy replay`, no more.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from controller.entry.replay import composition
from controller.lab.replay.events import read_recording
from controller.lab.replay.play import replay
from tests.lab.outages.verdicts import HERE, Case, cases, misses


def written(case: Case, folder: Path, *, whole: bool = True) -> Path:
    """The file of a case's events, as `tidegate policy replay` reads it."""
    path = folder / f"{case.name}.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in case.events(whole=whole)))
    return path


def write(named: Mapping[str, Case], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for case in named.values():
        shutil.copy(HERE / case.data["policy"], folder)
        file, policy = written(case, folder), folder / case.data["policy"]
        sys.stdout.write(f"tidegate policy replay {file} --policy {policy} --alone\n")


def play(named: Mapping[str, Case]) -> bool:
    """Whether all came out as was written down."""
    good = True
    for name, case in named.items():
        began = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            told = replay(case.policy, read_recording(written(case, Path(folder))), composition(), alone=True)
        wrong = misses(case, told, whole=True)
        good = good and not wrong
        took, read = time.process_time() - began, told["events"]["read"]
        sys.stdout.write(f"{'NO' if wrong else 'ok':<3}{name:<44}{read:>6} events {took:>6.1f} s\n")
        for each in wrong:
            sys.stdout.write(f"     {each}\n")
        sys.stdout.flush()
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.outages")
    parser.add_argument("--write", type=Path, metavar="FOLDER")
    parser.add_argument("names", nargs="*", metavar="NAME")
    asked = parser.parse_args()
    named = {
        name: case
        for name, case in cases().items()
        if not asked.names or any(word in name for word in asked.names)
    }
    if asked.write is not None:
        write(named, asked.write)
        return 0
    return 0 if play(named) else 1


if __name__ == "__main__":
    sys.exit(main())
