"""The signing by KMS, with an asymmetric key that never leaves it.

Checking needs the public key alone, and no AWS. What is signed is short (RAW, at most 4096 bytes), so that
KMS itself takes the hash and whoever holds the public key can check it with `openssl` (AWS KMS, *Sign*,
*GetPublicKey*).
"""

from base64 import encodebytes

from botocore.client import BaseClient

from controller.aws.errors import translated
from controller.ports.audit import PublicKey
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = ("kms:GetPublicKey", "kms:Sign")
ALGORITHMS = ("ECDSA_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256")
"""The first that the key knows is used."""


class KmsSigner:
    """`ports.audit.Signer` by KMS.

    key_id: an id, ARN or alias of a key for SIGN_VERIFY.
    """

    def __init__(self, *, client: BaseClient, key_id: str) -> None:
        self._client, self._key_id = client, key_id
        self._known: PublicKey | None = None

    def public_key(self) -> PublicKey:
        if self._known is None:
            with translated(OutsideUnreachable, f"reading the public key of {self._key_id}"):
                answer = self._client.get_public_key(KeyId=self._key_id)
            known = [name for name in ALGORITHMS if name in answer.get("SigningAlgorithms", ())]
            if not known:
                raise OutsideUnreachable(f"{self._key_id} cannot sign by any of {', '.join(ALGORITHMS)}")
            lines = encodebytes(bytes(answer["PublicKey"])).decode().replace("\n", "")
            wrapped = "\n".join(lines[start : start + 64] for start in range(0, len(lines), 64))
            pem = f"-----BEGIN PUBLIC KEY-----\n{wrapped}\n-----END PUBLIC KEY-----\n"
            self._known = PublicKey(str(answer["KeyId"]), known[0], pem)
        return self._known

    def sign(self, message: bytes) -> bytes:
        key = self.public_key()
        with translated(OutsideUnreachable, f"signing with {self._key_id}"):
            answer = self._client.sign(
                KeyId=key.name, Message=message, MessageType="RAW", SigningAlgorithm=key.algorithm
            )
        return bytes(answer["Signature"])
