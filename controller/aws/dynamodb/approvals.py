"""The approvals on DynamoDB: one item each in the journal's table.

KMS encrypts the task token. A ciphertext that was moved to another approval does not decrypt: the approval's
id and application are its encryption context. A failure of KMS is reported by its code alone, because what
botocore raises may quote the token.
"""

from collections.abc import Mapping
from typing import Any

from botocore.client import BaseClient

from controller.aws.dynamodb.replicas import Replicas, replicas
from controller.aws.errors import OUTSIDE, code, translated
from controller.ports.errors import OutsideUnreachable
from controller.ports.storage import Approval

PERMISSIONS: tuple[str, ...] = ("dynamodb:GetItem", "dynamodb:PutItem", "kms:Decrypt", "kms:Encrypt")


class DynamoApprovals:
    """`ports.storage.Approvals` on the journal's table.

    Both methods raise `OutsideUnreachable`.

    kms, key_id: of the own Region. others: Region -> KMS there, for what another controller encrypted.
    """

    def __init__(
        self,
        *,
        client: BaseClient | Replicas,
        kms: BaseClient,
        table: str,
        key_id: str,
        others: Mapping[str, BaseClient] | None = None,
    ) -> None:
        self._replicas, self._kms, self._table, self._key_id = replicas(client), kms, table, key_id
        self._others = dict(others or {})

    def put(self, approval: Approval) -> None:
        """Keep `approval`; one of the same id is replaced."""
        item = {
            **_key(approval.id),
            "for": {"S": approval.application},
            "incident": {"S": approval.incident},
            "digest": {"S": approval.digest},
            "expires": {"N": repr(approval.expires)},
            "token": {"B": self._encrypted(approval)},
            "region": {"S": approval.region},
        }
        with translated(OutsideUnreachable, f"keeping approval {approval.id}"):
            self._replicas.read("put_item", TableName=self._table, Item=item)

    def get(self, approval_id: str) -> Approval | None:
        """Return the approval, strongly consistent; None if there is none of that id."""
        with translated(OutsideUnreachable, "reading an approval"):
            answer = self._replicas.read(
                "get_item", TableName=self._table, Key=_key(approval_id), ConsistentRead=True
            )
        item = answer.get("Item")
        if item is None:
            return None
        application, region = item["for"]["S"], item.get("region", {}).get("S", "")
        return Approval(
            id=approval_id,
            application=application,
            incident=item["incident"]["S"],
            digest=item["digest"]["S"],
            expires=float(item["expires"]["N"]),
            token=self._decrypted(approval_id, application, item["token"]["B"], region),
            region=region,
        )

    def _encrypted(self, approval: Approval) -> bytes:
        failure = ""
        try:
            answer = self._kms.encrypt(
                KeyId=self._key_id,
                Plaintext=approval.token.encode(),
                EncryptionContext=_context(approval.id, approval.application),
            )
            return bytes(answer["CiphertextBlob"])
        except OUTSIDE as error:
            failure = code(error)
        raise OutsideUnreachable(f"encrypting the token of approval {approval.id}: {failure}")

    def _decrypted(self, approval_id: str, application: str, ciphertext: bytes, region: str) -> str:
        with translated(OutsideUnreachable, f"decrypting the token of approval {approval_id}"):
            kms, pinned = self._others.get(region), {}
            if kms is None:
                kms, pinned = self._kms, {"KeyId": self._key_id}
            answer = kms.decrypt(
                **pinned,
                CiphertextBlob=ciphertext,
                EncryptionContext=_context(approval_id, application),
            )
        return bytes(answer["Plaintext"]).decode()


def _key(approval_id: str) -> dict[str, Any]:
    return {"application": {"S": f"approval#{approval_id}"}, "seq": {"N": "0"}}


def _context(approval_id: str, application: str) -> dict[str, str]:
    return {"approval": approval_id, "application": application}
