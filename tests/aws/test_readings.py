"""Kept readiness: the last answer to each question, apart from the signals of the same table."""

from typing import Any

import pytest

from controller.aws.dynamodb.evidence import DynamoEvidence
from controller.aws.dynamodb.readings import PERMISSIONS, DynamoSnapshots
from controller.core.decision.readiness import ReadinessResult
from controller.ports.errors import EvidenceUnavailable
from tests.support.wire import DYNAMODBS, Wire, actions, connect, dropped, make_table

NOW = 1_800_000_000.0
LAG = ReadinessResult("replication", "orders", "us-east-1", "us-west-2", NOW, {"points": [[NOW - 60, 0.8]]})
PLAN = ReadinessResult(
    "plan", "move", "", "us-west-2", NOW, {"state": "passed", "evaluated": None, "warnings": 0}
)


@pytest.fixture(params=DYNAMODBS)
def kept(request: pytest.FixtureRequest) -> tuple[Any, str, Wire]:
    client, wire = connect("dynamodb", DYNAMODBS[request.param]())
    return client, make_table(client, "application", "signal", "S"), wire


def snapshots(client: Any, table: str) -> DynamoSnapshots:
    return DynamoSnapshots(client=client, table=table, now=lambda: NOW)


def test_the_last_answer_to_each_question_is_kept(kept: tuple[Any, str, Wire]) -> None:
    client, table, wire = kept
    wire.calls.clear()
    store = snapshots(client, table)
    newer = ReadinessResult(*LAG.query, NOW + 60, {"points": []})
    store.keep("shop", [LAG, PLAN])
    store.keep("shop", [newer])
    assert {r.query for r in store.kept("shop")} == {newer.query, PLAN.query}
    assert newer in store.kept("shop")
    assert store.kept("other") == ()
    assert actions("dynamodb", wire) == set(PERMISSIONS)


def test_signals_and_answers_do_not_meet(kept: tuple[Any, str, Wire]) -> None:
    client, table, _ = kept
    snapshots(client, table).keep("shop", [LAG])
    assert DynamoEvidence(client=client, table=table, now=lambda: NOW).read("shop") == {}


def test_what_cannot_be_read_or_written_says_so(kept: tuple[Any, str, Wire]) -> None:
    client, table, wire = kept
    store = snapshots(client, table)
    wire.next("Query", dropped)
    wire.next("PutItem", dropped)
    with pytest.raises(EvidenceUnavailable):
        store.kept("shop")
    with pytest.raises(EvidenceUnavailable):
        store.keep("shop", [LAG])
    item = {"application": {"S": "shop#readiness"}, "signal": {"S": "x"}, "reading": {"S": "{}"}}
    client.put_item(TableName=table, Item=item)
    with pytest.raises(EvidenceUnavailable, match="cannot be read"):
        store.kept("shop")
