"""KMS, as far as a signed record needs it: one multi-Region key, the same behind its alias in each Region.

Drawn from a vault's own secret, so that it outlives a restart of `tidegate up` with it.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from controller.rehearsal.service import ACCOUNT, AwsError, Call
from controller.rehearsal.vault import Vault

ALIAS = "alias/tidegate-signing"
ALGORITHM = "ECDSA_SHA_256"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256."""
LONGEST = 4096


class Keys:
    """The `kms` service of one Region: its `vault`, and the signing key, which is drawn from `root`."""

    def __init__(self, region: str, vault: Vault, root: Vault) -> None:
        self._region, self._vault, self._root = region, vault, root

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        own = {"Sign": self._sign, "Verify": self._verify, "GetPublicKey": self._public_key}
        return {**self._vault.operations, **own}

    def _sign(self, call: Call) -> dict[str, Any]:
        arn, message = self._asked(call)
        # The same message gives the same signature: a rehearsal repeats.
        signature = self._key().sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
        return {"KeyId": arn, "Signature": signature, "SigningAlgorithm": ALGORITHM}

    def _verify(self, call: Call) -> dict[str, Any]:
        arn, message = self._asked(call)
        try:
            self._key().public_key().verify(_bytes(call.params["Signature"]), message, ec.ECDSA(SHA256()))
        except InvalidSignature as error:
            raise AwsError("KMSInvalidSignatureException", "") from error
        return {"KeyId": arn, "SignatureValid": True, "SigningAlgorithm": ALGORITHM}

    def _public_key(self, call: Call) -> dict[str, Any]:
        public = self._key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {
            "KeyId": self._named(call),
            "PublicKey": public,
            "KeySpec": "ECC_NIST_P256",
            "KeyUsage": "SIGN_VERIFY",
            "SigningAlgorithms": [ALGORITHM],
        }

    def _asked(self, call: Call) -> tuple[str, bytes]:
        message = _bytes(call.params["Message"])
        if call.params.get("SigningAlgorithm") != ALGORITHM or call.params.get("MessageType") == "DIGEST":
            raise AwsError("InvalidKeyUsageException", f"This rehearsal signs by {ALGORITHM}, RAW")
        if not 1 <= len(message) <= LONGEST:
            raise AwsError("ValidationException", f"Message must have 1 to {LONGEST} bytes")
        return self._named(call), message

    def _named(self, call: Call) -> str:
        arn = f"arn:aws:kms:{self._region}:{ACCOUNT}:key/mrk-{self._root.derived(b'name').hex()[:32]}"
        alias = f"arn:aws:kms:{self._region}:{ACCOUNT}:{ALIAS}"
        if call.params.get("KeyId") not in (ALIAS, alias, arn):
            raise AwsError("NotFoundException", "Invalid keyId")
        return arn

    def _key(self) -> ec.EllipticCurvePrivateKey:
        number = int.from_bytes(self._root.derived(b"signing"), "big") % (ORDER - 1) + 1
        return ec.derive_private_key(number, ec.SECP256R1())


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else b64decode(value)
