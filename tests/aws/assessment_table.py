"""A table of assessments to try things on, over the wire, and what makes its records one chain."""

from typing import Any

from controller.aws.dynamodb.assessment_items import is_head, place_of, record_of
from controller.aws.dynamodb.assessments import DynamoAssessments
from controller.core.canonical_json import ascii_digest, ascii_json
from controller.core.journal.event import GENESIS
from tests.support import wire as w

AT = 1_700_000_000.0
APP = "storefront"
Item = dict[str, Any]


class Desk:
    def __init__(self, dynamodb: str = "rehearsal") -> None:
        self.serve = w.DYNAMODBS[dynamodb]()
        self.client, self.wire = w.connect("dynamodb", self.serve)
        self.table = w.make_table(self.client, "application", "at", "N")
        self.wire.calls.clear()
        self.slept: list[float] = []
        self.log = self.writer()

    def writer(self) -> DynamoAssessments:
        """Another process of the same Region."""
        return DynamoAssessments(client=self.client, table=self.table, sleep=self.slept.append)

    def all(self) -> list[Item]:
        found: list[Item] = self.client.scan(TableName=self.table)["Items"]
        return found

    def items(self) -> list[Item]:
        """The records, by time."""
        return sorted(
            (item for item in self.all() if not is_head(item)), key=lambda item: float(item["at"]["N"])
        )

    @property
    def head(self) -> Item:
        (head,) = (item for item in self.all() if is_head(item))
        return head

    def without_number(self, at: float, n: int, prev: str = GENESIS) -> str:
        """A record as versions before the chain wrote it; its hash."""
        said = {"application": APP, "at": at, "prev": prev, "record": {"n": n}}
        hash_ = ascii_digest(said)
        item = {"application": {"S": APP}, "at": {"N": repr(at)}, "record": {"S": ascii_json({"n": n})},
                "prev": {"S": prev}, "hash": {"S": hash_},
                "expires": {"N": "9999999999"}}  # fmt: skip
        self.client.put_item(TableName=self.table, Item=item)
        return hash_


def chained(items: list[Item], *, prev: str = GENESIS, after: float | None = None) -> None:
    """These records are one chain in order of time, each with its number and the hash of the one before.

    prev, after: hash and time of the record that the first follows.
    """
    for number, item in enumerate(items, start=1):
        place = place_of(item)
        assert (place.count, place.prev, place.after) == (number, prev, after)
        assert after is None or place.at > after
        prev, after = place.link(record_of(item)), place.at
        assert item["hash"]["S"] == prev
