"""`python -m tests.mutate [--jobs J] [WORD ...]`: the mutation table; exit 1 if anything survives."""

import argparse
import sys
from multiprocessing import get_context

from tests.mutate.scenes import SCENES
from tests.mutate.sites import rows
from tests.mutate.table import lines, played


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only rows whose name has one of these")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    asked = parser.parse_args()
    names = [name for name in rows() if not asked.words or any(word in name for word in asked.words)]
    if not names:
        parser.error("no row has such a name")
    with get_context("spawn").Pool(asked.jobs) as pool:
        table = list(pool.imap(played, names))
    sys.stdout.write("\n".join(lines(table)) + "\n")
    stale = sorted(set(SCENES) - set(rows()))
    if stale:
        sys.stdout.write(f"worlds of rows that are no more: {', '.join(stale)}\n")
    return int(bool(stale) or any(row.fault for row in table))


if __name__ == "__main__":
    sys.exit(main())
