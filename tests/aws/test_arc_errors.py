"""Errors of ARC, each with its meaning for the next send."""

import random

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from controller.aws.arc.calls import Next, client_config, judge
from controller.aws.arc.endpoints import Endpoints
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime


def answer(code: str, message: str, status: int = 400) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "UpdateRoutingControlStates")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "following"),
    [
        (EndpointConnectionError(endpoint_url="http://x"), Next.HOP),
        (ConnectTimeoutError(endpoint_url="http://x"), Next.HOP),
        (SSLError(endpoint_url="http://x", error="bad"), Next.HOP),
        (ResponseParserError("not JSON"), Next.HOP),
        (NoCredentialsError(), Next.STOP),
        (BotoCoreError(), Next.STOP),
        (answer("EndpointTemporarilyUnavailableException", ""), Next.HOP),
        (answer("500", "", 500), Next.HOP),
        (answer("SomethingNew", "", 503), Next.HOP),
        (answer("SomethingNew", ""), Next.STOP),
        (answer("InternalServerException", "", 500), Next.BACK_OFF),
        (answer("ThrottlingException", ""), Next.BACK_OFF),
        (answer("ConflictException", "Try again."), Next.CONFLICT),
        (answer("ConflictException", "Within the wait period"), Next.RULE),
        (answer("ValidationException", "Safety rule min-one would be violated"), Next.RULE),
        (answer("ValidationException", "arn:aws:x::1:controlpanel/1/safetyrule/2"), Next.RULE),
        (answer("ValidationException", "1 validation error detected"), Next.STOP),
        (answer("AccessDeniedException", "to override a safety rule"), Next.STOP),
        (answer("ExpiredTokenException", ""), Next.STOP),
    ],
)
def test_what_follows(error: Exception, following: Next) -> None:
    assert judge(error).next is following


def test_text_from_outside_is_flat_printable_and_bounded() -> None:
    said = judge(answer("ThrottlingException", "a\r\nERROR\tforged \x1b[31m\u202e b")).text
    assert said == "ThrottlingException: a ERROR forged b"
    assert len(judge(answer("ThrottlingException", "x" * 10_000)).text) == 400


def test_the_sdk_retries_nothing_and_waits_briefly() -> None:
    config = client_config()
    assert config.retries == {"total_max_attempts": 1, "mode": "standard"}
    assert (config.connect_timeout, config.read_timeout) == (1.0, 2.0)


def test_pauses_double_with_jitter_upwards_and_stay_within_three_writes_a_second() -> None:
    runtime = VirtualRuntime(Kernel(VirtualClock(0.0)))
    for seed in range(50):
        endpoints = Endpoints({}, runtime=runtime, rng=random.Random(seed), avoid=())
        pauses = [endpoints.pause(turn) for turn in range(8)]
        assert pauses[0] + pauses[1] + pauses[2] > 1.0
        assert all(
            0.2 * 2**turn <= pause <= 0.3 * 2**turn or pause == 2.0 for turn, pause in enumerate(pauses)
        )
        assert pauses[7] == endpoints.pause(10**6) == 2.0


def test_a_rule_does_not_hide_behind_blanks() -> None:
    assert judge(answer("ValidationException", " " * 450 + "refused by safety rule")).next is Next.RULE
