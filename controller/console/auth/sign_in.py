"""The sign-in: OpenID Connect, authorization code with PKCE.

```
 /signin ──cookie: state, nonce, verifier──> issuer ──code, state──> /signed-in ──code, verifier──> issuer
                      the page that one wanted <──cookie: session── id token, verified here <─┘
```
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from controller.console.auth.identity_provider import Issuer, TokenRefused
from controller.console.auth.session import FRESH, Sealer, begun, cookie_of
from controller.console.http.messages import Request, Response, local, redirect, set_cookie
from controller.core.text import sanitize

PENDING = "__Host-tidegate-signin"
WITHIN = 600.0
"""Seconds from the first page of the issuer to its answer."""
BACK = "/signed-in"
NAME = 120
SUBJECT = 255
"""Characters that OpenID Connect allows a `sub`; what is longer is cut."""


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636, 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class Door:
    """The two steps of a sign-in.

    sealer: for cookies. wanted: the groups that the policy names; others are not kept.
    """

    issuer: Issuer
    sealer: Sealer
    wanted: Collection[str]

    def begin(self, request: Request, now: float) -> Response:
        """Send the person to the issuer.

        The issuer asks for a proof that is at most five minutes old. Raises `IssuerUnreachable`.
        """
        settings, asked = self.issuer.settings, request.asked()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "to": local(asked.get("to", "/"))}
        url = self.issuer.authorization_url(
            {
                "response_type": "code",
                "client_id": settings.client_id,
                "redirect_uri": settings.origin + BACK,
                "scope": settings.scope,
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge_of(verifier),
                "code_challenge_method": "S256",
                "max_age": str(int(FRESH)),
            }
        )
        sealed = self.sealer.seal("pending", kept, now + WITHIN)
        return redirect(url, set_cookie(PENDING, sealed, int(WITHIN)))

    def finish(self, request: Request, now: float) -> Response:
        """Check the issuer's answer, and begin a session.

        Raises `IssuerUnreachable`, `TokenRefused`.
        """
        said = request.asked()
        pending = self.sealer.open("pending", request.cookies().get(PENDING, ""), now)
        if pending is None:
            raise TokenRefused("no sign-in was begun in this browser, or too long ago")
        if not secrets.compare_digest(str(pending["state"]).encode(), said.get("state", "").encode()):
            raise TokenRefused("the answer is to another sign-in")
        if "code" not in said:
            raise TokenRefused(f"the issuer said no: {sanitize(said.get('error', 'without a reason'), 60)}")
        settings = self.issuer.settings
        token = self.issuer.redeem(said["code"][:4096], str(pending["verifier"]), settings.origin + BACK)
        claims = self.issuer.verified(token, nonce=str(pending["nonce"]), now=now)
        subject = sanitize(str(claims["sub"]), SUBJECT)
        session = begun(self._who(claims), self._groups(claims), float(claims["auth_time"]),
                        issuer=settings.issuer, subject=subject)  # fmt: skip
        gone = set_cookie(PENDING, "", 0)
        done = redirect(str(pending["to"]), gone, cookie_of(session, self.sealer, now))
        return replace(done, why=f"signed in: session {session.tag}")

    def _who(self, claims: Mapping[str, Any]) -> str:
        settings = self.issuer.settings
        who = claims.get(settings.person)
        if not isinstance(who, str) or sanitize(who, NAME) != who or not who:
            raise TokenRefused(f"the id token names nobody: `{settings.person}`")
        if settings.person == "email" and claims.get("email_verified") is False:
            raise TokenRefused("the issuer has not verified this address")
        return who

    def _groups(self, claims: Mapping[str, Any]) -> set[str]:
        found = claims.get(self.issuer.settings.groups)
        named = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        return {each for each in named if isinstance(each, str)} & set(self.wanted)
