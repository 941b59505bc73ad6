"""What a schema error says to the person who wrote the policy, and where it stands."""

from typing import Any

from controller.core import checks, conditions
from controller.core.terms import SHAPES

TAGS = checks.TAGS | conditions.TAGS


def path_of(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Pydantic's location without the tags of union members, which are not in the file."""
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
