"""The rules of Choice states.

A value of another type than the operator needs does not match.
"""

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from controller.rehearsal.services.stepfunctions.failures import RUNTIME, Failure
from controller.rehearsal.services.stepfunctions.jsonpath import NotFound, read
from controller.rehearsal.services.stepfunctions.text import from_iso

Compare = Callable[[Any, Any], bool]
_ORDER: dict[str, Compare] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_string(value: Any) -> bool:
    return isinstance(value, str)


def is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def is_timestamp(value: Any) -> bool:
    return from_iso(value) is not None


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\[\\*]|\*|[^*\\]+|\\", pattern)
    return re.compile(
        "".join(".*" if p == "*" else re.escape(p[1:] if len(p) == 2 and p[0] == "\\" else p) for p in parts),
        re.DOTALL,
    )


def _typed(check: Callable[[Any], bool], compare: Compare) -> Compare:
    return lambda value, wanted: check(value) and check(wanted) and compare(value, wanted)


def _times(compare: Compare) -> Compare:
    def compare_times(value: Any, wanted: Any) -> bool:
        left, right = from_iso(value), from_iso(wanted)
        return left is not None and right is not None and compare(left, right)

    return compare_times


# operator -> comparison of the variable's value with the value written in the rule
COMPARISONS: dict[str, Compare] = {
    "BooleanEquals": _typed(is_boolean, operator.eq),
    "StringMatches": _typed(is_string, lambda value, glob: _glob(glob).fullmatch(value) is not None),
    **{f"String{name}": _typed(is_string, compare) for name, compare in _ORDER.items()},
    **{f"Numeric{name}": _typed(is_number, compare) for name, compare in _ORDER.items()},
    **{f"Timestamp{name}": _times(compare) for name, compare in _ORDER.items()},
}
PATH_COMPARISONS = {f"{name}Path": name for name in COMPARISONS if name != "StringMatches"}
TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": is_number,
    "IsString": is_string,
    "IsBoolean": is_boolean,
    "IsTimestamp": is_timestamp,
}
OPERATORS = frozenset({*COMPARISONS, *PATH_COMPARISONS, *TYPE_TESTS, "IsPresent"})


def holds(rule: dict[str, Any], data: Any, context: dict[str, Any]) -> bool:
    """Return True where a rule's condition is true.

    A variable that is absent fails the execution, as in AWS: raises `Failure`.
    """
    if "And" in rule:
        return all(holds(part, data, context) for part in rule["And"])
    if "Or" in rule:
        return any(holds(part, data, context) for part in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], data, context)
    name = next(key for key in rule if key in OPERATORS)
    wanted = rule[name]
    if name == "IsPresent":
        return _present(rule["Variable"], data, context) is bool(wanted)
    value = _value(rule["Variable"], data, context)
    if name in TYPE_TESTS:
        return TYPE_TESTS[name](value) is bool(wanted)
    if name in PATH_COMPARISONS:
        return COMPARISONS[PATH_COMPARISONS[name]](value, _value(wanted, data, context))
    return COMPARISONS[name](value, wanted)


def _present(path: str, data: Any, context: dict[str, Any]) -> bool:
    try:
        read(path, data, context)
    except NotFound:
        return False
    return True


def _value(path: str, data: Any, context: dict[str, Any]) -> Any:
    try:
        return read(path, data, context)
    except NotFound as exc:
        cause = f"Invalid path '{path}': The choice state's condition path references an invalid value."
        raise Failure(RUNTIME, cause) from exc
