"""Id tokens, true ones and forged ones, for the checks of the console's own verifier."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from controller.console.auth.identity_provider import Issuer
from controller.console.auth.outbound import IssuerUnreachable
from controller.rehearsal.oidc.provider import Oidc
from controller.settings import SignIn

ISSUER, NOW, NONCE = "http://127.0.0.1:9001", 1_900_000_000.0, "the nonce"
SETTINGS = SignIn(issuer=ISSUER, client_id="tidegate", origin="https://console.test")


@dataclass
class Office:
    """An issuer, the console's view of it, and who asked it what. down: it does not answer. deaf: paths
    that do not. beside: keys that it publishes beside its own."""

    down: bool = False
    deaf: set[str] = field(default_factory=set)
    beside: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    at: float = NOW

    def __post_init__(self) -> None:
        self.provider = Oidc(ISSUER, {"tidegate": "https://console.test/signed-in"}, lambda: self.at)
        self.issuer = Issuer(SETTINGS, self.fetch, lambda: self.at)

    def fetch(self, method: str, url: str, form: Mapping[str, str] | None) -> tuple[int, bytes]:
        self.asked.append(url.removeprefix(ISSUER))
        if self.down or self.asked[-1] in self.deaf:
            raise IssuerUnreachable("the issuer did not answer: ConnectTimeout")
        reply = self.provider.handle(method, url.removeprefix(ISSUER), urlencode(form or {}).encode())
        if self.asked[-1] == "/jwks":
            return 200, json.dumps({"keys": [*self.beside, *json.loads(reply.body)["keys"]]}).encode()
        return reply.status, reply.body

    def token(self, header: Mapping[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        """A token as the issuer makes it, but for what is given; a claim that is None is left out."""
        said = {
            "iss": ISSUER, "aud": "tidegate", "sub": "u-ana", "nonce": NONCE, "iat": int(NOW),
            "exp": int(NOW) + 300, "auth_time": int(NOW), "email": "ana@storefront.example",
        } | claims  # fmt: skip
        own = self.provider.key
        head = {"alg": "ES256", "kid": own.kid} | dict(header or {})
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(head, kept, key or own, algorithms=[head["alg"]])

    def verified(self, token: str) -> dict[str, Any]:
        return self.issuer.verified(token, nonce=NONCE, now=self.at)

    def hs256(self) -> str:
        """Signed with the public key as if it were a shared secret."""
        public = json.dumps(self.provider.key.as_dict(private=False)).encode()
        return self.token({"alg": "HS256"}, OctKey.import_key(public))

    def none(self) -> str:
        """A token that says that it needs no signature."""
        payload = self.token().split(".")[1]
        head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        return f"{head}.{payload}."

    def strangers(self) -> str:
        """Signed by another key under our issuer's key id."""
        return self.token(key=ECKey.generate_key("P-256", {"kid": self.provider.key.kid}, private=True))
