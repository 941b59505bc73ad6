"""Fixed names, so that no template refers to a resource of another Region by anything but its name."""

from collections.abc import Iterable
from dataclasses import dataclass

from controller.settings import PREFIX

LIVE = "live"
"""The alias by which every function of a controller is called."""
EVIDENCE, ASSESSMENTS, JOURNAL, PEOPLE = "evidence", "assessments", "journal", "people"
TABLE_KEYS = {
    JOURNAL: (("application", "S"), ("seq", "N")),
    EVIDENCE: (("application", "S"), ("signal", "S")),
    ASSESSMENTS: (("application", "S"), ("at", "N")),
    PEOPLE: (("kind", "S"), ("key", "S")),
}
"""What a table is for -> partition and sort key, each with its type."""
HEARTBEAT = "heartbeat"
EXPIRES = "expires"
"""The attribute by which evidence and assessments expire. The journal has none, and names a sweep."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one deployment; none begins as those of another prefix do, for a prefix has no hyphen."""

    prefix: str = PREFIX

    def of(self, what: str) -> str:
        """`PREFIX-WHAT`: tables, queues, rules, schedules, functions."""
        return f"{self.prefix}-{what}"

    def stack(self, what: str, region: str | None = None) -> str:
        return self.of(what) if region is None else f"{self.of(what)}-{region}"

    @property
    def queue(self) -> str:
        return self.of("intake")

    @property
    def dead_letters(self) -> str:
        return self.of("dead-letters")

    @property
    def forward_letters(self) -> str:
        """Where what no controller's bus took is kept, in each Region that forwards."""
        return self.of("forward-letters")

    @property
    def master(self) -> str:
        """The control and the gating rule of the master switch."""
        return self.of("master")

    @property
    def key(self) -> str:
        return f"alias/{self.prefix}"

    @property
    def signing_key(self) -> str:
        return f"alias/{self.of('signing')}"

    @property
    def people_key(self) -> str:
        return f"alias/{self.of('people')}"

    def function(self, handler: str) -> str:
        """The handler is the last part: `controller.entry.lambdas.handler` finds it there."""
        return self.of(handler)

    def function_arn(self, region: str, account: str, handler: str) -> str:
        return arn("lambda", region, account, f"function:{self.function(handler)}")

    def live_arn(self, region: str, account: str, handler: str) -> str:
        """The alias's own ARN: a permission on the function alone lets nobody call it by an alias."""
        return f"{self.function_arn(region, account, handler)}:{LIVE}"

    def table_arn(self, region: str, account: str, what: str) -> str:
        return table_arn(region, account, self.of(what))

    def machine_arn(self, region: str, account: str) -> str:
        return arn("states", region, account, f"stateMachine:{self.prefix}")

    def execution_arn(self, region: str, account: str) -> str:
        return arn("states", region, account, f"execution:{self.prefix}:*")

    def topic_arn(self, region: str, account: str) -> str:
        return arn("sns", region, account, self.prefix)

    def key_arn(self, region: str, account: str) -> str:
        """The key by its alias: what an environment names. A permission cannot name a key by its alias."""
        return arn("kms", region, account, self.key)

    def people_key_arn(self, region: str, account: str) -> str:
        return arn("kms", region, account, self.people_key)

    def function_role(self, handler: str, region: str) -> str:
        """The role of a function, where a role of another account must know its name."""
        return f"{self.of(handler)}-{region}"

    def access_role(self, place: str, hand: str, region: str) -> str:
        """The role in another account for the controller in `region`: it looks, or it moves."""
        return f"{self.of(place if hand == 'look' else f'{place}-{hand}')}-{region}"

    def switch_bucket(self, account: str, region: str) -> str:
        """The bucket whose objects stand for the controls of `region` where there is no ARC cluster."""
        return f"{self.of('switch')}-{region}-{account}"

    def audit_bucket(self, account: str, region: str) -> str:
        return f"{self.of('audit')}-{region}-{account}"


def arn(service: str, region: str, account: str, rest: str) -> str:
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def table_arn(region: str, account: str, table: str) -> str:
    return arn("dynamodb", region, account, f"table/{table}")


def queue_arn(region: str, account: str, queue: str) -> str:
    return arn("sqs", region, account, queue)


def bus_arn(region: str, account: str) -> str:
    return arn("events", region, account, "event-bus/default")


def any_key_arn(region: str, account: str) -> str:
    return arn("kms", region, account, "key/*")


def role_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def capital(text: str) -> str:
    """`us-west-2` as a logical id: `UsWest2`."""
    return "".join(part.capitalize() for part in text.replace("_", "-").split("-"))


def listed(words: Iterable[str]) -> str:
    return ", ".join(words)
