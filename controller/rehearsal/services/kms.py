"""The KMS of the rehearsal: one key for task tokens, one for signatures.

The first is symmetric: encrypt and decrypt under an encryption context, as far as task tokens need it. It is
our own and small, so that the key outlives a restart of `tidegate up`: moto keeps its keys in the process.

The second is a multi-Region key, as far as a signed record needs it: the same behind its alias in each
Region. It is drawn from a vault's own secret, and so outlives a restart of `tidegate up` with it.
"""

import hmac
import json
import random
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

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
        """Return 32 bytes, the same for as long as the key lives."""
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
        """Return the key in a form for JSON.

        A rehearsal's key protects nothing but the rehearsal.
        """
        return {"arn": self.arn, "secret": b64encode(self._secret).decode()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.arn, self._secret = str(state["arn"]), b64decode(state["secret"])


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else b64decode(value)


def _context(call: Call) -> bytes:
    return json.dumps(call.params.get("EncryptionContext") or {}, sort_keys=True).encode()


ALIAS = "alias/tidegate-signing"
ALGORITHM = "ECDSA_SHA_256"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the curve P-256."""
LONGEST = 4096


class Keys:
    """The `kms` service of one Region: its `vault`, and the signing key.

    The signing key is drawn from `root`.
    """

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
