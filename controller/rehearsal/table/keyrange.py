"""KeyConditionExpression -> one partition and a range of sort keys."""

from dataclasses import dataclass

from controller.rehearsal.table import conditions as c
from controller.rehearsal.table.errors import bad_parameter, invalid
from controller.rehearsal.table.evaluate import Judge
from controller.rehearsal.table.keys import KeySchema, SortRange, hashed, sortable, starting_with
from controller.rehearsal.table.paths import resolve

WHAT = "KeyConditionExpression"


@dataclass(frozen=True, slots=True)
class KeyRange:
    partition: bytes
    within: SortRange


def key_range(condition: c.Condition, judge: Judge, keys: KeySchema) -> KeyRange:
    partition: bytes | None = None
    within: SortRange | None = None
    for part in _parts(condition):
        name, placeholders = _subject(part, judge)
        kind = {keys.partition: keys.partition_type, keys.sort: keys.sort_type}.get(name) if name else None
        if kind is None:
            continue
        bounds = [judge.bindings.value(each, WHAT) for each in placeholders]
        if any(kind not in bound for bound in bounds):
            raise bad_parameter("Condition parameter type does not match schema type")
        encoded = [sortable(bound) for bound in bounds]
        if name == keys.partition:
            if partition is not None:
                raise invalid(f"{WHAT}s must only contain one condition per key")
            if not (isinstance(part, c.Compare) and part.comparator == "="):
                raise invalid("Query key condition not supported")
            partition = hashed(encoded[0])
        else:
            if within is not None:
                raise invalid(f"{WHAT}s must only contain one condition per key")
            within = _range(part, encoded)
    if partition is None:
        raise invalid(f"Query condition missed key schema element: {keys.partition}")
    expected = 1 + (within is not None)
    if len(_parts(condition)) != expected:
        if keys.sort and within is None:
            raise invalid(f"Query condition missed key schema element: {keys.sort}")
        raise invalid("Query key condition not supported")
    return KeyRange(partition, within or SortRange())


def _parts(condition: c.Condition) -> list[c.Condition]:
    if isinstance(condition, c.Both):
        return [*_parts(condition.left), *_parts(condition.right)]
    return [condition]


def _subject(part: c.Condition, judge: Judge) -> tuple[str, list[str]]:
    match part:
        case c.Compare(_, c.PathOperand(path), c.Placeholder(name)):
            placeholders = [name]
        case c.Between(c.PathOperand(path), c.Placeholder(low), c.Placeholder(high)):
            placeholders = [low, high]
        case c.Test("begins_with", (c.PathOperand(path), c.Placeholder(name))):
            placeholders = [name]
        case c.Either():
            raise invalid(f"Invalid operator used in {WHAT}: OR")
        case c.Not():
            raise invalid(f"Invalid operator used in {WHAT}: NOT")
        case c.In():
            raise invalid(f"Invalid operator used in {WHAT}: IN")
        case c.Test(function):
            raise invalid(f"Invalid operator used in {WHAT}: {function}")
        case _:
            raise invalid("Query key condition not supported")
    if len(path) > 1:
        raise invalid(f"{WHAT}s cannot have conditions on nested attributes")
    return resolve(path, judge.bindings.names, WHAT)[0].name, placeholders


def _range(part: c.Condition, bounds: list[bytes]) -> SortRange:
    first = bounds[0]
    if isinstance(part, c.Between):
        return SortRange(low=first, high=bounds[1])
    if isinstance(part, c.Test):
        return starting_with(first)
    match part.comparator if isinstance(part, c.Compare) else "":
        case "=":
            return SortRange(low=first, high=first)
        case "<":
            return SortRange(high=first, high_open=True)
        case "<=":
            return SortRange(high=first)
        case ">":
            return SortRange(low=first, low_open=True)
        case ">=":
            return SortRange(low=first)
    raise invalid("Query key condition not supported")
