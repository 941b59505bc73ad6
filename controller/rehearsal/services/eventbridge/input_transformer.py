"""The input of an EventBridge target, made from an event (user guide, "Input transformation").

```
 <name> outside quotes    the value as JSON           {"n": <name>}      -> {"n": "x"}
 <name> inside quotes     its bare text               "is <name>"        -> "is x"
 an object inside quotes  its JSON without quotes     "is <object>"      -> "is {a: 1}"
 no such path             nothing (outside quotes "")
```

Text that is put inside quotes is escaped, so that text from outside cannot break out of its string.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from controller.rehearsal.service import iso

Event = dict[str, Any]
PATH = re.compile(r"\$((\.[A-Za-z0-9_/-]+)|(\[\d+\]))*")
STEP = re.compile(r"\.([A-Za-z0-9_/-]+)|\[(\d+)\]")
PLACE = re.compile(r'\\.|"|<([A-Za-z0-9_.-]+)>', re.DOTALL)
WHOLE = {"aws.events.event", "aws.events.event.json"}
RESERVED = {*WHOLE, "aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time"}


def invalid_input(target: Mapping[str, Any]) -> str | None:
    """Return the reason why `PutTargets` refuses a target's input settings.

    None if it does not.
    """
    given = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name) is not None]
    if len(given) > 1:
        return (
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        )
    transformer = target.get("InputTransformer") or {}
    paths: dict[str, str] = transformer.get("InputPathsMap") or {}
    asked = [target["InputPath"]] if "InputPath" in given else []
    for path in [*paths.values(), *asked]:
        if not PATH.fullmatch(path):
            return f"Invalid InputPath for target {target['Id']}: {path[:64]!r}."
    names = {match[1] for match in PLACE.finditer(transformer.get("InputTemplate", "")) if match[1]}
    if unknown := sorted(names - set(paths) - RESERVED):
        return f"InputTemplate for target {target['Id']} contains invalid placeholder {unknown[0]}."
    if "Input" in given:
        try:
            json.loads(target["Input"])
        except (ValueError, RecursionError):
            return f"JSON syntax error in input for target {target['Id']}."
    return None


def input_for(target: Mapping[str, Any], event: Event, *, rule_arn: str, ingested: float) -> str:
    """Return the text that `target` receives."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath") is not None:
        return json.dumps(look_up(event, target["InputPath"])[0])
    if not (transformer := target.get("InputTransformer")):
        return json.dumps(event)
    values: dict[str, Any] = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rsplit("/", 1)[-1],
        "aws.events.event.ingestion-time": iso(ingested),
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": event,
    }
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        value, found = look_up(event, path)
        values[name] = value if found else ""
    return fill(transformer["InputTemplate"], values)


def look_up(event: Event, path: str) -> tuple[Any, bool]:
    """Return the value at `$.a.b[0]`, and True where there is one."""
    value: Any = event
    for key, index in STEP.findall(path):
        if key and isinstance(value, dict) and key in value:
            value = value[key]
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return None, False
    return value, True


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Return `template` with its placeholders replaced."""
    return "".join(
        [
            piece if plain else (_bare if quoted else json.dumps)(values.get(piece, ""))
            for piece, plain, quoted in _pieces(template)
        ]
    )


@lru_cache(maxsize=512)
def _pieces(template: str) -> tuple[tuple[str, bool, bool], ...]:
    """Return the template's pieces as (text, plain, quoted).

    The text is plain, or it is the name of a placeholder; `quoted`: the placeholder stands inside quotes.
    """
    pieces, at, quoted = [], 0, False
    for match in PLACE.finditer(template):
        if match[1] is None:
            quoted ^= match[0] == '"'
            continue
        pieces += [(template[at : match.start()], True, False), (match[1], False, quoted)]
        at = match.end()
    return (*pieces, (template[at:], True, False))


def _bare(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value)[1:-1]
    return json.dumps(value).replace("\\", "").replace('"', "")
