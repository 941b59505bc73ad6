"""`python -m infra`: the templates of one deployment.

```
 python -m infra                      build/synth: templates, for a look and for tests
 python -m infra --deploy             the same with complete packages; what `cdk deploy` runs
 python -m infra --release            build/release: plain templates, zips, a script, Terraform; no CDK needed
```
"""

import argparse
import os
import sys
import time
from pathlib import Path

from infra.project import ConfigRefused, Project, load
from infra.words import FINDING

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "infra" / "config" / "storefront.yaml"
DONE, NO, BAD_INPUT = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0; 1 where cdk-nag finds something; 2 for a configuration that is refused before
    anything is written, packages that cannot have bytecode, or a template or permissions
    that are too large."""
    asked = arguments_parser().parse_args(arguments)
    try:
        project = load(asked.config, deployed=float(os.environ.get("SOURCE_DATE_EPOCH") or int(time.time())))
    except ConfigRefused as refused:
        for problem in refused.problems:
            print(f"infra: {problem}", file=sys.stderr)  # noqa: T201
        return BAD_INPUT
    print(chosen(project, asked.config))  # noqa: T201
    from infra.bytecode import NoBytecode
    from infra.release.order import TooLarge
    from infra.role_policies import Unfit

    try:
        return NO if _written(project, asked) else DONE
    except (NoBytecode, TooLarge, Unfit) as refused:
        print(f"infra: {refused}", file=sys.stderr)  # noqa: T201
        return BAD_INPUT


def chosen(project: Project, file: Path) -> str:
    """Return which configuration was taken: nobody deploys the example in place of their own."""
    accounts = project.config.accounts
    every = dict.fromkeys((accounts.controller, accounts.application, accounts.arc or accounts.controller))
    return (
        f"{project.policy.application} by {file}, prefix {project.names.prefix}, "
        f"{'account' if len(every) == 1 else 'accounts'} {', '.join(every)}"
    )


def arguments_parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m infra", description="Write the templates of a deployment."
    )
    parser.add_argument("--config", type=Path, default=Path(os.environ.get("TIDEGATE_CONFIG", CONFIG)))
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--deploy", action="store_true", help="with complete packages (needs a network)")
    parser.add_argument("--release", action="store_true", help="plain CloudFormation and zips")
    parser.add_argument("--no-bytecode", action="store_true", help="complete packages that start slower")
    parser.add_argument("--bare", action="store_true", help="packages without libraries (needs no network)")
    parser.add_argument("--check", action="store_true", help="with cdk-nag; exit code 1 for what it finds")
    parser.add_argument("--only", action="append", metavar="STACK", help="this stack alone; may be repeated")
    return parser


def _written(project: Project, asked: argparse.Namespace) -> int:
    """How many findings of cdk-nag there were, once all is written."""
    from infra.writing import Wish, write

    wish = Wish(
        asked.out, asked.deploy, asked.release, asked.bare, asked.check, not asked.no_bytecode,
        tuple(asked.only or ()),
    )  # fmt: skip
    found = 0
    for line in write(project, wish):
        print(line)  # noqa: T201
        found += line.startswith(FINDING)
    return found


if __name__ == "__main__":
    sys.exit(main())
