"""The session of a signed-in person, in a sealed cookie.

The issuer named the person when they signed in. Nobody can read or change the cookie, or use one kind as
another. JWE, `dir` with A256GCM: a cookie is its own record, so that any Lambda of a Region can open it.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from controller.console.http.messages import Request, set_cookie
from controller.core.incident.approval import SignedIn

KEY = 32
"""Bytes of a key."""
LONGEST = 3_800
"""Characters: browsers keep 4,096 bytes a cookie, with its name and attributes."""
_ALGORITHMS = ["dir", "A256GCM"]
NAME = "__Host-tidegate"
LASTS = 3_600.0
"""Seconds after a sign-in in which a person may look at pages."""
FRESH = 300.0
"""Seconds after a sign-in in which a person may approve or deny (A5)."""


class Sealer:
    """The sealer of cookies: it seals and opens with one key.

    The key has 32 random bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY:
            raise ValueError(f"a key has {KEY} bytes")
        self._key = OctKey.import_key(key)

    def seal(self, kind: str, data: Mapping[str, Any], until: float) -> str:
        header = {"alg": "dir", "enc": "A256GCM", "typ": kind}
        text = json.dumps({**data, "until": until}, separators=(",", ":"))
        return jwe.encrypt_compact(header, text.encode(), self._key, algorithms=_ALGORITHMS)

    def open(self, kind: str, sealed: str, now: float) -> dict[str, Any] | None:
        """Return the data that were sealed as `kind`.

        None for anything else, and once the time is over.
        """
        if not sealed or len(sealed) > LONGEST:
            return None
        try:
            found = jwe.decrypt_compact(sealed, self._key, algorithms=_ALGORITHMS)
            data: dict[str, Any] = json.loads(found.plaintext or b"null")
            whole = found.headers().get("typ") == kind and now < float(data["until"])
        except (JoseError, ValueError, TypeError, KeyError):
            return None
        return data if whole else None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person.

    groups: those of the policy alone. signed_in: the time of the person's proof of identity.
    csrf: a secret of this session, which a form of ours carries and another site cannot know.
    issuer, subject: `iss` and `sub` of the id token; "" in a cookie of an older version.
    """

    who: str
    groups: tuple[str, ...]
    signed_in: float
    csrf: str = field(repr=False)
    issuer: str = ""
    subject: str = ""

    @property
    def proof(self) -> SignedIn:
        """Return how the person showed who they are; no secret is in it."""
        return SignedIn("console", self.issuer, self.subject, self.groups, self.signed_in)

    def fresh(self, now: float) -> bool:
        return now - self.signed_in <= FRESH

    @property
    def tag(self) -> str:
        """Return the mark of this session in the log, which says nothing of the person."""
        return hashlib.sha256(self.csrf.encode()).hexdigest()[:8]

    def token(self, path: str) -> str:
        """Return the token that the form which posts to `path` carries."""
        return hmac.new(self.csrf.encode(), path.encode(), "sha256").hexdigest()

    def meant(self, path: str, token: str) -> bool:
        return hmac.compare_digest(self.token(path).encode(), token.encode("utf-8", "replace"))


def begun(
    who: str, groups: Collection[str], signed_in: float, *, issuer: str = "", subject: str = ""
) -> Session:
    return Session(who, tuple(sorted(groups)), signed_in, secrets.token_urlsafe(24), issuer, subject)


def cookie_of(session: Session, sealer: Sealer, now: float) -> str:
    data = {"who": session.who, "groups": session.groups, "at": session.signed_in, "csrf": session.csrf,
            "iss": session.issuer, "sub": session.subject}  # fmt: skip
    return set_cookie(NAME, sealer.seal("session", data, now + LASTS), int(LASTS))


def session_of(request: Request, sealer: Sealer, now: float) -> Session | None:
    """Return the session of the person who sent `request`.

    None where there is none, or somebody changed it.
    """
    data: Mapping[str, Any] | None = sealer.open("session", request.cookies().get(NAME, ""), now)
    if data is None:
        return None
    return Session(
        str(data["who"]), tuple(map(str, data["groups"])), float(data["at"]), str(data["csrf"]),
        str(data.get("iss", "")), str(data.get("sub", "")),
    )  # fmt: skip


GONE = set_cookie(NAME, "", 0)
