"""What a browser keeps for us, sealed: nobody can read or change it, or use one kind as another.

JWE, `dir` with A256GCM: a cookie is its own record, so that any Lambda of a Region can open it.
"""

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

KEY = 32
"""Bytes of a key."""
LONGEST = 3_800
"""Characters: browsers keep 4,096 bytes a cookie, with its name and attributes."""
_ALGORITHMS = ["dir", "A256GCM"]


class Sealer:
    """Seals and opens with one key of 32 random bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY:
            raise ValueError(f"a key has {KEY} bytes")
        self._key = OctKey.import_key(key)

    def seal(self, kind: str, data: Mapping[str, Any], until: float) -> str:
        header = {"alg": "dir", "enc": "A256GCM", "typ": kind}
        text = json.dumps({**data, "until": until}, separators=(",", ":"))
        return jwe.encrypt_compact(header, text.encode(), self._key, algorithms=_ALGORITHMS)

    def open(self, kind: str, sealed: str, now: float) -> dict[str, Any] | None:
        """What was sealed as `kind`; None for anything else, and once its time is over."""
        if not sealed or len(sealed) > LONGEST:
            return None
        try:
            found = jwe.decrypt_compact(sealed, self._key, algorithms=_ALGORITHMS)
            data: dict[str, Any] = json.loads(found.plaintext or b"null")
            whole = found.headers().get("typ") == kind and now < float(data["until"])
        except (JoseError, ValueError, TypeError, KeyError):
            return None
        return data if whole else None
