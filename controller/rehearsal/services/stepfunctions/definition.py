"""The check of a definition, which runs when a state machine is created.

Errors so show then, and not at run time. A field, state type or path that this engine does not act on is
refused by name, never ignored.
It checks the states (fields, transitions, the branches of Parallel states) and the rules inside states
(choices, retriers, catchers).
Source: Amazon States Language (states-language.net); messages follow CreateStateMachine's InvalidDefinition.
"""

from collections.abc import Set
from functools import lru_cache
from typing import Any

from controller.rehearsal.services.stepfunctions.choice import (
    COMPARISONS,
    OPERATORS,
    PATH_COMPARISONS,
    is_boolean,
    is_number,
    is_string,
    is_timestamp,
)
from controller.rehearsal.services.stepfunctions.definition_fields import (
    DefinitionError,
    check_field,
    check_integer,
    check_path,
    check_text,
    refuse,
)
from controller.rehearsal.services.stepfunctions.failures import ALL
from controller.rehearsal.services.stepfunctions.text import from_text

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


_IO = {"InputPath", "OutputPath"}
_FLOW = {"Next", "End"}
_RESULT = {"Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"}
_TIMEOUTS = {"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"}
FIELDS: dict[str, set[str]] = {
    "Task": {"Resource", *_IO, *_FLOW, *_RESULT, *_TIMEOUTS},
    "Parallel": {"Branches", *_IO, *_FLOW, *_RESULT},
    "Choice": {"Choices", "Default", *_IO},
    "Wait": {"Seconds", "SecondsPath", "Timestamp", "TimestampPath", *_IO, *_FLOW},
    "Pass": {"Result", "Parameters", "ResultPath", *_IO, *_FLOW},
    "Succeed": {*_IO},
    "Fail": {"Error", "Cause", "ErrorPath", "CausePath"},
}
_BRANCH = {"StartAt", "States", "Comment"}
_REQUIRED = {"Task": "Resource", "Parallel": "Branches", "Choice": "Choices"}
_EXCLUSIVE = (
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
)
_WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
_TRANSITION = "MISSING_TRANSITION_TARGET"
_LAMBDA_PARAMETERS = {"FunctionName", "Payload", "Qualifier"}


def check_states(scope: dict[str, Any], where: str, integrations: frozenset[str], seen: set[str]) -> None:
    """Check one `StartAt` and `States`, and the branches below.

    State names are unique in the whole file. Raises `DefinitionError`.
    """
    states, start = scope.get("States"), scope.get("StartAt")
    if not isinstance(states, dict) or not states:
        raise refuse("States is missing or empty", f"{where}/States")
    for field in scope:
        if where and field not in _BRANCH:
            raise refuse(f"Field {field!r} is not supported", f"{where}/{field}")
    if start not in states:
        raise refuse(f"StartAt names {start!r}, which is no state", f"{where}/StartAt", _TRANSITION)
    for name, state in states.items():
        place = f"{where}/States/{name}"
        if not 1 <= len(name) <= 80:
            raise refuse("a state's name has 1 to 80 characters", place)
        if name in seen:
            raise refuse(f"Duplicate state name {name!r}", place, "DUPLICATE_STATE_NAME")
        seen.add(name)
        _check_state(state, place, integrations)
        for target in _targets(state):
            if target not in states:
                raise refuse(f"Missing 'Next' target: {target!r}", place, _TRANSITION)
        for index, branch in enumerate(state.get("Branches", [])):
            check_states(branch, f"{place}/Branches/{index}", integrations, seen)
    reached, todo = {start}, [start]
    while todo:
        fresh = [target for target in _targets(states[todo.pop()]) if target not in reached]
        reached.update(fresh)
        todo.extend(fresh)
    for name in states:
        if name not in reached:
            raise refuse(f"State {name!r} is not reachable", f"{where}/States", _TRANSITION)


def _targets(state: dict[str, Any]) -> list[str]:
    rules = [*state.get("Catch", []), *state.get("Choices", [])]
    named = [state.get("Next"), state.get("Default"), *(rule["Next"] for rule in rules)]
    return [name for name in named if name is not None]


def _check_state(state: Any, place: str, integrations: frozenset[str]) -> None:
    if not isinstance(state, dict):
        raise refuse("a state is an object", place)
    kind = state.get("Type")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise refuse(f"State type {kind!r} is not supported", f"{place}/Type")
    for field, value in state.items():
        if field in {"Type", "Comment"}:
            continue
        if field not in FIELDS[kind]:
            raise refuse(f"Field {field!r} is not supported by the state type {kind}", f"{place}/{field}")
        check_field(field, value, f"{place}/{field}")
    if kind in _REQUIRED and _REQUIRED[kind] not in state:
        raise refuse(f"Field {_REQUIRED[kind]!r} is missing", place)
    if FIELDS[kind] >= _FLOW and ("Next" in state) == ("End" in state):
        raise refuse("a state has one of Next and End", place)
    for pair in _EXCLUSIVE:
        if all(field in state for field in pair):
            raise refuse(f"a state has one of {pair[0]} and {pair[1]}", place)
    if kind == "Wait" and sum(field in state for field in _WAITS) != 1:
        raise refuse(f"a Wait state has exactly one of {', '.join(_WAITS)}", place)
    check_choices(state.get("Choices"), f"{place}/Choices")
    check_retriers(state.get("Retry", []), f"{place}/Retry")
    check_catchers(state.get("Catch", []), f"{place}/Catch")
    if kind == "Task":
        _check_task(state, place, integrations)


def _check_task(state: dict[str, Any], place: str, integrations: frozenset[str]) -> None:
    resource = state["Resource"]
    if not resource.startswith("arn:aws:lambda:"):
        service = resource.removeprefix("arn:aws:states:::").removesuffix(".waitForTaskToken")
        if not resource.startswith("arn:aws:states:::") or service not in integrations:
            raise refuse(f"Resource {resource!r} is not supported", f"{place}/Resource")
        names = {name.removesuffix(".$") for name in state.get("Parameters", {})}
        if service == "lambda:invoke":
            for name in sorted(names - _LAMBDA_PARAMETERS):
                raise refuse(f"Field {name!r} is not supported by {service}", f"{place}/Parameters")
            if "FunctionName" not in names:
                raise refuse("Field 'FunctionName' is missing", f"{place}/Parameters")
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if timeout is not None and heartbeat is not None and heartbeat >= timeout:
        raise refuse("HeartbeatSeconds must be smaller than TimeoutSeconds", place)


_TOP = frozenset({"Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage"})


@lru_cache(maxsize=256)
def load(text: str, integrations: frozenset[str]) -> dict[str, Any]:
    """Return the definition as plain data; callers must not change it.

    Parameters
    ----------
    integrations: the known `service:action` names, for example `lambda:invoke`.

    Raises
    ------
    DefinitionError: its message has the error and its place.
    """
    try:
        definition = from_text(text)
    except ValueError as exc:
        raise DefinitionError(f"INVALID_JSON_DESCRIPTION: {exc}") from exc
    if not isinstance(definition, dict):
        raise DefinitionError("INVALID_JSON_DESCRIPTION: a definition is a JSON object")
    for name in definition:
        if name not in _TOP:
            raise DefinitionError(f"SCHEMA_VALIDATION_FAILED: Field {name!r} is not supported at /{name}")
    if definition.get("QueryLanguage", "JSONPath") != "JSONPath":
        raise DefinitionError("SCHEMA_VALIDATION_FAILED: QueryLanguage must be JSONPath at /QueryLanguage")
    if definition.get("Version", "1.0") != "1.0":
        raise DefinitionError("SCHEMA_VALIDATION_FAILED: Version must be 1.0 at /Version")
    timeout = definition.get("TimeoutSeconds", 1)
    if not isinstance(timeout, int) or isinstance(timeout, bool) or timeout < 1:
        raise DefinitionError("SCHEMA_VALIDATION_FAILED: a positive integer is needed at /TimeoutSeconds")
    check_states(definition, "", integrations, set())
    return definition
