"""Every node of an event taken away, replaced, retyped, deepened, grown, garbled; and events by a schema."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

Event = dict[str, Any]
Path = tuple[str | int, ...]

GONE = object()
DEEP: Any = 1
for _ in range(40):
    DEEP = [DEEP]
WRONG: tuple[object, ...] = (
    *(GONE, None, True, -1, 10**400, 1e308, float("nan"), "", "null", "x" * 5000, [], {}, [None], {"a": {}}),
    *("\x00\x1b[31m\u202e\ud800\n", "🜲" * 300, '"}},"x":{"', DEEP, [{"state": DEEP}] * 3, {"": ["\ud800"]}),
)


def nodes(value: object, path: Path = ()) -> Iterator[Path]:
    """The path of each node but the root."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield (*path, key)
        yield from nodes(child, (*path, key))


def replaced(event: Event, path: Path, value: object) -> Event:
    """A copy with another value at `path`; `GONE` takes the node out."""
    copy = deepcopy(event)
    at: Any = copy
    for key in path[:-1]:
        at = at[key]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return copy


def mutants(event: Event) -> Iterator[Event]:
    for path in nodes(event):
        for value in WRONG:
            yield replaced(event, path, value)


def of_schema(kind: Any, *, full: bool) -> Any:
    """A value of a type as AWS's service specification writes it; `full`: with what is optional."""
    match kind:
        case {"properties": members}:
            return {
                name: of_schema(member["type"], full=full)
                for name, member in members.items()
                if full or member.get("required")
            }
        case {"array": inner}:
            return [of_schema(inner, full=full)] * (2 if full else 0)
        case {"map": inner}:
            return {"key": of_schema(inner, full=full)}
        case "boolean":
            return True
        case "number" | "integer":
            return 1795424400
        case "json":
            return {"a": [1]}
        case _:
            return "text"
