"""Files of events in which us-east-1 falls ill."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.lab.outages.derive import US, US_PLACES, Story, lines
from tests.lab.outages.events import Event, moment

T0 = moment("2024-05-06T10:00:00Z")


def written(folder: Path, events: Sequence[Event | str]) -> Path:
    path = folder / "events.jsonl"
    texts = [each if isinstance(each, str) else json.dumps(each) for each in events]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def ill(minutes: float, lasting: float = 60.0) -> list[Event]:
    """us-east-1 falls ill after three minutes."""
    span = ((T0 + 180.0, T0 + 60.0 * (3 + lasting)),)
    return lines(Story(T0, T0 + 60 * minutes, US, US_PLACES, 60.0, ill={US[0]: span}, red={US[0]: span}))
