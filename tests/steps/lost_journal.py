"""A world whose journal's table is damaged, restored by DynamoDB into another, and put back by a person."""

from typing import Any

from controller.ports.storage import JournalBackup
from controller.steps.operator.commands import Done, arm_fleet, mute
from controller.steps.operator.journal_restore import Outlook, look, restore
from tests.support.policy_scene import EAST, OTHER
from tests.support.world import World, world

COPY = "tidegate-journal-restored"
TABLE = "tidegate-journal"


def call(w: World, operation: str, region: str = OTHER, **params: Any) -> dict[str, Any]:
    return w.stage.cloud.call("dynamodb", operation, region, params)


def items(w: World, table: str = TABLE) -> list[dict[str, Any]]:
    return list(call(w, "Scan", TableName=table)["Items"])


def empty(w: World) -> None:
    """What a script does that somebody ran on the wrong table."""
    for item in items(w):
        call(w, "DeleteItem", TableName=TABLE, Key={key: item[key] for key in ("application", "seq")})


def back_up(w: World, at: float | None = None, target: str = COPY) -> None:
    """DynamoDB restores the table as it was: at a time that is five minutes ago at least, or the latest."""
    when: dict[str, Any] = {"UseLatestRestorableTime": True} if at is None else {"RestoreDateTime": at}
    call(w, "RestoreTableToPointInTime", SourceTableName=TABLE, TargetTableName=target, **when)


def made_anew(w: World) -> None:
    """The damaged table is deleted, and made under its name again."""
    described = call(w, "DescribeTable", TableName=TABLE)["Table"]
    others = [{"Delete": {"RegionName": each["RegionName"]}} for each in described.get("Replicas", ())]
    call(w, "UpdateTable", TableName=TABLE, DeletionProtectionEnabled=False, ReplicaUpdates=others)
    call(w, "DeleteTable", TableName=TABLE)
    definition = {key: described[key] for key in ("TableName", "KeySchema", "AttributeDefinitions")}
    call(w, "CreateTable", BillingMode="PAY_PER_REQUEST", **definition)


def backup(w: World, table: str = COPY) -> JournalBackup:
    return w.hand.recovery.backup(table, OTHER)


def put_back(w: World, table: str = COPY) -> tuple[Outlook, Done]:
    there = backup(w, table)
    outlook = look(w.hand, there, reason="a script emptied it")
    return outlook, restore(w.hand, there, outlook, who="ana", tell=lambda _count: None)


def speak(w: World, number: int) -> None:
    mute(w.hand, EAST, seconds=float(number), who="ana", reason=f"word {number}")


def lived(**changes: object) -> World:
    """Ten minutes old, with some events before the last five minutes, and more since."""
    w = world(**changes)
    arm_fleet(w.hand, on=False, who="ana", reason="exercise")
    arm_fleet(w.hand, on=True, who="ana", reason="over")
    for number in range(1, 4):
        speak(w, number)
        w.advance(60)
    return w


def lost(**changes: object) -> World:
    """Emptied by a script; DynamoDB has restored what was there five minutes earlier."""
    w = lived(**changes)
    at = w.stage.kernel.now()
    for number in range(4, 7):
        speak(w, number)
        w.advance(60)
    w.advance(180)
    back_up(w, at)
    empty(w)
    return w
