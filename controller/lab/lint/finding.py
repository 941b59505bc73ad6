"""A finding: what a careful reviewer would say of a policy that loads."""

from dataclasses import dataclass

from controller.core.policy.schema import Policy
from controller.lab.policy_files.positions import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """Holds one warning about a policy.

    code: which warning it is. path: the place in the file. hint: how to mend it.
    """

    code: str
    path: Path
    message: str
    hint: str


def in_file(policy: Policy, region: str, path: str) -> Path:
    """Return the place in the file of a node of a decision's tree.

    path: the node, such as `when.all.0` or `conditions.c`. region: the Region that the decision is about.
    """
    parts: Path = tuple(int(part) if part.isdigit() else part for part in path.split("."))
    if parts[:1] in (("when",), ("unless",)):
        parts = ("evacuate", *parts)
    if parts[:1] == ("ready",):
        parts = ("target", *parts)
    if parts[0] in ("evacuate", "target", "restore") and len(parts) > 1:
        here = getattr(policy.regions[region], str(parts[0]))
        if here is not None and getattr(here, str(parts[1]), None) is not None:
            return ("regions", region, *parts)
    return parts
