"""The items in tables and buckets, as seen from outside.

The module tells of a write that took the place of another's, and of objects that move traffic and were
replaced or deleted unseen. The journal is looked at more closely, by its chain: see `journal_record`.
"""

import json
import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from controller.rehearsal.service import Request, Response

WRITES = frozenset({"DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"})
Key = tuple[str, str, str]


@dataclass
class StoredItems:
    """Holds what was last written to the tables.

    last: (Region, partition, sort key) -> version of evidence, holder of a lease, whose name and until when,
    or nothing.
    """

    last: dict[Key, Any] = field(default_factory=dict)
    evidence: dict[tuple[str, str], str] = field(default_factory=dict)
    """(Region of the table, signal) -> its observations, as they were delivered."""
    transactions: dict[tuple[str, str], Any] = field(default_factory=dict)
    """(Region, client request token) -> what the transaction asked. The same sent again writes nothing."""

    def take(self, region: str, operation: str, body: bytes) -> str | None:
        """Note a write that was done.

        Returns a sentence where it should not have been done.
        """
        asked = json.loads(body)
        if operation == "TransactWriteItems":
            again = self._sent_again(region, asked)
            return (
                None if again else self._chained(region, [a["Put"]["Item"] for a in asked["TransactItems"]])
            )
        match str(asked.get("TableName", "")), operation:
            case "tidegate-evidence", "PutItem" if "version" in asked["Item"]:
                return self._evidence(region, asked["Item"])
            case "tidegate-assessments", "PutItem":
                return self._once((region, _s(asked["Item"]), asked["Item"]["at"]["N"]), "an assessment")
            case "tidegate-journal", "PutItem" | "UpdateItem":
                return self._beside_the_journal(operation, asked)
            case "tidegate-people", _ if (asked.get("Item") or asked["Key"])["kind"]["S"] == "name":
                return self._name(operation, asked)
            case "tidegate-people", _:
                return self._pointer(operation, (asked.get("Item") or asked["Key"])["key"]["S"])
        return None

    def _name(self, operation: str, asked: Any) -> str | None:
        """Note the name of a person: whose it is, and when its days are over."""
        key = ("", "name", (asked.get("Item") or asked["Key"])["key"]["S"])
        values = asked.get("ExpressionAttributeValues", {})
        there, until = self.last.get(key, ("", 0))
        now = int(values[":now"]["N"]) if ":now" in values else 0
        match operation:
            case "PutItem":
                item = asked["Item"]
                self.last[key] = (item["id"]["S"], int(item["expires"]["N"]))
                given = f"the name of {there} was given to {item['id']['S']}: one person is two"
                return given if there and until > now else None
            case "UpdateItem":
                self.last[key] = (there, int(values[":until"]["N"]))
                gone = f"an act of {values[':id']['S']} counts for {there or 'a name that was deleted'}"
                return gone if there != values[":id"]["S"] else None
            case _:
                self.last.pop(key, None)
                early = f"the name of {there} was deleted {until - now} s before its days were over"
                return early if now and until > now else None

    def _pointer(self, operation: str, person: str) -> str | None:
        """Note what leads from an id to a name."""
        key = ("", "id", person)
        if operation == "DeleteItem":
            self.last.pop(key, None)
            return None
        there = self.last.get(key, operation == "PutItem")
        self.last[key] = True
        return None if there else f"what led from {person} to a deleted name came back"

    def _evidence(self, region: str, item: Any) -> str | None:
        key, version = (region, _s(item), item["signal"]["S"]), int(item["version"]["N"])
        before = self.last.get(key, 0)
        self.last[key] = version
        self.evidence[region, key[2]] = str(item["observations"]["S"]) if "observations" in item else ""
        lost = f"evidence of {key[2]}: version {version} over {before}, what was seen is lost"
        return lost if version <= before else None

    def _sent_again(self, region: str, asked: Any) -> bool:
        """Return True for a transaction whose reply was lost, and whose client sends it once more."""
        token, items = asked.get("ClientRequestToken"), asked["TransactItems"]
        if token is None:
            return False
        before = self.transactions.get((region, token))
        self.transactions[region, token] = items
        return bool(before == items)

    def _chained(self, region: str, items: Any) -> str | None:
        """Note an assessment, and the head of its chain."""
        found = None
        for item in items:
            name = _s(item)
            if not name.startswith("head#"):
                found = found or self._once((region, name, item["at"]["N"]), "an assessment")
                continue
            key, count = (region, name, ""), int(item["count"]["N"])
            before = self.last.get(key, count - 1)
            self.last[key] = count
            if count != before + 1:
                found = found or f"assessment {count} of {region} follows assessment {before}"
        return found

    def _beside_the_journal(self, operation: str, asked: Any) -> str | None:
        name = _s(asked.get("Item") or asked.get("Key") or {})
        key = ("", name, "")
        if name.startswith("console-key#") and operation == "PutItem":
            return self._once(key, "a console's key")
        if name.startswith("policy#") and operation == "PutItem":
            return self._once(key, "a policy's document")
        if not name.startswith("lease#"):
            return None
        if operation == "UpdateItem":
            values = asked["ExpressionAttributeValues"]
            holder = (int(values[":epoch"]["N"]), values[":driver"]["S"])
            now = self.last.get(key, holder)
            return f"a beat of {holder[1]} counts for {now[1]}" if holder != now else None
        item = asked["Item"]
        before, mine = self.last.get(key, (0, "")), (int(item["epoch"]["N"]), item["driver"]["S"])
        self.last[key] = mine
        return (
            f"epoch {mine[0]} of {mine[1]} over {before[0]} of {before[1]}" if mine[0] <= before[0] else None
        )

    def _once(self, key: Key, what: str) -> str | None:
        there = key in self.last
        self.last[key] = True
        return f"{what} was written over" if there else None


def _s(item: Any) -> str:
    return str(item.get("application", {}).get("S", ""))


_LISTED = re.compile(r"<Key>(.*?)</Key><ETag>(.*?)</ETag>")


@dataclass
class Objects:
    """Holds the objects that move traffic.

    now: address -> ETag of what is there. seen: home and address -> the ETag that it was last shown.
    """

    now: dict[str, str] = field(default_factory=dict)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, home: str, request: Request, response: Response) -> str | None:
        """Note a request that was done.

        Returns a sentence where it should not have been done.
        """
        address = request.headers.get("host", "").partition(".s3.")[0] + request.path
        if response.status not in (200, 204):
            return None
        if request.method == "GET":
            shown = _LISTED.findall(response.body.decode())
            place = address.rstrip("/") + "/"
            self.seen |= {(home, place + unescape(key)): unescape(tag) for key, tag in shown}
        elif request.method == "PUT":
            before = self.now.get(address)
            self.now[address] = response.headers.get("ETag", "")
            return f"{address} was there and was written over" if before else None
        elif request.method == "DELETE":
            there = self.now.pop(address, "")
            if there and there != self.seen.get((home, address)):
                return f"{home} deleted {address}, made since it looked"
        return None
