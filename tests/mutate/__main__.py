"""`python -m tests.mutate [--jobs J] [--some N --seed S] [WORD ...]`: the mutation table.

Exit 1 if anything survives.
"""

import argparse
import random
import sys
from multiprocessing import get_context

from tests.mutate.scenes import SCENES
from tests.mutate.sites import rows
from tests.mutate.table import lines, played


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only rows whose name has one of these")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--some", type=int, metavar="N", help="only so many of them, drawn by --seed")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    names = [name for name in rows() if not asked.words or any(word in name for word in asked.words)]
    if not names:
        parser.error("no row has such a name")
    if asked.some is not None:
        names = random.Random(asked.seed).sample(names, min(asked.some, len(names)))
    with get_context("spawn").Pool(asked.jobs) as pool:
        table = list(pool.imap(played, names))
    sys.stdout.write("\n".join(lines(table)) + "\n")
    stale = sorted(set(SCENES) - set(rows()))
    if stale:
        sys.stdout.write(f"worlds of rows that are no more: {', '.join(stale)}\n")
    return int(bool(stale) or any(row.fault for row in table))


if __name__ == "__main__":
    sys.exit(main())
