"""The wire before a service that gives one answer, and before nothing else."""

import threading
from collections.abc import Callable
from typing import Any

from controller.rehearsal.service import AwsError, Call
from controller.rehearsal.wire.dispatch import Request, Response, Wire

Answer = dict[str, Any] | AwsError
SIGNED = "AWS4-HMAC-SHA256 Credential=AKID/20260101/{}/{}/aws4_request, SignedHeaders=host, Signature=abc"


class Scripted:
    """A service that gives one answer and keeps the calls."""

    def __init__(self, operation: str, answer: Answer) -> None:
        self.operation, self.answer = operation, answer
        self.calls: list[Call] = []

    @property
    def operations(self) -> dict[str, Callable[[Call], dict[str, Any]]]:
        return {self.operation: self.run}

    def run(self, call: Call) -> dict[str, Any]:
        self.calls.append(call)
        if isinstance(self.answer, AwsError):
            raise self.answer
        return self.answer


class Fallback:
    def __init__(self) -> None:
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(299, {}, b"fallback")


def wire_to(service: Scripted, name: str = "dynamodb", region: str = "us-east-1") -> tuple[Wire, Fallback]:
    fallback = Fallback()
    return Wire({(name, region): service}, fallback, threading.RLock()), fallback
