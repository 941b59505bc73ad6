"""Format 1 of an event's text: version 0.1.0 wrote it, this one reads it.

```
 {"application":…,"draft":{"at":…,"by":…,"data":{…},"epoch":…,"id":…,"incident":…,"kind":…},"hash":…,"prev":…,"seq":…}
```
Its hash is that of the same members without `hash`, in the older spelling of JSON. An event of format 2 may
follow one of format 1, whose hash it names; the other way round nobody writes.
"""

from collections.abc import Mapping
from typing import Any

from controller.core.canonical_json import ascii_digest

NEEDED = frozenset({"at", "by", "id", "kind"})
"""The members that each draft has."""
LEFT_OUT: Mapping[str, Any] = {"data": {}, "epoch": 0, "incident": None}
"""The others, as the first versions meant them where they left them out."""


def members_of(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an event as format 2 has them, and its hash.

    Raises `ValueError` where it says that its hash is another; `KeyError`, `TypeError` for no event.
    """
    sealed = hash_of(raw)
    if raw["hash"] != sealed:
        raise ValueError(f"event {raw['seq']} is not what its own hash says")
    about = {"application": raw["application"], "seq": raw["seq"], "prev": raw["prev"], "hash": sealed}
    draft = raw["draft"]
    strange = ", ".join(sorted(str(name)[:40] for name in draft if name not in {*NEEDED, *LEFT_OUT}))
    if strange:
        raise ValueError(f"event {raw['seq']} has members that format 1 has not: {strange}")
    lacks = ", ".join(sorted(NEEDED - set(draft)))
    if lacks:
        raise ValueError(f"event {raw['seq']} lacks members that format 1 has: {lacks}")
    return {**LEFT_OUT, **draft, **about}


def hash_of(raw: dict[str, Any]) -> str:
    """Return the hash that an event of format 1 must say of itself."""
    return ascii_digest({key: raw[key] for key in ("application", "seq", "prev", "draft")})
