"""The table at the end of a real wire: many writers, one winner."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from controller.rehearsal.services.dynamodb.admin import GlobalTable
from controller.rehearsal.services.dynamodb.api import Tables
from controller.rehearsal.services.dynamodb.memory_store import MemoryStore
from controller.rehearsal.time.kernel import Kernel, WallClock
from controller.rehearsal.wire.dispatch import Request, Response, Wire
from controller.rehearsal.wire.server import Server

REGIONS = ("us-east-1", "us-east-2", "us-west-2")
WRITERS, APPENDS = 6, 10


def no_fallback(_: Request) -> Response:
    raise AssertionError("nothing goes to the fallback here")


def test_of_many_writers_in_three_regions_one_wins_each_number() -> None:
    kernel = Kernel(WallClock(1_700_000_000.0, 60.0))
    shared = {"journal": GlobalTable(MemoryStore(), REGIONS)}
    services = {
        ("dynamodb", region): Tables(kernel, region, MemoryStore(), shared=shared) for region in REGIONS
    }
    with Server(Wire(services, no_fallback, kernel.lock).handle) as server:
        url = f"http://127.0.0.1:{server.serve()}"
        session = boto3.session.Session("key", "secret")
        config = Config(retries={"total_max_attempts": 1})
        clients = [
            session.client("dynamodb", region_name=REGIONS[n % 3], endpoint_url=url, config=config)
            for n in range(WRITERS)
        ]
        clients[0].create_table(
            TableName="journal",
            KeySchema=[{"AttributeName": "seq", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "seq", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )
        gate = threading.Barrier(WRITERS)

        def write(number: int) -> list[int]:
            client: Any = clients[number]
            won = []
            for seq in range(APPENDS):
                gate.wait()
                try:
                    client.put_item(
                        TableName="journal",
                        Item={"seq": {"N": str(seq)}, "by": {"N": str(number)}},
                        ConditionExpression="attribute_not_exists(seq)",
                    )
                except client.exceptions.ConditionalCheckFailedException:
                    continue
                won.append(seq)
            return won

        with ThreadPoolExecutor(WRITERS) as pool:
            won = list(pool.map(write, range(WRITERS)))
        stored = {
            int(item["seq"]["N"]): int(item["by"]["N"])
            for item in clients[1].scan(TableName="journal")["Items"]
        }
        for client in clients:
            client.close()
    assert sorted(seq for each in won for seq in each) == list(range(APPENDS))
    assert stored == {seq: number for number, each in enumerate(won) for seq in each}
