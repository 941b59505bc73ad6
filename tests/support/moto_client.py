"""A client whose calls moto answers behind the rehearsed wire."""

import threading
from typing import Any

import boto3

from controller.rehearsal.moto_fallback import MotoFallback
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.direct_client import attach
from controller.rehearsal.wire.dispatch import Wire

SESSION = boto3.session.Session("key", "secret", region_name="eu-west-1")


def client(name: str, fallback: MotoFallback) -> Any:
    kernel = Kernel(VirtualClock(0.0))
    made = SESSION.client(name, endpoint_url="http://127.0.0.1")
    wire = Wire({}, fallback.handle, threading.RLock())
    attach(made, wire.handle, VirtualRuntime(kernel), latency=0)
    return made
