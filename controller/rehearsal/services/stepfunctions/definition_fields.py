"""The check of a state's fields, and the refusal of a definition.

Each field is checked by its kind.
"""

from collections.abc import Callable
from typing import Any

from controller.rehearsal.services.stepfunctions.jsonpath import BadPath, parse
from controller.rehearsal.services.stepfunctions.text import from_iso


class DefinitionError(ValueError):
    """A definition that cannot be run.

    The message has the error and its place.
    """


def refuse(what: str, where: str, code: str = "SCHEMA_VALIDATION_FAILED") -> DefinitionError:
    return DefinitionError(f"{code}: {what} at {where}")


def check_path(value: Any, where: str) -> None:
    try:
        if not isinstance(value, str):
            raise BadPath(f"{value!r} is not a reference path")
        parse(value)
    except BadPath as exc:
        raise refuse(str(exc), where) from exc


def _nullable_path(value: Any, where: str) -> None:
    if value is not None:
        check_path(value, where)


def _result_path(value: Any, where: str) -> None:
    _nullable_path(value, where)
    if value is not None and value.startswith("$$"):
        raise refuse("ResultPath cannot be in the context object", where)


def check_template(value: Any, where: str) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            check_template(item, f"{where}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.endswith(".$"):
                check_path(item, f"{where}/{key}")
            else:
                check_template(item, f"{where}/{key}")


def _template(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise refuse("an object is needed", where)
    check_template(value, where)


def check_integer(value: Any, where: str, least: int = 1, most: int = 99_999_999) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise refuse(f"an integer from {least} to {most} is needed", where)


def check_text(value: Any, where: str) -> None:
    if not isinstance(value, str):
        raise refuse("a string is needed", where)


def _timestamp(value: Any, where: str) -> None:
    if from_iso(value) is None:
        raise refuse("a timestamp such as 2026-01-01T00:00:00Z is needed", where)


def _true(value: Any, where: str) -> None:
    if value is not True:
        raise refuse("End can only be true", where)


def _rules(value: Any, where: str) -> None:
    if not isinstance(value, list) or not value or not all(isinstance(rule, dict) for rule in value):
        raise refuse("a list of objects is needed", where)


def _anything(value: Any, where: str) -> None:
    """Accept any value: `Result` of a Pass state may be any JSON."""


_CHECKS: dict[str, Callable[[Any, str], None]] = {
    "InputPath": _nullable_path,
    "OutputPath": _nullable_path,
    "ResultPath": _result_path,
    "SecondsPath": check_path,
    "TimestampPath": check_path,
    "TimeoutSecondsPath": check_path,
    "HeartbeatSecondsPath": check_path,
    "ErrorPath": check_path,
    "CausePath": check_path,
    "Parameters": _template,
    "ResultSelector": _template,
    "TimeoutSeconds": check_integer,
    "HeartbeatSeconds": check_integer,
    "Seconds": lambda value, where: check_integer(value, where, least=0),
    "Timestamp": _timestamp,
    "End": _true,
    "Retry": _rules,
    "Catch": _rules,
    "Choices": _rules,
    "Branches": _rules,
    "Result": _anything,
    **dict.fromkeys(("Next", "Default", "Resource", "Error", "Cause"), check_text),
}


def check_field(field: str, value: Any, where: str) -> None:
    """Raise `DefinitionError` where the value is not of the field's kind."""
    _CHECKS[field](value, where)
