"""The rules inside states: choices, retriers, catchers."""

from collections.abc import Set
from typing import Any

from controller.rehearsal.engine.asl_fields import check_integer, check_path, check_text, refuse
from controller.rehearsal.engine.choice import (
    COMPARISONS,
    OPERATORS,
    PATH_COMPARISONS,
    is_boolean,
    is_number,
    is_string,
    is_timestamp,
)
from controller.rehearsal.engine.failures import ALL

_RETRIER = {
    "ErrorEquals",
    "IntervalSeconds",
    "BackoffRate",
    "MaxAttempts",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
}
_CATCHER = {"ErrorEquals", "Next", "ResultPath", "Comment"}
_WANTED = {"String": is_string, "Numeric": is_number, "Boolean": is_boolean, "Timestamp": is_timestamp}


def check_choices(rules: list[dict[str, Any]] | None, where: str) -> None:
    for index, rule in enumerate(rules or []):
        place = f"{where}/{index}"
        if "Next" not in rule:
            raise refuse("Field 'Next' is missing", place)
        check_text(rule["Next"], f"{place}/Next")
        _check_condition({key: value for key, value in rule.items() if key != "Next"}, place)


def _check_condition(rule: Any, where: str) -> None:
    if not isinstance(rule, dict):
        raise refuse("a condition is an object", where)
    keys = [key for key in rule if key != "Comment"]
    if len(keys) == 1 and keys[0] in {"And", "Or"}:
        parts = rule[keys[0]]
        if not isinstance(parts, list) or not parts:
            raise refuse("a list of conditions is needed", f"{where}/{keys[0]}")
        for index, part in enumerate(parts):
            _check_condition(part, f"{where}/{keys[0]}/{index}")
        return
    if keys == ["Not"]:
        _check_condition(rule["Not"], f"{where}/Not")
        return
    for key in keys:
        if key != "Variable" and key not in OPERATORS:
            raise refuse(f"Field {key!r} is not supported in a choice rule", f"{where}/{key}")
    if len(keys) != 2 or "Variable" not in rule:
        raise refuse("a condition has Variable and one comparison", where)
    check_path(rule["Variable"], f"{where}/Variable")
    name = next(key for key in keys if key != "Variable")
    if name in PATH_COMPARISONS:
        check_path(rule[name], f"{where}/{name}")
    elif name in COMPARISONS:
        kind = next(prefix for prefix in _WANTED if name.startswith(prefix))
        if not _WANTED[kind](rule[name]):
            raise refuse(f"a {kind.lower()} value is needed", f"{where}/{name}")
    elif not is_boolean(rule[name]):
        raise refuse("true or false is needed", f"{where}/{name}")


def check_retriers(rules: list[dict[str, Any]], where: str) -> None:
    for index, rule in enumerate(rules):
        place = f"{where}/{index}"
        _check_errors(rule, _RETRIER, place, last=index == len(rules) - 1)
        for field, least in (("IntervalSeconds", 1), ("MaxAttempts", 0), ("MaxDelaySeconds", 1)):
            if field in rule:
                check_integer(rule[field], f"{place}/{field}", least=least)
        rate = rule.get("BackoffRate", 2.0)
        if not is_number(rate) or rate < 1:
            raise refuse("a number of at least 1.0 is needed", f"{place}/BackoffRate")
        if rule.get("JitterStrategy", "NONE") not in {"NONE", "FULL"}:
            raise refuse("JitterStrategy is NONE or FULL", f"{place}/JitterStrategy")


def check_catchers(rules: list[dict[str, Any]], where: str) -> None:
    for index, rule in enumerate(rules):
        place = f"{where}/{index}"
        _check_errors(rule, _CATCHER, place, last=index == len(rules) - 1)
        if "Next" not in rule:
            raise refuse("Field 'Next' is missing", place)
        check_text(rule["Next"], f"{place}/Next")
        if rule.get("ResultPath") is not None:
            check_path(rule["ResultPath"], f"{place}/ResultPath")


def _check_errors(rule: dict[str, Any], allowed: Set[str], where: str, *, last: bool) -> None:
    for field in rule:
        if field not in allowed:
            raise refuse(f"Field {field!r} is not supported", f"{where}/{field}")
    names = rule.get("ErrorEquals")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise refuse("a list of error names is needed", f"{where}/ErrorEquals")
    if ALL in names and (len(names) > 1 or not last):
        raise refuse(f"{ALL} stands alone and in the last rule", f"{where}/ErrorEquals")
