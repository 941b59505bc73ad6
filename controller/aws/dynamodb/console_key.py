"""The key that seals the console's cookies.

Each Region makes it once and keeps it encrypted by its KMS key. Whoever can neither decrypt with that key nor
write to the table can make no cookie. To end every session of a Region, delete the item. A failure of KMS is
told by its code alone, because what botocore raises may quote the key.
"""

import secrets
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from controller.aws.dynamodb.replicas import Replicas, replicas
from controller.aws.errors import OUTSIDE, code, translated
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:PutItem", "kms:Decrypt", "kms:Encrypt")
BYTES = 32


class ConsoleKey:
    """The console's key of one Region.

    kms, key_id: of the own Region, `region`.
    """

    def __init__(
        self, *, client: BaseClient | Replicas, kms: BaseClient, table: str, key_id: str, region: str
    ) -> None:
        self._replicas, self._kms, self._table, self._key_id = replicas(client), kms, table, key_id
        self._item: dict[str, Any] = {"application": {"S": f"console-key#{region}"}, "seq": {"N": "0"}}
        self._context = {"console": region}

    def read(self) -> bytes:
        """Return the key: 32 bytes, the same for every function of the Region.

        It is made where there is none. Raises `OutsideUnreachable`.
        """
        sealed = self._kept()
        if sealed is None:
            self._make()
            sealed = self._kept()
        if sealed is None:
            raise OutsideUnreachable("the console's key could not be read back")
        return self._opened(sealed)

    def _kept(self) -> bytes | None:
        with translated(OutsideUnreachable, "reading the console's key"):
            answer = self._replicas.read(
                "get_item", TableName=self._table, Key=self._item, ConsistentRead=True
            )
        return bytes(answer["Item"]["sealed"]["B"]) if "Item" in answer else None

    def _make(self) -> None:
        """Keep a new key, unless another process was faster.

        Then the other's key is the one to use.
        """
        item = {**self._item, "sealed": {"B": self._sealed(secrets.token_bytes(BYTES))}}
        absent = "attribute_not_exists(application)"
        with translated(OutsideUnreachable, "keeping the console's key"):
            try:
                self._replicas.read("put_item", TableName=self._table, Item=item, ConditionExpression=absent)
            except ClientError as error:
                if code(error) != "ConditionalCheckFailedException":
                    raise

    def _sealed(self, key: bytes) -> bytes:
        failure = ""
        try:
            answer = self._kms.encrypt(KeyId=self._key_id, Plaintext=key, EncryptionContext=self._context)
            return bytes(answer["CiphertextBlob"])
        except OUTSIDE as error:
            failure = code(error)
        raise OutsideUnreachable(f"encrypting the console's key: {failure}")

    def _opened(self, sealed: bytes) -> bytes:
        with translated(OutsideUnreachable, "decrypting the console's key"):
            answer = self._kms.decrypt(
                KeyId=self._key_id, CiphertextBlob=sealed, EncryptionContext=self._context
            )
        return bytes(answer["Plaintext"])
