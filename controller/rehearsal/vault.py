"""KMS, as far as task tokens need it: one key, encrypt and decrypt under an encryption context.

Own and small, so that the key outlives a restart of `tidegate up`: moto keeps its keys in the process.
"""

import hmac
import json
import random
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from controller.rehearsal.service import ACCOUNT, AwsError, Call

NONCE = 12


class Vault:
    """The `kms` service of one Region with a single symmetric key."""

    def __init__(self, region: str, rng: random.Random) -> None:
        self._rng, self._secret = rng, rng.randbytes(32)
        self.arn = f"arn:aws:kms:{region}:{ACCOUNT}:key/{rng.getrandbits(128):032x}"

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        return {"Encrypt": self._encrypt, "Decrypt": self._decrypt}

    def derived(self, purpose: bytes) -> bytes:
        """32 bytes, the same for as long as the key lives."""
        return hmac.digest(self._secret, purpose, "sha256")

    def _encrypt(self, call: Call) -> dict[str, Any]:
        if call.params.get("KeyId") != self.arn:
            raise AwsError("NotFoundException", "Invalid keyId")
        nonce = self._rng.randbytes(NONCE)
        sealed = AESGCM(self._secret).encrypt(nonce, _bytes(call.params["Plaintext"]), _context(call))
        return {
            "KeyId": self.arn,
            "CiphertextBlob": nonce + sealed,
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        }

    def _decrypt(self, call: Call) -> dict[str, Any]:
        blob = _bytes(call.params["CiphertextBlob"])
        try:
            plain = AESGCM(self._secret).decrypt(blob[:NONCE], blob[NONCE:], _context(call))
        except (InvalidTag, ValueError) as error:
            raise AwsError("InvalidCiphertextException", "") from error
        return {"KeyId": self.arn, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    def dump(self) -> dict[str, Any]:
        """JSON-able; a rehearsal's key guards nothing but the rehearsal."""
        return {"arn": self.arn, "secret": b64encode(self._secret).decode()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.arn, self._secret = str(state["arn"]), b64decode(state["secret"])


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else b64decode(value)


def _context(call: Call) -> bytes:
    return json.dumps(call.params.get("EncryptionContext") or {}, sort_keys=True).encode()
