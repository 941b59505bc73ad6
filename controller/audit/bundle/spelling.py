"""The spellings of JSON in bundles: each has one text for one value, and hashes are taken of that text.

`canonical` is that of whatever is written now. `first` is that of the first bundles, and of journals and
assessments as they were then; it never changes, so that they can be checked for ever.
"""

import hashlib
import json
from typing import Any

from controller.core.journal import canonical

_FIRST = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def first(value: Any) -> str:
    """Return the first spelling: sorted keys, no spaces, ASCII, floats as Python prints them."""
    return _FIRST.encode(value)


def sealed(raw: dict[str, Any], line: bytes) -> str | None:
    """Return the hash of all members but `hash`, in the spelling that `line` has.

    Return None where `line` is no spelling of `raw`.
    """
    rest = {key: value for key, value in raw.items() if key != "hash"}
    for spell in (canonical, first):
        if spell(raw).encode() == line:
            return hashlib.sha256(spell(rest).encode()).hexdigest()
    return None
