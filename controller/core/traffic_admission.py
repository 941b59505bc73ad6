"""What no single key of `traffic` can know."""

from collections.abc import Iterator

from controller.core.policy import Policy
from controller.core.problems import Problem


def traffic_problems(policy: Policy) -> Iterator[Problem]:
    """Every Region counts by dimensions, or none does: a Region left out would count nothing for ever."""
    if policy.traffic is None or policy.traffic.dimensions is None:
        return
    at, known = ("traffic", "dimensions"), ", ".join(policy.regions)
    for region in policy.traffic.dimensions:
        if region not in policy.regions:
            yield Problem((*at, region), f"unknown Region {region}; expected one of: {known}", at_key=True)
    for region in policy.regions:
        if region not in policy.traffic.dimensions:
            yield Problem(at, f"{region} has no dimensions; expected some for each of: {known}")
