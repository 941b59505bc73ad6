"""EventBridge's input transformer at its worst, and a text that breaks out of a template."""

import json
import re
from typing import Any

from tests.support.event_samples import Event


def transform(event: Event, paths: dict[str, str], template: str) -> str:
    """Absent leaves nothing; text is not escaped; an object is JSON, inside a text without its quotes."""

    def fill(match: re.Match[str]) -> str:
        value: Any = event
        for key in paths[match["name"]].removeprefix("$.").split("."):
            value = value.get(key) if isinstance(value, dict) else None
        quoted = template[match.start() - 1] == '"'
        if value is None or isinstance(value, str):
            return (value or "") if quoted or value is None else f'"{value}"'
        return json.dumps(value).replace('"', "") if quoted else json.dumps(value)

    return re.sub("<(?P<name>[a-z]+)>", fill, template)


HOSTILE = '"}},"region":"eu-west-1","detail":{"alarmName":"other","state":{"value":"OK"}},"x":"\\'
