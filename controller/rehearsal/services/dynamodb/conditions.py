"""The condition and filter expressions, as trees, and their evaluation.

`Judge` decides on one item. A missing attribute fails every test but `<>` and not-exists. Source: developer
guide, "Condition and filter expressions".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from controller.rehearsal.services.dynamodb.errors import invalid
from controller.rehearsal.services.dynamodb.paths import distinct, read, resolve
from controller.rehearsal.services.dynamodb.tokens import Path
from controller.rehearsal.services.dynamodb.values import Item, Value, same, type_of

Comparator = Literal["=", "<>", "<", "<=", ">", ">="]
MOST_CHOICES = 100


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


def attributes(condition: Condition) -> set[str]:
    """Return the top-level attribute names (or `#` placeholders) of a condition."""
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


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
_ORDERED = ("S", "N", "B")


@dataclass(frozen=True, slots=True)
class Bindings:
    """The names and values of one request's placeholders."""

    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)

    def value(self, name: str, what: str) -> Value:
        found = self.values.get(name)
        if found is None:
            raise invalid(
                f"Invalid {what}: An expression attribute value used in expression is not defined; "
                f"attribute value: {name}"
            )
        return found


@dataclass(frozen=True, slots=True)
class Judge:
    """The evaluation of one condition of one request."""

    what: str
    bindings: Bindings

    def check(self, condition: Condition) -> None:
        """Refuse unknown placeholders and wrong types, before any item is read.

        DynamoDB does the same.
        """
        match condition:
            case Both(left, right) | Either(left, right):
                self.check(left)
                self.check(right)
            case Not(inner):
                self.check(inner)
            case Compare(comparator, left, right):
                self._check_all(comparator, left, right)
                if comparator in _ORDER:
                    self._orderable(comparator, left, right)
            case Between(operand, low, high):
                self._check_all("BETWEEN", operand, low, high)
                self._orderable("BETWEEN", operand, low, high)
                self._check_bounds(low, high)
            case In(operand, choices):
                if len(choices) > MOST_CHOICES:
                    raise invalid(
                        f"Invalid {self.what}: The IN operator is provided with too many operands; number of "
                        f"operands: {len(choices)}"
                    )
                self._check_all("IN", operand, *choices)
            case Test(function, operands):
                self._check_all(function, *operands)
                self._check_function(function, operands)

    def _check_all(self, operator: str, *operands: Operand) -> None:
        paths: list[Path | None] = []
        for operand in operands:
            if isinstance(operand, Placeholder):
                self.bindings.value(operand.name, self.what)
                paths.append(None)
            else:
                path = self._path(operand.path)
                paths.append(path if isinstance(operand, PathOperand) else None)
        distinct(self.what, operator, *paths)

    def _orderable(self, operator: str, *operands: Operand) -> None:
        for operand in operands:
            if isinstance(operand, Placeholder):
                kind = type_of(self.bindings.value(operand.name, self.what))
                if kind not in _ORDERED:
                    raise self._wrong_type(operator, kind)

    def _check_bounds(self, low: Operand, high: Operand) -> None:
        if isinstance(low, Placeholder) and isinstance(high, Placeholder):
            bottom, top = self.bindings.values[low.name], self.bindings.values[high.name]
            if type_of(bottom) != type_of(top):
                raise invalid(
                    f"Invalid {self.what}: The BETWEEN operator requires same data type for lower and upper "
                    f"bounds; lower bound operand: AttributeValue: {{{type_of(bottom)}}}, upper bound "
                    f"operand: AttributeValue: {{{type_of(top)}}}"
                )
            if ordered("<", top, bottom):
                raise invalid(
                    f"Invalid {self.what}: The BETWEEN operator requires upper bound to be greater than or "
                    "equal to lower bound"
                )

    def _check_function(self, function: str, operands: tuple[Operand, ...]) -> None:
        if function in ("begins_with", "attribute_type") and isinstance(operands[1], Placeholder):
            kind = type_of(self.bindings.values[operands[1].name])
            if kind not in (("S", "B") if function == "begins_with" else ("S",)):
                raise self._wrong_type(function, kind)

    def _wrong_type(self, operator: str, kind: str) -> Exception:
        return invalid(
            f"Invalid {self.what}: Incorrect operand type for operator or function; operator or "
            f"function: {operator}, operand type: {kind}"
        )

    def holds(self, condition: Condition, item: Item) -> bool:
        match condition:
            case Both(left, right):
                return self.holds(left, item) and self.holds(right, item)
            case Either(left, right):
                return self.holds(left, item) or self.holds(right, item)
            case Not(inner):
                return not self.holds(inner, item)
            case Compare(comparator, left, right):
                return compared(comparator, self._read(left, item), self._read(right, item))
            case Between(operand, low, high):
                found = self._read(operand, item)
                above = compared(">=", found, self._read(low, item))
                return above and compared("<=", found, self._read(high, item))
            case In(operand, choices):
                found = self._read(operand, item)
                return found is not None and any(same(found, self._read(each, item)) for each in choices)
            case Test(function, operands):
                return _tested(function, [self._read(each, item) for each in operands])

    def _read(self, operand: Operand, item: Item) -> Value | None:
        if isinstance(operand, Placeholder):
            return self.bindings.values[operand.name]
        found = read(item, self._path(operand.path))
        return _size(found) if isinstance(operand, Size) else found

    def _path(self, path: Path) -> Path:
        return resolve(path, self.bindings.names, self.what)


def compared(comparator: str, one: Value | None, other: Value | None) -> bool:
    if comparator == "=":
        return one is not None and same(one, other)
    if comparator == "<>":
        return one is None or other is None or not same(one, other)
    return one is not None and other is not None and ordered(comparator, one, other)


def ordered(comparator: str, one: Value, other: Value) -> bool:
    kind = type_of(one)
    if kind not in other or kind not in _ORDERED:
        return False
    if kind == "N":
        return _ORDER[comparator](Decimal(one["N"]), Decimal(other["N"]))
    return _ORDER[comparator](one[kind], other[kind])


def _tested(function: str, found: list[Value | None]) -> bool:
    subject = found[0]
    if function == "attribute_not_exists":
        return subject is None
    if subject is None:
        return False
    if function == "attribute_exists":
        return True
    wanted = found[1]
    if wanted is None:
        return False
    kind, content = next(iter(subject.items()))
    match function:
        case "attribute_type":
            return bool(kind == wanted.get("S"))
        case "begins_with":
            return kind in ("S", "B") and kind in wanted and bool(content.startswith(wanted[kind]))
    if kind in ("S", "B"):
        return kind in wanted and wanted[kind] in content
    if kind == "L":
        return any(same(member, wanted) for member in content)
    return kind in ("SS", "NS", "BS") and wanted.get(kind[0]) in content


def _size(found: Value | None) -> Value | None:
    if found is None:
        return None
    kind, content = next(iter(found.items()))
    if kind in ("N", "BOOL", "NULL"):
        return None
    length = len(content.encode("utf-8", "surrogatepass")) if kind == "S" else len(content)
    return {"N": str(length)}
