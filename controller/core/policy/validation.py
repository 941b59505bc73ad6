"""The validation of a policy: plain data gives a `Policy`, or its problems.

Each problem says where it stands and what is wrong, in words for the person who wrote the policy.
"""

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ValidationError as ModelError

from controller.core.canonical_json import ascii_json
from controller.core.model import Signal
from controller.core.policy import conditions, readiness_checks, rules
from controller.core.policy.bounds import bound_problems
from controller.core.policy.schema import Policy
from controller.core.policy.signals import signals_of
from controller.core.policy.terms import SHAPES
from controller.core.policy.terms import PolicyError as PolicyError
from controller.core.policy.terms import Problem as Problem

LARGEST = 350_000
"""Bytes of a policy's document, kept as one item of a table: at most 400 KB with its key and names."""
TAGS = readiness_checks.TAGS | conditions.TAGS


def path_of(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return pydantic's location without the tags of union members.

    The tags are not in the file.
    """
    path: list[str | int] = []
    skip = False
    for part in loc:
        if part in TAGS:
            continue
        if not skip and part != "[key]":
            path.append(part)
            skip = path[0] == "signals" and len(path) == 3
        else:
            skip = False
    return tuple(path)


def sentence(error: Any) -> str:
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key {error['loc'][-1]!r}; nothing acts on it, so it is refused"
        case "missing":
            return f"the key {error['loc'][-1]!r} is missing"
        case "too_short" | "too_long":
            bound = error["ctx"].get("min_length") or error["ctx"].get("max_length")
            least = "at least" if error["type"] == "too_short" else "at most"
            noun = "entry" if bound == 1 else "entries"
            return f"expected {least} {bound} {noun}, found {error['ctx']['actual_length']}"
        case "string_pattern_mismatch":
            return f"expected {SHAPES[error['ctx']['pattern']]}, found {_found(error['input'])}"
        case "literal_error":
            return f"expected {error['ctx']['expected']}, found {_found(error['input'])}"
        case "greater_than_equal" | "less_than_equal" | "greater_than":
            (bound,) = error["ctx"].values()
            words = {
                "greater_than_equal": "at least",
                "less_than_equal": "at most",
                "greater_than": "more than",
            }
            return f"expected {words[error['type']]} {bound:g}, found {_found(error['input'])}"
        case kind if kind in _KINDS:
            return f"expected {_KINDS[kind]}, found {_found(error['input'])}"
        case _:
            message = str(error["msg"]).removeprefix("Value error, ")
            return f"{message[:1].lower()}{message[1:]}, found {_found(error['input'])}"


_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def _found(value: object) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:60] + "…")
    if isinstance(value, dict | list):
        return ("an empty " if not value else "a ") + ("mapping" if isinstance(value, dict) else "list")
    return "nothing" if value is None else str(value).lower()


def parse_policy(data: object, *, in_force: bool = False) -> Policy:
    """Return the policy of plain data (the file's or the compiled JSON's).

    Raises `PolicyError`.

    in_force: it was let in by the rules of its time. What they allowed and is refused since must not stop the
    controller that it was deployed with, the move that it began, or the reading of what it once did.
    """
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
    problems = [*_across(policy), *(() if in_force else _since(policy))]
    if problems:
        raise PolicyError(problems)
    return policy


def compiled(policy: Policy) -> dict[str, Any]:
    """Return plain JSON data that `parse_policy` reads back to the same policy."""
    return policy.model_dump(mode="json", by_alias=True, exclude_none=True)


def expected_signals(
    policy: Policy, account: str, about: Collection[str] | None = None
) -> tuple[Signal, ...]:
    """Return every signal that the policy names, in the order of the file.

    about: the Regions whose signals are returned; None: every Region.
    """
    return tuple(_expected(policy, account, policy.regions if about is None else about))


def _expected(policy: Policy, account: str, about: Collection[str]) -> Iterator[Signal]:
    for family, sources in policy.signals.items():
        for region in (each for each in policy.regions if each in about):
            for source in sources:
                yield from signals_of(
                    source, application=policy.application, family=family, subject=region, account=account
                )


def _across(policy: Policy) -> Iterator[Problem]:
    """Yield the problems that no single key can know."""
    yield from rules.name_problems(policy)
    yield from rules.move_problems(policy)
    yield from rules.limit_problems(policy)
    yield from rules.traffic_problems(policy)
    yield from _slices(policy)
    size = len(ascii_json(policy.counted()))
    if size > LARGEST:
        yield Problem(("application",), f"{size} bytes when compiled; at most {LARGEST} fit into one item")
    if policy.limits.min_regions_on >= len(policy.regions):
        message = (
            f"{policy.limits.min_regions_on} of {len(policy.regions)} Regions On for ever; expected fewer"
        )
        yield Problem(("limits", "minRegionsOn"), message)


def _since(policy: Policy) -> Iterator[Problem]:
    """Yield what is refused, and was once let in."""
    yield from rules.settle_problems(policy)
    yield from bound_problems(policy)


def _slices(policy: Policy) -> Iterator[Problem]:
    """Check that each Region has one control a slice, and that no control repeats."""
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
