"""`make bench`: prints, and writes nothing."""

import sys

from tests.bench import flips, own_work


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    own_work.bench(say)
    flips.bench(say)
