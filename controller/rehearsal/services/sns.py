"""The SNS of the rehearsal: it keeps the pages that were published.

The screen, the report and the tests read them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from controller.rehearsal.service import ACCOUNT, AwsError, Call, Ids
from controller.rehearsal.time.kernel import Kernel


@dataclass(frozen=True, slots=True)
class Notice:
    at: float
    subject: str
    text: str
    key: str = ""


class Outbox:
    """The `sns` service of several Regions, each with one topic.

    All that was published is in one list.
    """

    def __init__(self, kernel: Kernel, regions: Sequence[str]) -> None:
        self._kernel, self._ids = kernel, Ids(f"sns/{regions[0]}")
        self.arns = {region: f"arn:aws:sns:{region}:{ACCOUNT}:tidegate" for region in regions}
        self.notices: list[Notice] = []

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        return {"Publish": self._publish}

    def _publish(self, call: Call) -> dict[str, Any]:
        if call.params.get("TopicArn") != self.arns.get(call.region):
            raise AwsError("NotFound", "Topic does not exist", status=404)
        subject, text = str(call.params.get("Subject", "")), str(call.params.get("Message", ""))
        attributes = call.params.get("MessageAttributes") or {}
        key = str(attributes.get("key", {}).get("StringValue", ""))
        self.notices.append(Notice(self._kernel.now(), subject, text, key))
        return {"MessageId": self._ids.next()}

    def dump(self) -> dict[str, Any]:
        return {"notices": [asdict(notice) for notice in self.notices]}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.notices = [Notice(**notice) for notice in state["notices"]]
