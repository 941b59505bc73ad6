"""The JSONPath of tidegate's workflow: reference paths, context object, payload templates.

`$`, `$.a.b`, `$['a b']`, `$.a[0]` read the state's input; `$$.Task.Token` and its like read the context
object.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from controller.rehearsal.services.stepfunctions.failures import RUNTIME, Failure
from controller.rehearsal.services.stepfunctions.records import Execution, Strand
from controller.rehearsal.services.stepfunctions.text import from_text, to_iso, to_text

_STEP = re.compile(r"\.(?P<name>[^\W\d][\w-]*)|\['(?P<quoted>[^'\\]+)'\]|\[(?P<index>\d{1,9})\]")


class BadPath(ValueError):  # noqa: N818
    """A text that is not a reference path which this engine reads."""


class NotFound(LookupError):  # noqa: N818
    """The input has no value at the path."""


@dataclass(frozen=True, slots=True)
class Path:
    text: str
    context: bool
    steps: tuple[str | int, ...]


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Return the parsed reference path.

    Raises `BadPath` for wildcards, filters, slices and intrinsic functions.
    """
    context = text.startswith("$$")
    rest = text[2:] if context else text[1:]
    if not text.startswith("$"):
        raise BadPath(f"{text!r} is not a reference path")
    steps: list[str | int] = []
    position = 0
    while position < len(rest):
        step = _STEP.match(rest, position)
        if step is None:
            raise BadPath(f"{text!r} is not a reference path")
        index = step["index"]
        steps.append(int(index) if index is not None else (step["name"] or step["quoted"]))
        position = step.end()
    return Path(text, context, tuple(steps))


def read(text: str, data: Any, context: dict[str, Any]) -> Any:
    """Return the value at a path.

    Raises `NotFound`.
    """
    path = parse(text)
    value = context if path.context else data
    for step in path.steps:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                raise NotFound(text)
            value = value[step]
        elif isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            raise NotFound(text)
    return value


def select(text: str | None, data: Any, context: dict[str, Any], *, field: str) -> Any:
    """Return the value that InputPath or OutputPath selects.

    Null selects an empty object. Raises `Failure`.
    """
    if text is None:
        return {}
    try:
        return read(text, data, context)
    except NotFound as exc:
        raise Failure(RUNTIME, f"Invalid path '{text}' in {field}: No results for path: {text}") from exc


def fill(template: Any, data: Any, context: dict[str, Any]) -> Any:
    """Return a payload template with its paths replaced by values.

    Each `"name.$": "path"` becomes `"name": value`. Raises `Failure`.
    """
    if isinstance(template, list):
        return [fill(item, data, context) for item in template]
    if not isinstance(template, dict):
        return template
    filled: dict[str, Any] = {}
    for key, value in template.items():
        if not key.endswith(".$"):
            filled[key] = fill(value, data, context)
            continue
        try:
            filled[key[:-2]] = read(value, data, context)
        except NotFound as exc:
            # The context holds the task token, so only the state's own data is quoted.
            shown = "the context object" if value.startswith("$$") else f"the input '{to_text(data)}'"
            cause = f"The JSONPath '{value}' specified for the field '{key}' could not be found in {shown}"
            raise Failure(RUNTIME, cause) from exc
    return filled


def place(text: str | None, into: Any, value: Any) -> Any:
    """Return a copy of `into` with `value` at the path of ResultPath.

    Null drops the value. Raises `Failure`.
    """
    if text is None:
        return into
    return _placed(parse(text).steps, into, value, text)


def _placed(steps: tuple[str | int, ...], into: Any, value: Any, text: str) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and isinstance(into, dict):
        return {**into, step: _placed(rest, into.get(step, {}), value, text)}
    if isinstance(step, int) and isinstance(into, list) and step < len(into):
        return [*into[:step], _placed(rest, into[step], value, text), *into[step + 1 :]]
    cause = f"Unable to apply step \"{step}\" of ResultPath '{text}' to input '{to_text(into)}'"
    raise Failure("States.ResultPathMatchFailure", cause)


def context_of(execution: Execution, strand: Strand, token: str | None = None) -> dict[str, Any]:
    """Return the context object (`$$`) for a state of `execution`.

    token: only while a task with a callback is being scheduled.
    """
    context = {
        "Execution": {
            "Id": execution.arn,
            "Input": _parsed(execution.input),
            "Name": execution.name,
            "RoleArn": execution.role_arn,
            "StartTime": to_iso(execution.start),
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": execution.machine_arn, "Name": execution.machine_arn.rpartition(":")[2]},
        "State": {
            "Name": strand.state,
            "EnteredTime": to_iso(strand.entered_at),
            "RetryCount": strand.retries,
        },
    }
    if token is not None:
        context["Task"] = {"Token": token}
    return context


def effective_input(
    execution: Execution, strand: Strand, state: dict[str, Any], token: str | None = None
) -> Any:
    """Return the state's input after InputPath and Parameters. Raises `Failure`."""
    context = context_of(execution, strand, token)
    data = select(state.get("InputPath", "$"), strand.input, context, field="InputPath")
    return fill(state["Parameters"], data, context) if "Parameters" in state else data


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    return from_text(text)
