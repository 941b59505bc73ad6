"""The scenario of a lost journal, and its twin, in which the backup was changed.

```
 0 s, 60 s   somebody mutes a canary for a minute     two events that the backup will not have
 120 s       a script empties the journal's table     controllers say so, and nothing moves
 300 s       the table as it was five minutes ago     into a table of its own; in the twin somebody changes it
 330 s       the damaged table is deleted, and made anew under its name
 360 s       tidegate journal restore                 in the twin: refused
 480 s       tidegate arm
 500 s       a Region goes dark                       times in reports count from here
```
"""

from dataclasses import replace
from typing import Any

from controller.core.journal.event import Event, event_of, seal
from controller.lab.environment.approvers import by_operator
from controller.lab.environment.environment import Stage
from controller.lab.scenarios.actions import dark
from controller.lab.scenarios.scenario import Act, Scenario, Step
from controller.rehearsal.cloud import JOURNAL
from controller.steps.context.deps import Deps
from controller.steps.operator import commands, journal_restore
from controller.steps.operator.commands import Done

COPY = f"{JOURNAL}-restored"
WHY = "a script emptied the table"
BREAKS = 500.0
AGO = 300.0
"""Seconds before now that DynamoDB can restore, at the latest."""


def _call(stage: Stage, operation: str, **params: Any) -> dict[str, Any]:
    return stage.cloud.call("dynamodb", operation, stage.cloud.plan.controller, params)


def _mute(stage: Stage, region: str) -> None:
    def work(deps: Deps) -> Done:
        return commands.mute(deps, region, seconds=60.0, who=by_operator(deps), reason="noise")

    stage.later(work)


def _empty(stage: Stage, _region: str) -> None:
    for item in _call(stage, "Scan", TableName=JOURNAL)["Items"]:
        key = {name: item[name] for name in ("application", "seq")}
        _call(stage, "DeleteItem", TableName=JOURNAL, Key=key)


def _back_up(stage: Stage, _region: str) -> None:
    at = stage.kernel.now() - AGO
    _call(
        stage, "RestoreTableToPointInTime",
        SourceTableName=JOURNAL, TargetTableName=COPY, RestoreDateTime=at,
    )  # fmt: skip


def _forge(stage: Stage, region: str) -> None:
    """Change the first event of the backup, and make its chain whole again."""
    _back_up(stage, region)
    items = _call(stage, "Scan", TableName=COPY)["Items"]
    own = [item for item in items if item["application"]["S"] == stage.policy.application]
    last: Event | None = None
    for item in sorted(own, key=lambda item: int(item["seq"]["N"])):
        event = event_of(item["body"]["S"])
        draft = event.draft if last else replace(event.draft, by="somebody-else")
        last = seal(event.application, draft, last)
        changed = {**item, "body": {"S": last.text}, "hash": {"S": last.hash}}
        _call(stage, "PutItem", TableName=COPY, Item=changed)


def _make_anew(stage: Stage, _region: str) -> None:
    """Delete the table with its replicas, and make it under its name, as its stack does."""
    described = _call(stage, "DescribeTable", TableName=JOURNAL)["Table"]
    others = [{"Delete": {"RegionName": each["RegionName"]}} for each in described.get("Replicas", ())]
    _call(stage, "UpdateTable", TableName=JOURNAL, DeletionProtectionEnabled=False, ReplicaUpdates=others)
    _call(stage, "DeleteTable", TableName=JOURNAL)
    stage.cloud.make_journal()


def _restore(stage: Stage, _region: str) -> None:
    def work(deps: Deps) -> Done:
        backup = deps.recovery.backup(COPY, stage.cloud.plan.controller)
        outlook = journal_restore.look(deps, backup, reason=WHY)
        who = by_operator(deps)
        return journal_restore.restore(deps, backup, outlook, who=who, tell=lambda _count: None)

    stage.later(work)


def _arm(stage: Stage, _region: str) -> None:
    reason = "looked at what is missing"
    stage.later(lambda deps: commands.arm(deps, on=True, who=by_operator(deps), reason=reason))


def _steps(back_up: Act, told: str) -> tuple[Step, ...]:
    return (
        Step(0, "somebody mutes the signals of {region} for a minute", _mute),
        Step(60, "and once more", _mute),
        Step(120, "a script empties the journal's table", _empty),
        Step(300, told, back_up),
        Step(330, "the damaged table is deleted, and made anew under its name", _make_anew),
        Step(360, "an operator restores the journal from the backup", _restore),
        Step(480, "an operator arms", _arm),
        Step(BREAKS, "{region} goes dark", dark),
    )


FROM_BACKUP = "the table as it was five minutes ago is restored into another"

LOST: tuple[Scenario, ...] = (
    Scenario(
        "journal-lost",
        "the journal's table is emptied; people restore it from a backup that lacks the last events; then a "
        "Region goes dark",
        "move",
        _steps(_back_up, FROM_BACKUP),
        breaks=BREAKS,
        lasts=1500,
        pages=True,
        still_until=BREAKS,
    ),
    Scenario(
        "journal-forged",
        "twin: the same, but somebody changed an event in the backup: it is refused, and nothing moves",
        "stay",
        _steps(_forge, f"{FROM_BACKUP}, and somebody changes an event in it"),
        breaks=BREAKS,
        lasts=1500,
        pages=True,
    ),
)
