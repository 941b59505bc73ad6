"""The bucket with Object Lock: no file changes or goes before its time.

Nobody can change or delete what is put there. For how long is the bucket's own rule (its default retention),
so no caller can shorten it. S3 takes the checksum of what arrives; a name that is taken already is left as it
is (Amazon S3, *PutObject*, `If-None-Match`).
"""

from base64 import b64encode
from hashlib import file_digest
from pathlib import Path
from typing import Any

from botocore.client import BaseClient

from controller.aws.errors import OUTSIDE, code, translated
from controller.ports.audit import LockedFile, NotLocked
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = ("s3:GetObject", "s3:GetObjectRetention", "s3:PutObject")
MODES = ("COMPLIANCE", "GOVERNANCE")


class S3LockedStore:
    """A store on an S3 bucket whose files nobody can change before a date."""

    def __init__(self, *, client: BaseClient, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def keep(self, name: str, file: Path) -> LockedFile:
        place = f"s3://{self._bucket}/{name}"
        with file.open("rb") as body:
            checksum = b64encode(file_digest(body, "sha256").digest()).decode()
            body.seek(0)
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=name,
                    Body=body,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=checksum,
                    IfNoneMatch="*",
                )
            except OUTSIDE as error:
                if code(error) != "PreconditionFailed":
                    raise OutsideUnreachable(f"putting {place}: {code(error)}") from error
        with translated(OutsideUnreachable, f"looking whether {place} is locked"):
            found: dict[str, Any] = self._client.head_object(Bucket=self._bucket, Key=name)
        if found.get("ObjectLockMode") not in MODES or "ObjectLockRetainUntilDate" not in found:
            raise NotLocked(f"{place} is there, but its bucket locks nothing")
        return LockedFile(place, found["ObjectLockRetainUntilDate"].timestamp())
