"""Replicas of a table: the own one answers, another where it is silent."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from controller.aws.dynamodb.replicas import STAY, Replicas


class Replica:
    def __init__(self, name: str) -> None:
        self.name, self.down, self.asked = name, False, 0
        self.says: str | None = None

    def get_item(self, **_: Any) -> str:
        self.asked += 1
        if self.down:
            raise EndpointConnectionError(endpoint_url=self.name)
        if self.says:
            raise ClientError({"Error": {"Code": self.says, "Message": ""}}, "GetItem")
        return self.name


def three() -> tuple[list[Replica], list[float], Replicas]:
    clients, clock = [Replica(name) for name in ("own", "second", "third")], [1000.0]
    return clients, clock, Replicas(clients, lambda: clock[0])


def test_the_own_replica_answers_and_no_other_is_asked() -> None:
    clients, _, replicas = three()
    assert [replicas.read("get_item") for _ in range(3)] == ["own"] * 3
    assert [client.asked for client in clients] == [3, 0, 0]


def test_where_the_own_one_is_silent_another_answers_and_is_kept_for_a_while() -> None:
    clients, clock, replicas = three()
    clients[0].down = clients[1].down = True
    assert [replicas.read("get_item") for _ in range(3)] == ["third"] * 3
    assert [client.asked for client in clients] == [1, 1, 3]
    clients[0].down, clock[0] = False, clock[0] + STAY
    assert replicas.read("get_item") == "own"


def test_what_aws_says_is_an_answer_and_throttling_is_none() -> None:
    clients, _, replicas = three()
    clients[0].says = "ConditionalCheckFailedException"
    with pytest.raises(ClientError):
        replicas.read("get_item")
    assert clients[1].asked == 0
    clients[0].says = "ThrottlingException"
    assert replicas.read("get_item") == "second"


def test_when_none_answers_the_last_failure_is_raised_after_each_was_asked_once() -> None:
    clients, _, replicas = three()
    for client in clients:
        client.down = True
    with pytest.raises(EndpointConnectionError):
        replicas.read("get_item")
    assert [client.asked for client in clients] == [1, 1, 1]
