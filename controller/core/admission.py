"""Letting a policy in: plain data to a `Policy`, or to the list of what is wrong and where."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError as ModelError

from controller.core.model import Signal, signal_id
from controller.core.policy import All, Any_, CanarySignal, Condition, Leaf, Not, Policy, ReadyCheck


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of the file. `where` is the path of keys and indexes."""

    where: tuple[str | int, ...]
    message: str


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
        found = [(_path(e["loc"]), e) for e in error.errors()]
        raise PolicyError(
            [
                Problem(path, _sentence(e))
                for path, e in found
                # A list is also "too short" when its entries were refused: say only why they were.
                if e["type"] != "too_short" or not any(q != path and q[: len(path)] == path for q, _ in found)
            ]
        ) from error
    problems = list(_across(policy))
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
    used: list[tuple[tuple[str | int, ...], Leaf | ReadyCheck]] = [
        *leaves(policy.evacuate.when, ("evacuate", "when")),
        *((("evacuate", "unless", i), leaf) for i, leaf in enumerate(policy.evacuate.unless)),
        *((("target", "ready", i), check) for i, check in enumerate(policy.target.ready)),
    ]
    for path, leaf in used:
        if leaf.family not in policy.signals:
            message = f"no family is named {leaf.family!r} under `signals`; expected one of: {families}"
            yield Problem((*path, "family"), message)
        if not isinstance(leaf, Leaf):
            continue
        if leaf.observers is not None and leaf.signals is not None:
            yield Problem((*path, "signals"), "expected either `observers` or `signals`, not both")
        if leaf.in_ == "target" and path[1] == "when":
            yield Problem((*path, "in"), "`when` judges the Region to leave; expected `source`")
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


def _path(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Pydantic's location without the tags of union members, which are not in the file."""
    path: list[str | int] = []
    skip = False
    for part in loc:
        if not skip and part != "[key]":
            path.append(part)
            signal = path[0] == "signals" and len(path) == 3
            condition = path[:2] == ["evacuate", "when"] and (
                len(path) == 2 or isinstance(part, int) or part == "not"
            )
            skip = signal or condition
        else:
            skip = False
    return tuple(path)


def _sentence(error: Any) -> str:
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key {error['loc'][-1]!r}; nothing acts on it, so it is refused"
        case "missing":
            return f"the key {error['loc'][-1]!r} is missing"
        case "too_short" | "too_long":
            bound = error["ctx"].get("min_length") or error["ctx"].get("max_length")
            least = "at least" if error["type"] == "too_short" else "at most"
            return f"expected {least} {bound} entries, found {error['ctx']['actual_length']}"
        case _:
            message = str(error["msg"]).removeprefix("Value error, ")
            return message[:1].lower() + message[1:]
