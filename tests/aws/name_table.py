"""One table of names, and two doors to it."""

import itertools

from controller.aws.dynamodb.people import DAY, DynamoPeople
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from tests.support import wire as w

AT = 1_700_000_000.0
DAYS = 400
ANA = "Ana@example.com"
SESSION = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_ops_0123456789abcdef/ana@example.com"
_numbers = itertools.count(1)


class Desk:
    """One table, and two doors to it."""

    def __init__(self, dynamodb: str = "rehearsal") -> None:
        self.serve = w.DYNAMODBS[dynamodb]()
        self.client, self.wire = w.connect("dynamodb", self.serve)
        self.table = w.make_table(self.client, "kind", "key", "S")
        self.wire.calls.clear()
        self.kernel = Kernel(VirtualClock(AT))
        self.page = self.opened(self.client)
        self.terminal = self.opened(w.connect("dynamodb", self.serve)[0])

    def opened(self, client: object) -> DynamoPeople:
        return DynamoPeople(
            client=client, table=self.table, runtime=VirtualRuntime(self.kernel), days=DAYS,
            new_id=lambda: f"{next(_numbers) * 7919:032x}"[::-1],
        )  # fmt: skip

    def pass_days(self, days: float) -> None:
        self.kernel.run(until=self.kernel.now() + days * DAY)

    @property
    def items(self) -> list[dict[str, dict[str, str]]]:
        return list(self.client.scan(TableName=self.table)["Items"])

    @property
    def text(self) -> str:
        return str(self.items).casefold()

    def kinds(self) -> list[str]:
        return sorted(item["kind"]["S"] for item in self.items)
