"""Other clients of the same cluster: one endpoint after the other, until one takes the change.

boto3 waits 60 s for each try. Here each try is given one second, all else is boto3's own; its tries are
counted where they arrive, and the 59 s that each would have taken longer are added. Its pauses are real.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from controller.rehearsal.services.arc.data_plane import SERVICE
from tests.bench.cluster import Cluster
from tests.bench.hung import Hung
from tests.support.policy_scene import EAST

KEYS = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}
BOTO_TIMEOUT = 60.0
SCALED = 1.0
ONE_SECOND = "one second, in order"
PEERS: Mapping[str, Config] = {
    ONE_SECOND: Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1}),
    "boto3 defaults, in order": Config(connect_timeout=1, read_timeout=1),
    "boto3 standard, in order": Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard"}),
    "boto3 legacy, in order": Config(connect_timeout=1, read_timeout=1, retries={"mode": "legacy"}),
}
"""`legacy` was boto3's default before `standard` was."""


@dataclass(frozen=True)
class Found:
    """tries: calls that a hung endpoint took. seconds: as measured; as_shipped: with boto3's own timeouts."""

    name: str
    hung: int
    tries: int
    seconds: float
    as_shipped: float


def run_all(cluster: Cluster, hung: Sequence[int]) -> list[Found]:
    """Every peer with every number of hung endpoints; where some hang, side by side: they only wait."""
    found: list[Found] = []
    cases = [(name, config, count) for count in hung for name, config in PEERS.items()]
    for case in (case for case in cases if case[-1] == 0):
        time.sleep(1.1)  # an endpoint takes three changes a second
        cluster.reset()
        _run(cluster, found, *case)
    waiting = [case for case in cases if case[-1] > 0]
    threads = [threading.Thread(target=_run, args=(cluster, found, *case)) for case in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def default_mode() -> str:
    """Which boto3 this is, and which retries are its defaults."""
    client = boto3.Session(**KEYS).client(SERVICE, region_name=EAST)
    return f"boto3 {boto3.__version__}, whose default retries are `{client.meta.config.retries['mode']}`"


def _run(cluster: Cluster, found: list[Found], name: str, config: Config, count: int) -> None:
    with Hung() as silent:
        urls = [silent.url] * count + list(cluster.arc.endpoints.values())[count:]
        session = boto3.Session(**KEYS)
        clients = [session.client(SERVICE, region_name=EAST, endpoint_url=u, config=config) for u in urls]
        begun = time.perf_counter()
        _ask(cluster, clients)
        seconds, tries = time.perf_counter() - begun, silent.tries
    longer = 0.0 if name == ONE_SECOND else tries * (BOTO_TIMEOUT - SCALED)
    found.append(Found(name, count, tries, seconds, seconds + longer))


def _ask(cluster: Cluster, clients: Sequence[Any]) -> None:
    for client in clients:
        for _ in range(5):
            try:
                client.update_routing_control_states(
                    UpdateRoutingControlStateEntries=cluster.entries(on=False)
                )
            except ClientError:  # another peer's change began a wait period, which is none of this one's
                cluster.reset()
            except BotoCoreError:
                break
            else:
                cluster.reset()
                return
