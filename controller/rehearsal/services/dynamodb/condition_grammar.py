"""The grammar of condition, filter and key expressions.

```
 or := and {OR and}      and := not {AND not}      not := [NOT] test
 test := ( or ) | operand op operand | operand BETWEEN x AND y | operand IN (…) | function(…)
 operand := :value | path | size(path) | ( operand )
```

Parentheses around parentheses are refused. Source: developer guide, "Condition and filter expressions".
"""

from dataclasses import dataclass
from functools import lru_cache

from controller.rehearsal.services.dynamodb.conditions import (
    Between,
    Both,
    Compare,
    Condition,
    Either,
    In,
    Not,
    Operand,
    PathOperand,
    Placeholder,
    Size,
    Test,
)
from controller.rehearsal.services.dynamodb.errors import invalid
from controller.rehearsal.services.dynamodb.tokens import Reader, tokens

_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_TESTS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A condition and the placeholders that its text uses."""

    condition: Condition
    names: frozenset[str]
    values: frozenset[str]


@lru_cache(maxsize=2048)
def parse(what: str, text: str) -> Parsed:
    """Return the tree of an expression.

    what: names the argument for error messages, e.g. "ConditionExpression".
    """
    reader = Reader(what, tokens(what, text))
    condition = _either(reader)
    reader.close()
    reader.refuse_redundant()
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
    reader.deepen()
    found = Not(_not(reader)) if reader.take("NOT") else _test(reader)
    reader.depth -= 1
    return found


def _test(reader: Reader) -> Condition:
    if not _operand_follows(reader) and reader.take("("):
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


def _operand_follows(reader: Reader) -> bool:
    """Return True where the parenthesis that opens here is around an operand, as in `(a) = :v`."""
    after = reader.after_group()
    return after.text in _COMPARATORS or after.text.upper() in ("BETWEEN", "IN")


def _operand(reader: Reader) -> Operand:
    if reader.take("("):
        reader.deepen()
        inner = _operand(reader)
        reader.expect(")")
        reader.depth -= 1
        return inner
    if reader.peek().kind == "value":
        return Placeholder(reader.value())
    if reader.function() == "size":
        reader.next()
        reader.expect("(")
        path = reader.path()
        reader.expect(")")
        return Size(path)
    return PathOperand(reader.path())
