"""Letting a policy in: plain data to a `Policy`, or to the list of what is wrong and where."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError as ModelError

from controller.core import checks_admission
from controller.core.checks import FamilyCheck
from controller.core.model import Signal, signal_id
from controller.core.policy import (
    OVERRIDE,
    All,
    Any_,
    CanarySignal,
    Condition,
    Leaf,
    Not,
    Policy,
)
from controller.core.wording import path_of, sentence

Use = tuple[tuple[str | int, ...], Leaf | FamilyCheck]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of the file.

    where: the path of keys and indexes. at_key: the key itself is wrong, not what it holds.
    """

    where: tuple[str | int, ...]
    message: str
    at_key: bool = False


class PolicyError(ValueError):
    """The policy is refused; the last good one stays."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, p.where))}: {p.message}" for p in problems))
        self.problems = tuple(problems)


def parse_policy(data: object) -> Policy:
    """The policy of plain data (the file's or the compiled JSON's). Raises `PolicyError`."""
    try:
        policy = Policy.model_validate(data)
    except ModelError as error:
        found = [(path_of(e["loc"]), e) for e in error.errors()]
        # A list is also "too short" when its entries were refused: say only why they were.
        around = {path[:size] for path, _ in found for size in range(len(path))}
        raise PolicyError(
            [
                Problem(
                    path, sentence(e), at_key=e["type"] == "extra_forbidden" or e["loc"][-1:] == ("[key]",)
                )
                for path, e in found
                if e["type"] != "too_short" or path not in around
            ]
        ) from error
    problems = [*_names(policy), *_across(policy)]
    if problems:
        raise PolicyError(problems)
    return policy


def compiled(policy: Policy) -> dict[str, Any]:
    """Plain JSON data that `parse_policy` reads back to the same policy."""
    return policy.model_dump(mode="json", by_alias=True, exclude_none=True)


def expected_signals(policy: Policy, account: str) -> tuple[Signal, ...]:
    """Every signal that the policy names, for every Region, in the order of the file."""
    return tuple(_expected(policy, account))


def _expected(policy: Policy, account: str) -> Iterator[Signal]:
    for family, sources in policy.signals.items():
        for region in policy.regions:
            for source in sources:
                canary = isinstance(source, CanarySignal)
                kind = "canary" if canary else "alarm"
                template = source.canary if isinstance(source, CanarySignal) else source.alarm
                name = template.replace("{region}", region)
                for observer in source.runs_in if isinstance(source, CanarySignal) else (region,):
                    identity = signal_id(kind=kind, account=account, observer=observer, name=name)
                    yield Signal(identity, family, kind, name, region, observer, source.silent_after)


def leaves(condition: Condition, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Leaf]]:
    """Every leaf of a condition with its path in the file."""
    match condition:
        case All(all_=children):
            for index, child in enumerate(children):
                yield from leaves(child, (*path, "all", index))
        case Any_(any_=children):
            for index, child in enumerate(children):
                yield from leaves(child, (*path, "any", index))
        case Not(not_=child):
            yield from leaves(child, (*path, "not"))
        case Leaf():
            yield path, condition


def _across(policy: Policy) -> Iterator[Problem]:
    """What no single key can know."""
    known, gates = ", ".join(policy.regions), ", ".join(["none", *policy.approvals])
    families = ", ".join(policy.signals)
    for index, region in enumerate(policy.target.prefer):
        if region not in policy.regions:
            yield Problem(("target", "prefer", index), f"unknown Region {region}; expected one of: {known}")
    if policy.evacuate.approval != "none" and policy.evacuate.approval not in policy.approvals:
        yield Problem(
            ("evacuate", "approval"),
            f"no gate is named {policy.evacuate.approval!r} under `approvals`; expected one of: {gates}",
        )
    restore = policy.restore
    if restore and restore.approval != "none" and restore.approval not in policy.approvals:
        yield Problem(
            ("restore", "approval"),
            f"no gate is named {restore.approval!r} under `approvals`; expected one of: {gates}",
        )
    used: list[Use] = [
        *(leaves(restore.when, ("restore", "when")) if restore else ()),
        *(
            (("drills", "abortWhen", i), leaf)
            for i, leaf in enumerate(policy.drills.abort_when if policy.drills else ())
        ),
        *leaves(policy.evacuate.when, ("evacuate", "when")),
        *((("evacuate", "unless", i), leaf) for i, leaf in enumerate(policy.evacuate.unless)),
    ]
    ready = {("target", "ready"): policy.target.ready, ("restore", "ready"): restore.ready if restore else ()}
    for at, checks in ready.items():
        used += [((*at, i), check) for i, check in enumerate(checks) if isinstance(check, FamilyCheck)]
        yield from (Problem(*each) for each in checks_admission.refused(checks, at, policy.approvals))
    for path, leaf in used:
        if leaf.family not in policy.signals and leaf.family != "all":
            message = f"no family is named {leaf.family!r} under `signals`; expected one of: {families}"
            yield Problem((*path, "family"), message)
        if not isinstance(leaf, Leaf):
            continue
        if leaf.observers is not None and leaf.signals is not None:
            yield Problem((*path, "signals"), "expected either `observers` or `signals`, not both")
        if leaf.in_ == "target" and path[1] == "when":
            yield Problem((*path, "in"), "`when` judges one Region alone; expected `source`")
    yield from _reach(policy, (use for use in used if use[1].family in policy.signals))
    sizes = {region: len(entry.controls) for region, entry in policy.regions.items()}
    first = next(iter(sizes.values()))
    seen: dict[str, str] = {}
    for region, entry in policy.regions.items():
        if sizes[region] != first:
            message = (
                f"{sizes[region]} controls, but the first Region has {first}; one a slice in each Region"
            )
            yield Problem(("regions", region, "controls"), message)
        for index, control in enumerate(entry.controls):
            if control in seen:
                message = f"{control} is already a control of {seen[control]}; expected each control once"
                yield Problem(("regions", region, "controls", index), message)
            seen[control] = region
    if policy.limits.min_regions_on >= len(policy.regions):
        message = (
            f"{policy.limits.min_regions_on} of {len(policy.regions)} Regions On for ever; expected fewer"
        )
        yield Problem(("limits", "minRegionsOn"), message)


def _reach(policy: Policy, used: Iterable[Use]) -> Iterator[Problem]:
    """A leaf that asks for more than can ever be counted would never be true, and nobody would know."""
    known: dict[tuple[str, bool, bool], tuple[int, str]] = {}
    for path, leaf in used:
        asks = leaf if isinstance(leaf, Leaf) else None
        of_source = asks is not None and asks.in_ == "source"
        by_observer = asks is not None and asks.observers is not None
        wanted = (asks.observers or asks.signals) if asks else None
        case = (leaf.family, of_source, by_observer)
        if case not in known:
            known[case] = min(
                (_counted(policy, leaf.family, {subject, source}, by_observer=by_observer), subject)
                for subject in policy.regions
                for source in policy.regions
                if (subject == source) == of_source
            )
        fewest, region = known[case]
        if fewest < (wanted if isinstance(wanted, int) else 1):
            noun = "observing Regions" if by_observer else "signals"
            message = (
                f"only {fewest} {noun} of {leaf.family} can ever be counted for {region}; "
                "a canary inside a Region under judgement is not"
            )
            yield Problem((*path, "observers" if by_observer else "signals" if wanted else "family"), message)


def _counted(policy: Policy, family: str, inside: set[str], *, by_observer: bool) -> int:
    sources = policy.signals[family]
    outside = [set(source.runs_in) - inside for source in sources if isinstance(source, CanarySignal)]
    alarms = len(sources) - len(outside)
    if by_observer:
        return len(set().union(*outside)) + bool(alarms)
    return sum(map(len, outside)) + alarms


def _names(policy: Policy) -> Iterator[Problem]:
    """Names that would make two things one."""
    for family, sources in policy.signals.items():
        names: set[str] = set()
        for index, source in enumerate(sources):
            at = ("signals", family, index)
            kind = "canary" if isinstance(source, CanarySignal) else "alarm"
            name = source.canary if isinstance(source, CanarySignal) else source.alarm
            if kind == "canary" and "{region}" not in name:
                message = f"expected {{region}} in {name!r}: one canary cannot tell which Region it is about"
                yield Problem((*at, kind), message)
            if f"{kind} {name}" in names:
                yield Problem((*at, kind), f"{name!r} is already a signal of {family}")
            names.add(f"{kind} {name}")
            if isinstance(source, CanarySignal):
                yield from _twice(source.runs_in, (*at, "runsIn"))
    yield from _twice(policy.target.prefer, ("target", "prefer"))
    yield from _twice(policy.controllers, ("controllers",))
    for index, ask in enumerate(policy.approvals.get(OVERRIDE, ())):
        if ask.people < 2:
            message = "to set aside a safety rule takes two people; expected at least 2"
            yield Problem(("approvals", OVERRIDE, index, "people"), message)
    if "all" in policy.signals:
        message = "`all` means every family; expected another name for a family"
        yield Problem(("signals", "all"), message, at_key=True)
    for index, ask in enumerate(policy.approvals.get(OVERRIDE, ())):
        if ask.people < 2:
            message = "to set aside a safety rule takes two people; expected at least 2"
            yield Problem(("approvals", OVERRIDE, index, "people"), message)
    if "none" in policy.approvals:
        message = "`none` means that nobody is asked; expected another name for a gate"
        yield Problem(("approvals", "none"), message, at_key=True)


def _twice(regions: Sequence[str], path: tuple[str | int, ...]) -> Iterator[Problem]:
    for index, region in enumerate(regions):
        if region in regions[:index]:
            yield Problem((*path, index), f"{region} is written twice")
