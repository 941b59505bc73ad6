"""The states of a definition: fields, transitions, and the branches of Parallel states."""

from typing import Any

from controller.rehearsal.engine.asl_fields import check_field, refuse
from controller.rehearsal.engine.asl_rules import check_catchers, check_choices, check_retriers

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
    """Check one `StartAt` and `States`, and what lies below. State names are unique in the whole file."""
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
