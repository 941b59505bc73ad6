"""Names that would make two things one, or mean something else already."""

from collections.abc import Iterator, Sequence

from controller.core.policy import OVERRIDE, Policy
from controller.core.problems import Path, Problem
from controller.core.sources import kind_of, names_of, observers_of

MOST_SIGNALS = 2000
"""All are read for each decision, and those that are alarms polled once a minute."""


def name_problems(policy: Policy) -> Iterator[Problem]:
    yield from _signals(policy)
    yield from _too_many(policy)
    yield from twice(policy.controllers, ("controllers",))
    if "all" in policy.signals:
        message = "`all` means every family; expected another name for a family"
        yield Problem(("signals", "all"), message, at_key=True)
    if "none" in policy.approvals:
        message = "`none` means that nobody is asked; expected another name for a gate"
        yield Problem(("approvals", "none"), message, at_key=True)
    for index, ask in enumerate(policy.approvals.get(OVERRIDE, ())):
        if ask.people < 2:
            message = "to set aside a safety rule takes two people; expected at least 2"
            yield Problem(("approvals", OVERRIDE, index, "people"), message)


def _signals(policy: Policy) -> Iterator[Problem]:
    for family, sources in policy.signals.items():
        names: set[str] = set()
        for index, source in enumerate(sources):
            at, kind = ("signals", family, index), kind_of(source)
            for name in names_of(source):
                if kind == "canary" and "{region}" not in name:
                    message = (
                        f"expected {{region}} in {name!r}: one canary cannot tell which Region it is about"
                    )
                    yield Problem((*at, kind), message)
                if f"{kind} {name}" in names:
                    yield Problem((*at, kind), f"{name!r} is already a signal of {family}")
                names.add(f"{kind} {name}")
            yield from twice(observers_of(source), (*at, "runsIn"))


def _too_many(policy: Policy) -> Iterator[Problem]:
    sources = [source for sources in policy.signals.values() for source in sources]
    about_one = sum(len(names_of(source)) * max(1, len(observers_of(source))) for source in sources)
    count = about_one * len(policy.regions)
    if count > MOST_SIGNALS:
        message = f"{count} signals, Regions and observers counted; expected at most {MOST_SIGNALS}"
        yield Problem(("signals",), message)


def twice(regions: Sequence[str], path: Path) -> Iterator[Problem]:
    for index, region in enumerate(regions):
        if region in regions[:index]:
            yield Problem((*path, index), f"{region} is written twice")
