"""The script `deploy.sh` of a release: its functions, and a line for each stack."""

import shlex
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from infra.release.order import Entry

FUNCTIONS = Path(__file__).with_name("deploy.sh")


def script(prefix: str, stacks: Sequence[Entry], *, bare: bool = False) -> str:
    """Return the whole script: plain AWS command line, in the order of the stacks.

    bare: its zips hold no libraries, so it deploys none.
    """
    start = shlex.join(("start", *(each.name for each in stacks)))
    left = [shlex.join(("optional", each.name, each.optional)) for each in stacks if each.optional]
    lines = [
        f"PREFIX={prefix}",
        *(["BARE=yes"] if bare else []),
        *left,
        start,
        *(_line(each) for each in stacks),
        'step "done: $last"',
        "",
    ]
    return FUNCTIONS.read_text(encoding="utf-8") + "\n".join(lines)


def _line(stack: Entry) -> str:
    # Of one stack there is one capability at most, and the one tag that every stack has.
    (capability,) = stack.capabilities or ("-",)
    tags = [f"{key}={value}" for key, value in stack.place.tags.items()] or ["-"]
    (tag,) = tags
    words = (
        "stack", stack.name, stack.place.account, stack.place.region,
        "upload" if stack.uploaded else "inline", "protect" if stack.place.protected else "-",
        capability, tag, *stack.zips,
    )  # fmt: skip
    return shlex.join(words)


def sums(stacks: Sequence[Entry], folder: Path) -> str:
    """Return `SHA256SUMS`: each template and each zip, as `sha256sum --check` reads them."""
    files = sorted({*(each.template for each in stacks), *(zip_ for each in stacks for zip_ in each.zips)})
    return "".join(f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in files)
