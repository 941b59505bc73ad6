"""Format 1 of an event's text, which version 0.1.0 wrote: it is read, and never written.

```
 {"application":…,"draft":{"at":…,"by":…,"data":{…},"epoch":…,"id":…,"incident":…,"kind":…},"hash":…,"prev":…,"seq":…}
```
Its hash is that of the same members without `hash`, in the older spelling of JSON. An event of format 2 may
follow one of format 1, whose hash it names; the other way round nobody writes.
"""

from typing import Any

from controller.core.canonical_json import ascii_digest


def members_of(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an event as format 2 has them, and its hash.

    Raises `ValueError` where it says that its hash is another; `KeyError`, `TypeError` for no event.
    """
    sealed = hash_of(raw)
    if raw["hash"] != sealed:
        raise ValueError(f"event {raw['seq']} is not what its own hash says")
    about = {"application": raw["application"], "seq": raw["seq"], "prev": raw["prev"], "hash": sealed}
    draft = raw["draft"]
    defaults: dict[str, Any] = {"epoch": 0, "incident": None, "data": {}}
    return {**defaults, **draft, **about}


def hash_of(raw: dict[str, Any]) -> str:
    """Return the hash that an event of format 1 must say of itself."""
    return ascii_digest({key: raw[key] for key in ("application", "seq", "prev", "draft")})
