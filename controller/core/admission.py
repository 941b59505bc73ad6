"""Letting a policy in: plain data to a `Policy`, or to the list of what is wrong and where."""

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ValidationError as ModelError

from controller.core import limits_admission, moves_admission, names_admission, traffic_admission
from controller.core.model import Signal
from controller.core.policy import Policy
from controller.core.problems import PolicyError as PolicyError
from controller.core.problems import Problem as Problem
from controller.core.sources import signals_of
from controller.core.wording import path_of, sentence


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
    problems = list(_across(policy))
    if problems:
        raise PolicyError(problems)
    return policy


def compiled(policy: Policy) -> dict[str, Any]:
    """Plain JSON data that `parse_policy` reads back to the same policy."""
    return policy.model_dump(mode="json", by_alias=True, exclude_none=True)


def expected_signals(
    policy: Policy, account: str, about: Collection[str] | None = None
) -> tuple[Signal, ...]:
    """Every signal that the policy names, for every Region or those `about`, in the order of the file."""
    return tuple(_expected(policy, account, policy.regions if about is None else about))


def _expected(policy: Policy, account: str, about: Collection[str]) -> Iterator[Signal]:
    for family, sources in policy.signals.items():
        for region in (each for each in policy.regions if each in about):
            for source in sources:
                yield from signals_of(
                    source, application=policy.application, family=family, subject=region, account=account
                )


def _across(policy: Policy) -> Iterator[Problem]:
    """What no single key can know."""
    yield from names_admission.name_problems(policy)
    yield from moves_admission.move_problems(policy)
    yield from limits_admission.limit_problems(policy)
    yield from traffic_admission.traffic_problems(policy)
    yield from _slices(policy)
    if policy.limits.min_regions_on >= len(policy.regions):
        message = (
            f"{policy.limits.min_regions_on} of {len(policy.regions)} Regions On for ever; expected fewer"
        )
        yield Problem(("limits", "minRegionsOn"), message)


def _slices(policy: Policy) -> Iterator[Problem]:
    """One control a slice in each Region, and each control once."""
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
