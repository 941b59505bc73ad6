"""Where tidegate itself lives: what fails together with what it guards cannot help."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.core.policy.schema import Policy
from controller.lab.review.findings import Finding


@dataclass(frozen=True, slots=True)
class Deployed:
    """What deployments add: the Regions of the topics that page people, and of the approvers' sign-in."""

    notices: Sequence[str] = ()
    sign_ins: Sequence[str] = ()


def placed(policy: Policy, deployed: Deployed) -> Iterator[Finding]:
    """Controllers, notices and sign-ins that all live in guarded Regions."""
    guarded = set(policy.regions)
    where = ", ".join(policy.controllers)
    if guarded.issuperset(policy.controllers):
        message = f"tidegate runs only in Regions that it guards ({where})"
        yield Finding("controllers-inside", ("controllers",), message, "run one outside of them")
    elif len(policy.controllers) == 1:
        message = f"tidegate runs in {where} alone; nobody takes over from it"
        yield Finding("one-controller", ("controllers",), message, "best three, one of them outside")
    for what, regions in (("notices", deployed.notices), ("sign-in", deployed.sign_ins)):
        if regions and guarded.issuperset(regions):
            message = (
                f"{what} for approvers lives only in guarded Regions ({', '.join(sorted(set(regions)))})"
            )
            hint = "people could be neither asked nor heard; put one outside"
            yield Finding(f"guarded-{what}", ("approvals",), message, hint)
