"""One line of the record that break-glass keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.policy_scene import EAST, WEST


@dataclass(frozen=True)
class Line:
    id: str
    hash: str
    body: Mapping[str, Any]


def line(identity: str, **body: Any) -> Line:
    told = {"stage": "applied", "who": "ana@host", "region": EAST, "to": WEST, "reason": "dark", "at": 1.0}
    return Line(identity, f"hash of {identity}", told | body)
