"""Controllers that beat, and a third party on this machine that is told and counts."""

import io
import itertools
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from controller import wiring
from controller.entry import lambdas
from controller.lab.environment.environment import Stage
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.settings import Heartbeat
from tests.support.drill_run import set_up

SECRET = "tidegate-heartbeat"
_numbers = itertools.count()


@dataclass
class Receiver:
    """heard: (method, path, body) of each request. status, location: the answer to the next ones.

    silent: set it, and no answer comes.
    """

    host: str = ""
    status: int = 200
    location: str = ""
    heard: list[tuple[str, str, bytes]] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)

    def beats(self, path: str) -> int:
        return sum(1 for _, heard, _ in self.heard if heard == path)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Serve on 127.0.0.1 until left."""
    held = Receiver()
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            held.heard.append((self.command, self.path, body))
            if held.silent.is_set():
                over.wait(10)
                return
            self.send_response(held.status)
            if held.location:
                self.send_header("Location", held.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name that the base class calls

        def log_message(self, *_args: object) -> None:
            """Say nothing: a path is a secret."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    held.host = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield held
    finally:
        over.set()
        server.shutdown()
        server.server_close()


@dataclass
class Watched:
    """Three controllers, and whoever is told of them. logs: what each Region's functions wrote."""

    stage: Stage
    outside: Receiver
    logs: dict[str, io.StringIO] = field(default_factory=dict)

    def beats(self, seconds: float) -> dict[str, int]:
        """Region -> the beats of so many seconds."""
        before = len(self.outside.heard)
        self.stage.advance(seconds)
        heard = [path for _, path, _ in self.outside.heard[before:]]
        return {region: heard.count(path_of(region)) for region in self.stage.deployments}

    def told(self, region: str) -> list[dict[str, Any]]:
        """The lines of the log about beats, those of the metric among them."""
        lines = [json.loads(line) for line in self.logs[region].getvalue().splitlines()]
        return [line for line in lines if line.get("message") == "heartbeat" or "HeartbeatSent" in line]


def path_of(region: str) -> str:
    return f"/{region}/5ecret"


@contextmanager
def watching() -> Iterator[Watched]:
    """Three controllers that never ticked yet, each with an address of its own."""
    with receiver() as outside:
        stage, _ = set_up()
        held = Watched(stage, outside)
        for region, deployment in stage.deployments.items():
            there = stage.cloud.controller_regions[region]
            stage.cloud.secrets.values[region, SECRET] = f"http://{outside.host}{path_of(region)}"
            beats = deployment.model_copy(update={"heartbeat": Heartbeat(host=outside.host, secret=SECRET)})
            clients = virtual_clients(stage.cloud.wire, there.runtime, stage.faults, home=region)
            rng = random.Random(region)
            deps = wiring.build(beats, clients=clients, runtime=there.runtime, rng=rng)
            log = held.logs[region] = io.StringIO()
            there.functions.update(lambdas.bound(deps, log, f"beats-{next(_numbers)}"))
        yield held
