"""Fixed names, so that no template refers to a resource of another Region by anything but its name."""

from collections.abc import Iterable

JOURNAL, EVIDENCE, ASSESSMENTS = "tidegate-journal", "tidegate-evidence", "tidegate-assessments"
PEOPLE = "tidegate-people"
QUEUE, DEAD_LETTERS = "tidegate-intake", "tidegate-dead-letters"
FORWARD_LETTERS = "tidegate-forward-letters"
"""Where what no controller's bus took is kept, in each Region that forwards."""
TOPIC = MACHINE = "tidegate"
MASTER = "tidegate-master"
"""The control and the gating rule of the master switch."""
KEY, SIGNING_KEY, PEOPLE_KEY = "alias/tidegate", "alias/tidegate-signing", "alias/tidegate-people"
TABLE_KEYS = {
    JOURNAL: (("application", "S"), ("seq", "N")),
    EVIDENCE: (("application", "S"), ("signal", "S")),
    ASSESSMENTS: (("application", "S"), ("at", "N")),
    PEOPLE: (("kind", "S"), ("key", "S")),
}
"""Table -> partition and sort key, each with its type."""
EXPIRES = "expires"
"""The attribute by which evidence and assessments expire. The journal has none, and names a sweep."""


def function(handler: str) -> str:
    """The handler is the last part: `controller.entry.lambdas.handler` finds it there."""
    return f"tidegate-{handler}"


def arn(service: str, region: str, account: str, rest: str) -> str:
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def function_arn(region: str, account: str, handler: str) -> str:
    return arn("lambda", region, account, f"function:{function(handler)}")


def table_arn(region: str, account: str, table: str) -> str:
    return arn("dynamodb", region, account, f"table/{table}")


def queue_arn(region: str, account: str, queue: str) -> str:
    return arn("sqs", region, account, queue)


def machine_arn(region: str, account: str) -> str:
    return arn("states", region, account, f"stateMachine:{MACHINE}")


def execution_arn(region: str, account: str) -> str:
    return arn("states", region, account, f"execution:{MACHINE}:*")


def topic_arn(region: str, account: str) -> str:
    return arn("sns", region, account, TOPIC)


def bus_arn(region: str, account: str) -> str:
    return arn("events", region, account, "event-bus/default")


def key_arn(region: str, account: str) -> str:
    """The key by its alias: what an environment names. A permission cannot name a key by its alias."""
    return arn("kms", region, account, KEY)


def people_key_arn(region: str, account: str) -> str:
    return arn("kms", region, account, PEOPLE_KEY)


def any_key_arn(region: str, account: str) -> str:
    return arn("kms", region, account, "key/*")


def role_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def switch_bucket(account: str, region: str) -> str:
    """The bucket whose objects stand for the controls of `region` where there is no ARC cluster."""
    return f"tidegate-switch-{region}-{account}"


def audit_bucket(account: str, region: str) -> str:
    return f"tidegate-audit-{region}-{account}"


def capital(text: str) -> str:
    """`us-west-2` as a logical id: `UsWest2`."""
    return "".join(part.capitalize() for part in text.replace("_", "-").split("-"))


def listed(words: Iterable[str]) -> str:
    return ", ".join(words)
