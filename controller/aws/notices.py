"""The notices: pages to people through SNS, events to other tools through EventBridge."""

from collections.abc import Mapping
from typing import Any

from botocore.client import BaseClient

from controller.aws.errors import translated
from controller.core.canonical_json import ascii_json
from controller.core.text import NOTICE, SUBJECT, sanitize, shorten
from controller.ports.errors import OutsideUnreachable

PERMISSIONS: tuple[str, ...] = ("events:PutEvents", "sns:Publish")
TEXT = 60_000
"""Characters; SNS takes 256 KiB, and one may have four bytes."""
KEY = 200
"""Characters, ASCII, of the key that pages of one cause share."""
SOURCE = "tidegate"


class Notices:
    """`ports.outside.Notices` on an SNS topic and an event bus."""

    def __init__(
        self,
        *,
        sns: BaseClient,
        topic: str,
        events: BaseClient,
        bus: str,
        links: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the clients and the addresses of the consoles.

        links: controller's Region -> address of its console, put under each page.
        """
        self._sns, self._topic, self._events, self._bus = sns, topic, events, bus
        self._links = dict(links or {})

    def send(self, subject: str, text: str, *, path: str = "", key: str = "") -> None:
        """Page people, with `path` put behind each console's address.

        The text keeps its line breaks and no other control or invisible character. `key` is the message
        attribute of that name: a pager updates what it has under it.
        """
        heading = _ascii(subject, SUBJECT)
        stable = _ascii(key, KEY)
        attributes = {"key": {"DataType": "String", "StringValue": stable}} if stable else {}
        with translated(OutsideUnreachable, "paging"):
            self._sns.publish(
                TopicArn=self._topic,
                Subject=heading or SOURCE,
                Message=self._linked(sanitize(text, TEXT, lines=True) or heading or SOURCE, path),
                MessageAttributes=attributes,
            )

    def _linked(self, text: str, path: str) -> str:
        links = "".join(f"\n{region}: {url.rstrip('/')}{path}" for region, url in self._links.items())
        return shorten(text, NOTICE - len(links.encode())) + links if links else text

    def publish(self, kind: str, detail: Mapping[str, Any]) -> None:
        """Put an event of type `kind` on the bus, from source "tidegate"."""
        entry = {
            "Source": SOURCE,
            "DetailType": kind,
            "Detail": ascii_json(detail),
            "EventBusName": self._bus,
        }
        with translated(OutsideUnreachable, f"publishing {kind}"):
            answer = self._events.put_events(Entries=[entry])
        if answer.get("FailedEntryCount", 0):
            entries = answer.get("Entries") or [{}]
            raise OutsideUnreachable(f"publishing {kind}: {entries[0].get('ErrorCode', 'refused')}")


def _ascii(text: str, limit: int) -> str:
    return sanitize(text, 4 * limit).encode("ascii", "replace").decode()[:limit].strip()
