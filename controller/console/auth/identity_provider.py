"""The identity provider: its published endpoints and keys, and its tokens.

A token is checked to be the provider's statement about a person.
Source: "OpenID Connect Core 1.0", section 3.1.3.7; RFC 7636 (PKCE).
"""

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from controller.console.auth.outbound import Fetch, IssuerUnreachable
from controller.settings import SignIn

ALGORITHMS = ("RS256", "PS256", "ES256", "RS384", "ES384")
"""All of them are asymmetric: no public key can be taken for a secret, and `none` is no algorithm."""
SKEW = 60
"""Seconds by which the issuer's clock and ours may differ."""
KEPT = 3_600.0
AGAIN = 30.0
"""Seconds between two reads of the keys for an unknown one: a forged token may ask for one very often."""
LONGEST = 16_384
MEMBERS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class TokenRefused(Exception):  # noqa: N818
    """The token is not this issuer's statement, for us, about this sign-in.

    The message holds no secret.
    """


class Issuer:
    """The issuer, with its published documents kept for an hour.

    They are kept longer where the issuer does not answer.
    """

    def __init__(self, settings: SignIn, fetch: Fetch, monotonic: Callable[[], float]) -> None:
        self.settings, self._fetch, self._monotonic = settings, fetch, monotonic
        self._lock = threading.Lock()
        self._published: tuple[float, dict[str, str]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def authorization_url(self, asked: Mapping[str, str]) -> str:
        """Return the address where a person signs in.

        Raises `IssuerUnreachable`.
        """
        return f"{self._metadata()['authorization_endpoint']}?{urlencode(asked)}"

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> str:
        """Return the id token for an authorization code.

        Raises `IssuerUnreachable`, `TokenRefused`.
        """
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier,
                "client_id": self.settings.client_id, "redirect_uri": redirect_uri}  # fmt: skip
        status, body = self._fetch("POST", self._metadata()["token_endpoint"], form)
        if status in (400, 401, 403):
            raise TokenRefused("the issuer refused the code")
        token = _json(status, body).get("id_token")
        if not isinstance(token, str) or len(token) > LONGEST:
            raise TokenRefused("the issuer gave no id token")
        return token

    def verified(self, token: str, *, nonce: str, now: float) -> dict[str, Any]:
        """Return the claims of an id token, if all of it holds.

        Raises `IssuerUnreachable`, `TokenRefused`.
        """
        why = ""
        try:
            header = extract_compact(token.encode()).headers()
            if header.get("alg") not in ALGORITHMS:
                why = "its algorithm is not allowed"
            else:
                found = jwt.decode(token, self._key_for(header.get("kid")), algorithms=list(ALGORITHMS))
                claims = dict(found.claims)
                self._registry(nonce, now).validate(claims)
                why = self._amiss(claims, now)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            why = type(error).__name__
        if why:
            raise TokenRefused(f"the id token is not valid: {why}")
        return claims

    def _registry(self, nonce: str, now: float) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=SKEW,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )

    def _amiss(self, claims: Mapping[str, Any], now: float) -> str:
        """Return the problem that the registry does not look for; "" if none."""
        if not isinstance(claims.get("nonce"), str):
            return "its nonce is no text"
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") is None:
            return "it is for several, and does not say for whom it was made"
        if claims.get("azp", self.settings.client_id) != self.settings.client_id:
            return "it was made for another"
        at = claims.get("auth_time")
        if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at <= now + SKEW:
            return "it does not say when the person signed in"
        return ""

    def _metadata(self) -> dict[str, str]:
        with self._lock:
            known = self._published
            if known is not None and self._monotonic() - known[0] < KEPT:
                return known[1]
            try:
                found = self._discover()
            except IssuerUnreachable:
                if known is None:
                    raise
                found = known[1]
            self._published = (self._monotonic(), found)
            return found

    def _discover(self) -> dict[str, str]:
        url = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        said = _json(*self._fetch("GET", url, None))
        if said.get("issuer") != self.settings.issuer:
            raise IssuerUnreachable("the discovery document is another issuer's")
        found = {name: said.get(name) for name in MEMBERS}
        if not all(isinstance(each, str) for each in found.values()):
            raise IssuerUnreachable("the discovery document lacks an endpoint")
        return {name: str(each) for name, each in found.items()}

    def _key_for(self, kid: object) -> KeySet:
        """Return the issuer's keys; read them again where `kid` is not among them."""
        known = self._keys
        age = self._monotonic() - known[0] if known else 0.0
        if known is not None and age < (KEPT if _holds(known[1], kid) else AGAIN):
            return known[1]
        try:
            url = self._metadata()["jwks_uri"]
            said = _json(*self._fetch("GET", url, None))
            keys = KeySet.import_key_set({"keys": [each for each in said["keys"] if _verifies(each)]})
        except IssuerUnreachable:
            if known is None or not _holds(known[1], kid):
                raise
            keys = known[1]
        self._keys = (self._monotonic(), keys)
        return keys


def _verifies(key: Mapping[str, Any]) -> bool:
    return key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig"


def _holds(keys: KeySet, kid: object) -> bool:
    return len(keys.keys) == 1 if kid is None else any(key.kid == kid for key in keys.keys)


def _json(status: int, body: bytes) -> dict[str, Any]:
    """Return the document of an answer.

    Raises `IssuerUnreachable`; a redirect is no answer either.
    """
    try:
        said = json.loads(body) if status == 200 else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise IssuerUnreachable(f"the issuer answered {status}, and not as an issuer does")
    return said
