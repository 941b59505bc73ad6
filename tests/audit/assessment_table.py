"""A Region's table of assessments, and bundles of what is in it."""

import io
from typing import Any

from controller.audit.bundle.verify import Verified, verify
from controller.audit.bundle.write import Period, Record
from controller.aws.dynamodb.assessments import DynamoAssessments
from controller.aws.dynamodb.stored_records import DynamoAssessmentLog
from controller.core.canonical_json import ascii_digest, ascii_json
from controller.core.journal.event import Draft, Event, seal
from controller.core.journal.notes import Armed
from tests.support import wire as w
from tests.support.audit_bundle import Forger, exported

AT = 1_893_456_000.0
"""2030-01-01T00:00:00Z: each table's first record comes a minute later."""
APP, REGION = "storefront", "us-east-2"
LOG = f"assessments/{REGION}/2030-01-01.jsonl.gz"
SIGNER = Forger(11)
KEY = SIGNER.public_key().pem.encode()


class Table:
    """One that a controller looked into each minute, `minutes` times."""

    def __init__(self, minutes: int = 0) -> None:
        self.client, self.wire = w.connect("dynamodb", w.table())
        self.name = w.make_table(self.client, "application", "at", "N")
        self.minutes = 0
        self.look(minutes)

    def look(self, minutes: int = 1) -> None:
        log = DynamoAssessments(client=self.client, table=self.name, sleep=lambda _seconds: None)
        for _ in range(minutes):
            self.minutes += 1
            log.add(APP, AT + 60.0 * self.minutes, {"by": "tick", "n": self.minutes})

    def old(self, minutes: int = 1, prev: str = "0" * 64) -> str:
        """Look as versions before the chain did; the hash of the last record."""
        for _ in range(minutes):
            self.minutes += 1
            at, record = AT + 60.0 * self.minutes, {"by": "tick", "n": self.minutes}
            sealed = ascii_digest({"application": APP, "at": at, "prev": prev, "record": record})
            item = {"record": {"S": ascii_json(record)}, "prev": {"S": prev}, "hash": {"S": sealed}}
            self.client.put_item(TableName=self.name, Item=self.key(self.minutes) | item)
            prev = sealed
        return prev

    def key(self, minute: int) -> dict[str, Any]:
        return {"application": {"S": APP}, "at": {"N": repr(AT + 60.0 * minute)}}

    def delete(self, *minutes: int, head: bool = False) -> None:
        for minute in minutes:
            self.client.delete_item(TableName=self.name, Key=self.key(minute))
        if head:
            key = {"application": {"S": f"head#{APP}"}, "at": {"N": "0"}}
            self.client.delete_item(TableName=self.name, Key=key)

    def record(self, **changes: Any) -> Record:
        log = DynamoAssessmentLog(client=self.client, table=self.name)
        told: dict[str, Any] = {
            "application": APP, "events": (first_event(),), "fleet_name": "*fleet*", "fleet": (),
            "logs": {REGION: log}, "policies": {}, "version": "0.1.0",
        }  # fmt: skip
        return Record(**told | changes)

    def bundle(self, begin: int = 0, end: int | None = None, **changes: Any) -> bytes:
        """What is exported of these minutes, by default of all."""
        last = self.minutes if end is None else end
        period = Period(AT + 60.0 * begin, AT + 60.0 * last)
        return exported(self.record(**changes), period, SIGNER)


def first_event() -> Event:
    """The journal begins before any assessment: from then on somebody should look."""
    return seal(APP, Draft("a", Armed(reason="x"), AT - 60.0, "ana"), None)


def said(bundle: bytes, earlier: bytes | None = None) -> str:
    """What the check says of a bundle, after an earlier one: "whole", or the first place that is wrong."""
    before = None if earlier is None else known(earlier).as_earlier
    found = verify(io.BytesIO(bundle), KEY, before)
    if found.wrong is None:
        return found.verdict
    return f"{found.wrong.file} {found.wrong.where}: {found.wrong.sentence}"


def known(bundle: bytes) -> Verified:
    found = verify(io.BytesIO(bundle), KEY, keep=True)
    assert found.verdict == "whole", found.wrong
    return found
