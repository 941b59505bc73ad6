"""Condition and filter expressions as trees (developer guide, "Condition and filter expressions").

```
 or := and {OR and}      and := not {AND not}      not := [NOT] test
 test := ( or ) | operand op operand | operand BETWEEN x AND y | operand IN (…) | function(…)
```
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from controller.rehearsal.table.errors import invalid
from controller.rehearsal.table.tokens import Path, Reader, tokens

Comparator = Literal["=", "<>", "<", "<=", ">", ">="]
_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_TESTS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class PathOperand:
    path: Path


@dataclass(frozen=True, slots=True)
class Placeholder:
    name: str


@dataclass(frozen=True, slots=True)
class Size:
    path: Path


Operand = PathOperand | Placeholder | Size


@dataclass(frozen=True, slots=True)
class Compare:
    comparator: Comparator
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    operand: Operand
    choices: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Test:
    function: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Both:
    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Either:
    left: "Condition"
    right: "Condition"


Condition = Compare | Between | In | Test | Not | Both | Either


@dataclass(frozen=True, slots=True)
class Parsed:
    """A condition and the placeholders that its text uses."""

    condition: Condition
    names: frozenset[str]
    values: frozenset[str]


@lru_cache(maxsize=2048)
def parse(what: str, text: str) -> Parsed:
    """`what` names the argument for error messages, e.g. "ConditionExpression"."""
    reader = Reader(what, tokens(what, text))
    condition = _either(reader)
    reader.close()
    return Parsed(condition, frozenset(reader.names), frozenset(reader.values))


def _either(reader: Reader) -> Condition:
    found = _both(reader)
    while reader.take("OR"):
        found = Either(found, _both(reader))
    return found


def _both(reader: Reader) -> Condition:
    found = _not(reader)
    while reader.take("AND"):
        found = Both(found, _not(reader))
    return found


def _not(reader: Reader) -> Condition:
    reader.depth += 1
    if reader.depth > MAX_DEPTH:
        raise invalid(f"Invalid {reader.what}: The expression is nested too deeply;")
    found = Not(_not(reader)) if reader.take("NOT") else _test(reader)
    reader.depth -= 1
    return found


def _test(reader: Reader) -> Condition:
    if reader.take("("):
        inner = _either(reader)
        reader.expect(")")
        return inner
    function = reader.function()
    if function and function != "size":
        return _function(reader, function)
    left = _operand(reader)
    if reader.take("BETWEEN"):
        low = _operand(reader)
        reader.expect("AND")
        return Between(left, low, _operand(reader))
    if reader.take("IN"):
        return In(left, _arguments(reader))
    comparator = reader.next().text
    for known in _COMPARATORS:
        if known == comparator:
            return Compare(known, left, _operand(reader))  # type: ignore[arg-type]
    reader.place -= 1
    raise reader.wrong()


def _function(reader: Reader, name: str) -> Condition:
    if name not in _TESTS:
        raise invalid(f"Invalid {reader.what}: Invalid function name; function: {name}")
    reader.next()
    operands = _arguments(reader)
    if len(operands) != _TESTS[name]:
        raise invalid(
            f"Invalid {reader.what}: Incorrect number of operands for operator or function; operator or "
            f"function: {name}, number of operands: {len(operands)}"
        )
    if not isinstance(operands[0], PathOperand):
        raise invalid(
            f"Invalid {reader.what}: Operator or function requires a document path; operator or "
            f"function: {name}"
        )
    return Test(name, operands)


def _arguments(reader: Reader) -> tuple[Operand, ...]:
    reader.expect("(")
    found = [_operand(reader)]
    while reader.take(","):
        found.append(_operand(reader))
    reader.expect(")")
    return tuple(found)


def _operand(reader: Reader) -> Operand:
    if reader.peek().kind == "value":
        return Placeholder(reader.value())
    if reader.function() == "size":
        reader.next()
        reader.expect("(")
        path = reader.path()
        reader.expect(")")
        return Size(path)
    return PathOperand(reader.path())


def attributes(condition: Condition) -> set[str]:
    """Top-level attribute names (or `#` placeholders) that a condition looks at."""
    match condition:
        case Both(left, right) | Either(left, right):
            return attributes(left) | attributes(right)
        case Not(inner):
            return attributes(inner)
        case Compare(_, left, right):
            operands: tuple[Operand, ...] = (left, right)
        case Between(operand, low, high):
            operands = (operand, low, high)
        case In(operand, choices):
            operands = (operand, *choices)
        case Test(_, operands):
            pass
    return {each.path[0].name for each in operands if not isinstance(each, Placeholder)}
