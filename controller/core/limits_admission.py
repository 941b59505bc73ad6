"""What no single key of limits and drills can know: a time of day is one somewhere."""

from collections.abc import Iterator

from controller.core.policy import Policy
from controller.core.problems import Path, Problem


def limit_problems(policy: Policy) -> Iterator[Problem]:
    """Every cron expression of a policy that has no time zone."""
    written: list[Path] = [("limits", "blackout", i, "cron") for i in range(len(policy.limits.blackout))]
    if policy.drills is not None and policy.drills.cron is not None:
        written.append(("drills", "cron"))
    if policy.timezone is None:
        for path in written:
            yield Problem(path, "in which time zone? expected the key `timezone`, such as Europe/Berlin")
