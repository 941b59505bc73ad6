"""Backups: point-in-time recovery, and the system backup of a deleted table.

```
 table, recovery on ── writes ──> History ──┬─ RestoreTableToPointInTime ─┐
      └─ DeleteTable ─> NAME$DeletedTableBackup ─ RestoreTableFromBackup ─┴─> a new table of this Region alone
```
A table that is gone has no points in time, only its backup (developer guide, *Point-in-time recovery: How it
works*). A restored table is empty of settings: no replica, no recovery, no protection, no time to live. What
takes minutes to hours in AWS is done at once; what was written before this process is not in its history.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from controller.rehearsal.service import ACCOUNT, AwsError, Call
from controller.rehearsal.services.dynamodb.admin import Admin, Catalog
from controller.rehearsal.services.dynamodb.history import Key
from controller.rehearsal.services.dynamodb.store import Row, TableInfo

DAYS = 35
LATEST = 300.0
"""Seconds before now that can be restored, at the latest."""
Params = dict[str, Any]
Rows = Mapping[Key, Row]


@dataclass(frozen=True, slots=True)
class Backup:
    """The system backup of a table: its rows as they were when it was deleted."""

    arn: str
    info: TableInfo
    created: float
    rows: Rows


@dataclass(frozen=True)
class Backups:
    catalog: Catalog
    admin: Admin
    _kept: dict[str, Backup] = field(default_factory=dict)

    @property
    def operations(self) -> Mapping[str, Callable[[Call], Params]]:
        return {
            "DeleteTable": self.delete_table,
            "DescribeContinuousBackups": self.describe_continuous_backups,
            "UpdateContinuousBackups": self.update_continuous_backups,
            "RestoreTableToPointInTime": self.restore_table_to_point_in_time,
            "RestoreTableFromBackup": self.restore_table_from_backup,
            "ListBackups": self.list_backups,
        }

    def delete_table(self, call: Call) -> Params:
        """Delete a table; one with recovery on leaves its system backup."""
        info = self.catalog.info(call.params["TableName"].rpartition("/")[2])
        kept = None
        if info is not None and self.catalog.region in info.recovery:
            rows = self.catalog.history_of(info.name).rows(self.catalog.store_of(info.name), info)
            now = self.catalog.kernel.now()
            arn = f"{self._arn(info.name)}/backup/{int(now * 1000):014d}-{len(self._kept):08x}"
            kept = Backup(arn, info, now, rows)
        answer = self.admin.delete_table(call)
        if kept is not None:
            self._kept[kept.arn] = kept
        return answer

    def describe_continuous_backups(self, call: Call) -> Params:
        return self._described(self._source(call.params["TableName"]))

    def update_continuous_backups(self, call: Call) -> Params:
        info = self._source(call.params["TableName"])
        wish, here = call.params["PointInTimeRecoverySpecification"], self.catalog.region
        recovery = {region: since for region, since in info.recovery.items() if region != here}
        if wish["PointInTimeRecoveryEnabled"]:  # what is on stays on, from when it was turned on
            recovery[here] = info.recovery.get(here, self.catalog.kernel.now())
        changed = replace(info, recovery=recovery)
        self.catalog.store_of(info.name).save_table(changed)
        if not recovery:
            self.catalog.history_of(info.name).forget()
        return self._described(changed)

    def restore_table_to_point_in_time(self, call: Call) -> Params:
        params = call.params
        info = self._source(params.get("SourceTableName") or params.get("SourceTableArn", ""))
        span = self._restorable(info)
        if span is None:
            told = "Point in time recovery is not enabled for table: " + info.name
            raise AwsError("PointInTimeRecoveryUnavailableException", told)
        at = span[1] if params.get("UseLatestRestorableTime") else float(params.get("RestoreDateTime", 0.0))
        if not span[0] <= at <= span[1]:
            raise AwsError(
                "InvalidRestoreTimeException",
                "An invalid restore time was specified. RestoreDateTime must be between "
                "EarliestRestorableDateTime and LatestRestorableDateTime.",
            )
        rows = self.catalog.history_of(info.name).rows(self.catalog.store_of(info.name), info, at=at)
        summary = {"SourceTableArn": self._arn(info.name), "RestoreDateTime": at, "RestoreInProgress": True}
        return self._restored(params["TargetTableName"], info, rows, summary)

    def restore_table_from_backup(self, call: Call) -> Params:
        found = self._kept.get(call.params["BackupArn"])
        if found is None or self._expired(found):
            raise AwsError("BackupNotFoundException", f"Backup not found: {call.params['BackupArn']}")
        summary = {
            "SourceBackupArn": found.arn,
            "SourceTableArn": self._arn(found.info.name),
            "RestoreDateTime": found.created,
            "RestoreInProgress": True,
        }
        return self._restored(call.params["TargetTableName"], found.info, found.rows, summary)

    def list_backups(self, call: Call) -> Params:
        """List the system backups, the oldest first, where they are asked for: people made none."""
        wanted, kind = call.params.get("TableName"), call.params.get("BackupType", "USER")
        shown = [
            each
            for each in self._kept.values()
            if kind in ("SYSTEM", "ALL") and wanted in (None, each.info.name) and not self._expired(each)
        ]
        return {"BackupSummaries": [self._summary(each) for each in shown]}

    def _restored(self, name: str, info: TableInfo, rows: Rows, summary: Params) -> Params:
        if self.catalog.info(name) is not None:
            raise AwsError("TableAlreadyExistsException", f"Table already exists: {name}")
        store = self.catalog.store_of(name)
        fresh = TableInfo(name, info.keys, self.catalog.kernel.now(), info.billing)
        store.save_table(fresh)
        for (partition, sort), row in rows.items():
            store.put(name, partition, sort, row)
        return {"TableDescription": self.admin.described(fresh, "CREATING") | {"RestoreSummary": summary}}

    def _restorable(self, info: TableInfo) -> tuple[float, float] | None:
        """Return the earliest and the latest point in time; None where recovery is off."""
        since = info.recovery.get(self.catalog.region)
        if since is None:
            return None
        now = self.catalog.kernel.now()
        earliest = max(since, self.catalog.history_of(info.name).begun, now - DAYS * 86_400.0)
        return earliest, max(earliest, now - LATEST)

    def _described(self, info: TableInfo) -> Params:
        span = self._restorable(info)
        told: Params = {"PointInTimeRecoveryStatus": "DISABLED" if span is None else "ENABLED"}
        if span is not None:
            told |= {
                "RecoveryPeriodInDays": DAYS,
                "EarliestRestorableDateTime": span[0],
                "LatestRestorableDateTime": span[1],
            }
        status = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": told}
        return {"ContinuousBackupsDescription": status}

    def _source(self, table: str) -> TableInfo:
        name = table.rpartition("/")[2]
        info = self.catalog.info(name)
        if info is None:
            raise AwsError("TableNotFoundException", f"Table not found: {name}")
        return info

    def _summary(self, backup: Backup) -> Params:
        name = backup.info.name
        return {
            "TableName": name,
            "TableArn": self._arn(name),
            "BackupArn": backup.arn,
            "BackupName": f"{name}$DeletedTableBackup",
            "BackupCreationDateTime": backup.created,
            "BackupExpiryDateTime": backup.created + DAYS * 86_400.0,
            "BackupStatus": "AVAILABLE",
            "BackupType": "SYSTEM",
            "BackupSizeBytes": sum(row.size for row in backup.rows.values()),
        }

    def _expired(self, backup: Backup) -> bool:
        return self.catalog.kernel.now() - backup.created > DAYS * 86_400.0

    def _arn(self, name: str) -> str:
        return f"arn:aws:dynamodb:{self.catalog.region}:{ACCOUNT}:table/{name}"
