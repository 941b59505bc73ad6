"""How deep JSON from outside may nest: what is deeper is refused before anything recurses into it."""

from typing import Any


def deeper_than(value: Any, most: int) -> bool:
    """Whether `value` nests more than `most` levels. Does not recurse itself."""
    level = [value]
    for _ in range(most + 1):
        level = [child for item in level for child in _inside(item)]
    return bool(level)


def _inside(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []
