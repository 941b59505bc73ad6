"""The SNS of the rehearsal: it keeps the pages that were published.

The screen, the report and the tests read them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from controller.rehearsal.blueprint import PREFIX, topic_arn
from controller.rehearsal.service import ACCOUNT, AwsError, Call, Ids
from controller.rehearsal.time.kernel import Kernel


@dataclass(frozen=True, slots=True)
class Notice:
    at: float
    subject: str
    text: str
    key: str = ""
    topic: str = PREFIX


class Outbox:
    """The `sns` service of several Regions, each with one topic of each deployment.

    All that was published is in one list. arns: Region -> the topic of the first deployment.
    """

    def __init__(self, kernel: Kernel, regions: Sequence[str], prefixes: Sequence[str] = (PREFIX,)) -> None:
        self._kernel, self._ids = kernel, Ids(f"sns/{regions[0]}")
        self.arns = {region: topic_arn(region, ACCOUNT, prefixes[0]) for region in regions}
        self._topics = {topic_arn(region, ACCOUNT, each): region for region in regions for each in prefixes}
        self.notices: list[Notice] = []

    @property
    def operations(self) -> Mapping[str, Callable[[Call], dict[str, Any]]]:
        return {"Publish": self._publish}

    def _publish(self, call: Call) -> dict[str, Any]:
        topic = str(call.params.get("TopicArn"))
        if self._topics.get(topic) != call.region:
            raise AwsError("NotFound", "Topic does not exist", status=404)
        subject, text = str(call.params.get("Subject", "")), str(call.params.get("Message", ""))
        attributes = call.params.get("MessageAttributes") or {}
        key = str(attributes.get("key", {}).get("StringValue", ""))
        self.notices.append(Notice(self._kernel.now(), subject, text, key, topic.rpartition(":")[2]))
        return {"MessageId": self._ids.next()}

    def dump(self) -> dict[str, Any]:
        return {"notices": [asdict(notice) for notice in self.notices]}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.notices = [Notice(**notice) for notice in state["notices"]]
