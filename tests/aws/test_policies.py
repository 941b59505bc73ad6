"""Policies on DynamoDB: the first text under a digest stays, and silence is an error."""

from typing import Any

import pytest

from controller.aws.dynamodb.policies import PERMISSIONS, DynamoPolicies
from controller.core.policy.document import document_of
from controller.core.policy.validation import LARGEST
from controller.ports.errors import OutsideUnreachable
from tests.support.policy_scene import storefront
from tests.support.wire import DYNAMODBS, Wire, actions, connect, dropped, make_table

POLICY = storefront()


@pytest.fixture(params=DYNAMODBS)
def store(request: pytest.FixtureRequest) -> tuple[Any, str, Wire]:
    client, wire = connect("dynamodb", DYNAMODBS[request.param]())
    return client, make_table(client, "application", "seq", "N"), wire


def test_a_document_is_kept_once_and_read_by_its_digest(store: tuple[Any, str, Wire]) -> None:
    client, table, wire = store
    wire.calls.clear()
    policies = DynamoPolicies(client=client, table=table)
    assert policies.read(POLICY.digest) is None
    policies.keep(POLICY.digest, document_of(POLICY))
    policies.keep(POLICY.digest, "another text")
    assert policies.read(POLICY.digest) == document_of(POLICY)
    assert actions("dynamodb", wire) == set(PERMISSIONS)
    item = client.scan(TableName=table)["Items"][0]
    assert item["application"] == {"S": f"policy#{POLICY.digest}"}


def test_the_largest_document_that_a_policy_may_have_fits_into_one_item(store: tuple[Any, str, Wire]) -> None:
    client, table, _ = store
    policies = DynamoPolicies(client=client, table=table)
    policies.keep("a" * 64, "x" * LARGEST)
    assert policies.read("a" * 64) == "x" * LARGEST


def test_no_answer_is_said_both_ways(store: tuple[Any, str, Wire]) -> None:
    client, table, wire = store
    policies = DynamoPolicies(client=client, table=table)
    wire.next("GetItem", dropped)
    wire.next("PutItem", dropped)
    with pytest.raises(OutsideUnreachable, match="reading policy"):
        policies.read(POLICY.digest)
    with pytest.raises(OutsideUnreachable, match="keeping policy"):
        policies.keep(POLICY.digest, document_of(POLICY))
