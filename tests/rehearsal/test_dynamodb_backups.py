"""Point-in-time recovery and the backup of a deleted table, with moto as oracle for the shapes it has."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from controller.rehearsal.moto_fallback import MotoFallback
from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.services.dynamodb.admin import GlobalTable
from controller.rehearsal.services.dynamodb.api import Tables
from controller.rehearsal.services.dynamodb.memory_store import MemoryStore
from controller.rehearsal.services.dynamodb.sqlite_store import SqliteStore
from controller.rehearsal.services.dynamodb.store import Store
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from tests.rehearsal.dynamodb_table import REGION, START, Bench, client_of, key, made

ON = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
OFF = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}}
STORES: list[Callable[[], Store]] = [MemoryStore, lambda: SqliteStore(":memory:")]


def later(bench: Bench, seconds: float) -> None:
    bench.kernel.run(until=bench.kernel.now() + seconds)


def written(store: Store | None = None) -> Bench:
    """Recovery on from the first second; items 1 to 4 a minute apart, 2 changed and 3 deleted meanwhile."""
    bench = made(store)
    bench.do("UpdateContinuousBackups", **ON)
    for number in (1, 2, 3):
        later(bench, 60)
        bench.put(number, body={"S": f"first {number}"})
    later(bench, 60)
    bench.update("SET body = :b", {":b": {"S": "second 2"}}, seq=2)
    bench.do("DeleteItem", Key=key(3))
    later(bench, 60)
    bench.do("BatchWriteItem", RequestItems={
        "journal": [{"DeleteRequest": {"Key": key(1)}}, {"PutRequest": {"Item": key(4)}}]
    })  # fmt: skip
    later(bench, 900)
    return bench


def found(bench: Bench, table: str) -> dict[str, str]:
    items = bench.do("Scan", table)["Items"]
    return {item["seq"]["N"]: item.get("body", {}).get("S", "") for item in items}


@pytest.mark.parametrize("make", STORES, ids=["memory", "sqlite"])
def test_each_second_can_be_restored_into_a_new_table(make: Callable[[], Store]) -> None:
    bench = written(make())
    held = {
        0: {}, 60: {"1": "first 1"}, 179: {"1": "first 1", "2": "first 2"},
        180: {"1": "first 1", "2": "first 2", "3": "first 3"}, 240: {"1": "first 1", "2": "second 2"},
        300: {"2": "second 2", "4": ""},
    }  # fmt: skip
    for after, items in held.items():
        answer = restore(bench, f"copy-{after}", RestoreDateTime=START + after)["TableDescription"]
        assert answer["RestoreSummary"]["RestoreDateTime"] == START + after
        assert found(bench, f"copy-{after}") == items
    assert found(bench, "journal") == held[300]  # which stays as it is


def restore(bench: Bench, target: str, **params: Any) -> Any:
    params |= {"SourceTableName": "journal", "TargetTableName": target}
    call = Call("dynamodb", "RestoreTableToPointInTime", REGION, params)
    return bench.tables.operations["RestoreTableToPointInTime"](call)


def refused(bench: Bench, target: str = "copy", **params: Any) -> str:
    with pytest.raises(AwsError) as error:
        restore(bench, target, **params)
    return error.value.code


def test_the_last_five_minutes_and_what_was_before_it_was_on_are_out_of_reach() -> None:
    bench = written()
    told = bench.do("DescribeContinuousBackups")["ContinuousBackupsDescription"]
    span = told["PointInTimeRecoveryDescription"]
    now = bench.kernel.now()
    assert span["EarliestRestorableDateTime"] == START
    assert span["LatestRestorableDateTime"] == now - 300
    for at in (START - 1, now - 299, now, 0.0):
        assert refused(bench, RestoreDateTime=at) == "InvalidRestoreTimeException"
    restore(bench, "latest", UseLatestRestorableTime=True)
    assert refused(bench, "latest", UseLatestRestorableTime=True) == "TableAlreadyExistsException"
    bench.do("UpdateContinuousBackups", **OFF)
    bench.do("UpdateContinuousBackups", **ON)  # "you reset the start time"
    assert refused(bench, RestoreDateTime=now - 400) == "InvalidRestoreTimeException"


def test_a_restored_table_has_none_of_the_settings() -> None:
    bench = written()
    bench.do("UpdateTable", DeletionProtectionEnabled=True)
    restore(bench, "copy", UseLatestRestorableTime=True)
    described = bench.do("DescribeTable", "copy")["Table"]
    assert (described["DeletionProtectionEnabled"], described["TableStatus"]) == (False, "ACTIVE")
    told = bench.do("DescribeContinuousBackups", "copy")["ContinuousBackupsDescription"]
    assert told["PointInTimeRecoveryDescription"] == {"PointInTimeRecoveryStatus": "DISABLED"}


def test_a_deleted_table_has_no_points_in_time_but_its_backup_for_35_days() -> None:
    bench = written()
    bench.do("DeleteTable")
    assert refused(bench, UseLatestRestorableTime=True) == "TableNotFoundException"
    list_ = lambda **params: bench.tables.operations["ListBackups"](  # noqa: E731
        Call("dynamodb", "ListBackups", REGION, params)
    )["BackupSummaries"]
    assert list_() == []  # people made none
    (kept,) = list_(BackupType="SYSTEM", TableName="journal")
    assert kept["BackupName"] == "journal$DeletedTableBackup"
    assert list_(BackupType="ALL", TableName="other") == []
    params = {"BackupArn": kept["BackupArn"], "TargetTableName": "copy"}
    back = Call("dynamodb", "RestoreTableFromBackup", REGION, params)
    bench.tables.operations["RestoreTableFromBackup"](back)
    assert found(bench, "copy") == {"2": "second 2", "4": ""}
    later(bench, 36 * 86_400)
    with pytest.raises(AwsError) as error:
        bench.tables.operations["RestoreTableFromBackup"](back)
    assert error.value.code == "BackupNotFoundException"


def test_without_recovery_a_deleted_table_is_gone() -> None:
    bench = made()
    bench.put(1)
    bench.do("DeleteTable")
    call = Call("dynamodb", "ListBackups", REGION, {"BackupType": "SYSTEM"})
    assert bench.tables.operations["ListBackups"](call) == {"BackupSummaries": []}


def trio() -> dict[str, Bench]:
    """Three replicas of one strongly consistent table."""
    regions = ("us-east-1", "us-east-2", "us-west-2")
    benches = {region: Bench() for region in regions}
    kernel, shared = benches[REGION].kernel, {"journal": GlobalTable(MemoryStore(), regions)}
    for region, bench in benches.items():
        bench.kernel = kernel
        bench.tables = Tables(kernel, region, bench.store, shared=shared)
    benches[REGION].create()
    return benches


def test_each_replica_has_a_recovery_of_its_own_and_what_is_restored_is_no_replica() -> None:
    here, there, _ = trio().values()
    here.do("UpdateContinuousBackups", **ON)
    there.put(1)
    later(here, 301)
    assert refused(there, UseLatestRestorableTime=True) == "PointInTimeRecoveryUnavailableException"
    assert "Replicas" not in restore(here, "copy", UseLatestRestorableTime=True)["TableDescription"]
    assert there.error("Scan", "copy").code == "ResourceNotFoundException"


def test_a_replica_cannot_be_deleted_alone_and_the_last_one_makes_room_for_all() -> None:
    here, there, third = trio().values()
    here.put(1)
    assert "cannot be deleted alone" in here.error("DeleteTable").message
    one = {"Delete": {"RegionName": "us-west-2"}}
    assert "loses all replicas" in here.error("UpdateTable", ReplicaUpdates=[one]).message
    here.do("UpdateTable", ReplicaUpdates=[one, {"Delete": {"RegionName": "us-east-2"}}])
    assert there.error("Scan").code == "ResourceNotFoundException"
    assert found(here, "journal") == {"1": ""}
    assert "Replicas" not in here.do("DescribeTable")["Table"]
    here.do("DeleteTable")
    there.create()
    assert [found(each, "journal") for each in (here, there, third)] == [{}, {}, {}]


@pytest.mark.parametrize(
    "params", [{"ReplicaUpdates": [{"Create": {"RegionName": "x"}}]}, {"BillingMode": "x"}]
)
def test_other_changes_of_a_table_are_refused_not_ignored(params: dict[str, Any]) -> None:
    assert "not part of this rehearsal" in made().error("UpdateTable", **params).message


def shape(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: shape(value) for name, value in answer.items() if name != "ResponseMetadata"}
    return [shape(each) for each in answer[:1]] if isinstance(answer, list) else type(answer)


def test_the_answers_have_the_shape_of_motos() -> None:
    MotoFallback().reset()
    kernel = Kernel(VirtualClock(1_700_000_000.0))
    ours = client_of({("dynamodb", REGION): Tables(kernel, REGION, MemoryStore())}, kernel)
    theirs = client_of({}, kernel)
    seen: list[dict[str, Any]] = []
    for client in (ours, theirs):
        definition = {
            "KeySchema": [{"AttributeName": "app", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "app", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        client.create_table(TableName="journal", **definition)
        named = {"TableName": "journal"}
        before = client.describe_continuous_backups(**named)
        on = client.update_continuous_backups(**named, **ON)
        names = {"SourceTableName": "journal", "TargetTableName": "copy"}
        copy = client.restore_table_to_point_in_time(**names, UseLatestRestorableTime=True)
        codes = [
            error_of(client.restore_table_to_point_in_time, **names, UseLatestRestorableTime=True),
            error_of(client.describe_continuous_backups, TableName="other"),
            error_of(client.restore_table_from_backup, BackupArn=f"arn:{'x' * 40}", TargetTableName="new"),
        ]
        described = {k: v for k, v in copy["TableDescription"].items() if k in KNOWN}
        seen.append({"before": shape(before), "on": shape(on), "copy": shape(described), "codes": codes})
    assert seen[0] == seen[1]


KNOWN = ("TableName", "TableArn", "KeySchema", "AttributeDefinitions", "ItemCount", "CreationDateTime")
"""Of a restored table; moto answers no `RestoreSummary` for a point in time."""


def error_of(operation: Callable[..., Any], **params: Any) -> str:
    with pytest.raises(ClientError) as error:
        operation(**params)
    return str(error.value.response["Error"]["Code"])
