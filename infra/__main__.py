"""`python -m infra`: the templates of one deployment.

```
 python -m infra                      build/synth: templates, for a look and for tests
 python -m infra --deploy             the same with complete packages; what `cdk deploy` runs
 python -m infra --release            build/release: plain templates and zips, no CDK needed
```
"""

import argparse
import os
import sys
import time
from pathlib import Path

from infra.project import ConfigRefused, load
from infra.words import FINDING

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "infra" / "config" / "storefront.yaml"
DONE, NO, BAD_INPUT = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0; 1 where cdk-nag finds something; 2 for a configuration that is refused before
    anything is written."""
    parser = argparse.ArgumentParser(
        prog="python -m infra", description="Write the templates of a deployment."
    )
    parser.add_argument("--config", type=Path, default=Path(os.environ.get("TIDEGATE_CONFIG", CONFIG)))
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--deploy", action="store_true", help="with complete packages (needs a network)")
    parser.add_argument("--release", action="store_true", help="plain CloudFormation and zips")
    parser.add_argument("--bare", action="store_true", help="packages without libraries (needs no network)")
    parser.add_argument("--check", action="store_true", help="with cdk-nag; exit code 1 for what it finds")
    parser.add_argument("--only", action="append", metavar="STACK", help="this stack alone; may be repeated")
    asked = parser.parse_args(arguments)
    try:
        project = load(asked.config, deployed=float(os.environ.get("SOURCE_DATE_EPOCH") or int(time.time())))
    except ConfigRefused as refused:
        for problem in refused.problems:
            print(f"infra: {problem}", file=sys.stderr)  # noqa: T201
        return BAD_INPUT
    from infra.writing import Wish, write

    wish = Wish(asked.out, asked.deploy, asked.release, asked.bare, asked.check, tuple(asked.only or ()))
    found = 0
    for line in write(project, wish):
        print(line)  # noqa: T201
        found += line.startswith(FINDING)
    return NO if found else DONE


if __name__ == "__main__":
    sys.exit(main())
