"""`python -m tests.cases [ID ...]`: plays the cases, all or the named ones, and prints their texts.

With one id, that is the text to be recorded: `python -m tests.cases y4 > tests/cases/recorded/y4.txt`.
"""

import sys

from tests.cases.catalogue import CASES, transcript

if __name__ == "__main__":
    wanted = sys.argv[1:] or list(CASES)
    if unknown := [case for case in wanted if case not in CASES]:
        sys.exit(f"no such case: {', '.join(unknown)}; there are {', '.join(CASES)}")
    for case in wanted:
        sys.stdout.write(transcript(case))
        sys.stdout.flush()
