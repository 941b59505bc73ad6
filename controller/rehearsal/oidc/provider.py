"""A small OpenID Connect provider for rehearsals, with PKCE and three people.

```
 GET  /authorize   a page with a button for each person         (a link opened by a robot signs nobody in)
 POST /authorize   code ──> redirect_uri
 POST /token       code + verifier ──> id token; a wrong verifier makes the code invalid
```

It gives an authorization code. Anybody who can reach it can sign in as anybody: it exists in rehearsals
alone, on 127.0.0.1.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey
from markupsafe import escape

CODE_LASTS = 60.0
TOKEN_LASTS = 300.0


@dataclass(frozen=True, slots=True)
class Person:
    sub: str
    email: str
    name: str
    groups: tuple[str, ...]


PEOPLE = (
    Person("u-ana", "ana@storefront.example", "Ana (on call)", ("sre-oncall",)),
    Person("u-ben", "ben@storefront.example", "Ben (lead)", ("sre-leads", "sre-oncall")),
    Person("u-cem", "cem@storefront.example", "Cem (lead)", ("sre-leads",)),
)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Code:
    person: Person
    asked: Mapping[str, str]
    until: float
    at: float


class Oidc:
    """The provider; `handle` answers one request.

    clients: client id -> its only redirect URI. now: returns seconds since 1970.
    claims: members that are added to each id token's claims, or replace them (a test's forgeries).
    """

    def __init__(
        self,
        issuer: str,
        clients: Mapping[str, str],
        now: Callable[[], float],
        people: Sequence[Person] = PEOPLE,
    ) -> None:
        self.issuer, self.now, self.people = issuer, now, {person.sub: person for person in people}
        self.clients = dict(clients)
        self.key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig"}, private=True)
        self.claims: dict[str, Any] = {}
        self._codes: dict[str, _Code] = {}
        self._signed_in: dict[str, tuple[Person, float]] = {}

    def handle(self, method: str, target: str, body: bytes = b"", cookie: str = "") -> Reply:
        """Answer one request.

        target: path and query. cookie: of this provider, if the browser has one.
        """
        parts = urlsplit(target)
        asked = dict(parse_qsl(parts.query))
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        match method, parts.path:
            case "GET", "/.well-known/openid-configuration":
                return _json(200, self._metadata())
            case "GET", "/jwks":
                return _json(200, {"keys": [self.key.as_dict(private=False)]})
            case "GET", "/authorize":
                return self._refusal(asked) or self._known(asked, cookie) or self._who(asked)
            case "POST", "/authorize":
                return self._refusal(form) or self._signs_in(form)
            case "POST", "/token":
                return self._token(form)
        return Reply(404, b"no such page", {"content-type": "text/plain"})

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _refusal(self, asked: Mapping[str, str]) -> Reply | None:
        """Return the refusal of a bad authorization request; None for a good one.

        The refusal is never a redirect to an address that is not registered.
        """
        if self.clients.get(asked.get("client_id", "")) != asked.get("redirect_uri"):
            return Reply(400, b"unknown client or redirect_uri", {"content-type": "text/plain"})
        challenge, method = asked.get("code_challenge", ""), asked.get("code_challenge_method")
        if asked.get("response_type") != "code" or method != "S256" or len(challenge) != 43:
            return Reply(400, b"authorization code with PKCE (S256) only", {"content-type": "text/plain"})
        return None

    def _known(self, asked: Mapping[str, str], cookie: str) -> Reply | None:
        """Return a new code without a question to a person who signed in recently.

        Return None where the person must be asked: the cookie is unknown, the sign-in is older than `max_age`
        seconds, or `prompt` has `login`.
        """
        found = self._signed_in.get(cookie)
        if found is None or "login" in asked.get("prompt", ""):
            return None
        if self.now() - found[1] > float(asked.get("max_age", "0") or 0):
            return None
        return self._grant(asked, found[0], found[1])

    def _who(self, asked: Mapping[str, str]) -> Reply:
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in asked.items()
        )
        buttons = "".join(
            f'<button name="person" value="{escape(p.sub)}"><b>{escape(p.name)}</b>'
            f"<span>{escape(', '.join(p.groups))}</span></button>"
            for p in self.people.values()
        )
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Rehearsal sign-in</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<style>{_STYLE}</style></head><body><main><h1>Who are you, in this rehearsal?</h1>"
            "<p>This provider exists in rehearsals alone. There is no password.</p>"
            f'<form method="post" action="/authorize">{hidden}{buttons}</form></main></body></html>'
        )
        return Reply(
            200, page.encode(), {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
        )

    def _signs_in(self, form: Mapping[str, str]) -> Reply:
        person = self.people.get(form.get("person", ""))
        if person is None:
            return Reply(400, b"nobody of that name", {"content-type": "text/plain"})
        mark, at = secrets.token_urlsafe(16), self.now()
        self._signed_in[mark] = (person, at)
        reply = self._grant(form, person, at)
        return Reply(
            reply.status, b"", {**reply.headers, "set-cookie": f"rehearsal={mark}; Path=/; HttpOnly"}
        )

    def _grant(self, asked: Mapping[str, str], person: Person, at: float) -> Reply:
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(person, dict(asked), self.now() + CODE_LASTS, at)
        back = urlencode({"code": code, "state": asked.get("state", "")})
        return Reply(303, b"", {"location": f"{asked['redirect_uri']}?{back}"})

    def _token(self, form: Mapping[str, str]) -> Reply:
        found = self._codes.pop(form.get("code", ""), None)  # once, whatever comes of it
        if found is None or self.now() > found.until or form.get("grant_type") != "authorization_code":
            return _json(400, {"error": "invalid_grant"})
        asked = found.asked
        same = all(form.get(name) == asked.get(name) for name in ("client_id", "redirect_uri"))
        if not same or _challenge(form.get("code_verifier", "")) != asked["code_challenge"]:
            return _json(400, {"error": "invalid_grant"})
        token = jwt.encode({"alg": "ES256", "kid": self.key.kid}, self._claims(found), self.key)
        return _json(200, {"id_token": token, "token_type": "Bearer", "expires_in": int(TOKEN_LASTS)})

    def _claims(self, code: _Code) -> dict[str, Any]:
        now = int(self.now())
        return {
            "iss": self.issuer,
            "sub": code.person.sub,
            "aud": code.asked["client_id"],
            "iat": now,
            "exp": now + int(TOKEN_LASTS),
            "auth_time": int(code.at),
            "nonce": code.asked.get("nonce", ""),
            "email": code.person.email,
            "email_verified": True,
            "name": code.person.name,
            "groups": list(code.person.groups),
            **self.claims,
        }


_STYLE = (
    ":root{color-scheme:light dark}body{font:17px/1.5 system-ui,sans-serif;margin:0;padding:24px}"
    "main{max-width:420px;margin:8vh auto}h1{font-size:1.4rem}button{display:block;width:100%;margin:10px 0;"
    "padding:14px 16px;font:inherit;text-align:left;border-radius:8px;border:1px solid;cursor:pointer}"
    "button span{display:block;font-size:.9rem}"
)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _json(status: int, body: Mapping[str, Any]) -> Reply:
    return Reply(status, json.dumps(body).encode(), {"content-type": "application/json"})
