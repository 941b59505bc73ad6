"""CBOR at the wire: what a request may hold, what is refused and how, what an answer looks like in bytes."""

from contextlib import suppress
from typing import Any

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.rehearsal.service import AwsError, Response
from controller.rehearsal.wire import cbor
from controller.rehearsal.wire.dispatch import Request
from tests.rehearsal.scripted_wire import SIGNED, Scripted, wire_to

HEADERS = {"smithy-protocol": "rpc-v2-cbor", "authorization": SIGNED.format("us-east-1", "monitoring")}
PATH = "/service/GraniteServiceVersion20100801/operation/"
DEEPEST = b"\x81" * 64 + b"\x01"


def alarm(name: bytes = b"\x61a") -> bytes:
    """A SetAlarmState request whose alarm's name is the given item."""
    return b"\xa3\x69AlarmName" + name + b"\x6aStateValue\x62OK\x6bStateReason\x61r"


def sent(body: bytes, operation: str = "SetAlarmState") -> tuple[Response, list[dict[str, Any]]]:
    service = Scripted(operation, {})
    wire, _ = wire_to(service, "monitoring")
    response = wire.handle(Request("POST", PATH + operation, "", HEADERS, body))
    return response, [call.params for call in service.calls]


@pytest.mark.parametrize(
    "body",
    [
        alarm(b"\x62a"),  # cut short by one
        alarm() + b"\x01",  # and something after it
        alarm() * 2,
        alarm(b"\xff"),
        alarm(b"\x82\x61a\xff"),
        alarm(b"\xbf\x61a\xff"),
        alarm(b"\x7f\x61a"),
        alarm(b"\x7f\x00\xff"),  # a text in chunks, of which one is a number
        alarm(b"\x7f\x61\xc3\x61\xa9\xff"),  # one letter in two chunks
        alarm(b"\x62\xff\xff"),
        alarm(b"\x1c"),
        alarm(b"\xdf\x61a"),
        alarm(b"\xc1\xff"),
        alarm(b"\x81" * 100 + b"\x01"),
        alarm(b"\x9f" * 100_000),
        alarm(b"\xa1\x61a" * 100_000 + b"\x01"),
        alarm(b"\xc1" * 100_000 + b"\x61a"),
        alarm(b"\xd9\x99\x99" * 100_000 + b"\x61a"),
        alarm(b"\xf8\x14"),  # *false*, in a form that is none
        b"\xbb" + b"\xff" * 8 + b"\x61a\x01",
        b"\x9b\0\0\0\x7f" + b"\xff" * 4 + b"\x01",
        alarm(b"\x7b" + b"\xff" * 8 + b"a"),
        b"\xa1\x01\x01",
        b"\xa1\x81\x61a\x01",
        b"\xa1\xa1\x61a\x01\x01",
        b"\xa1\x41a\x01",
        b"\xff",
    ],
)
def test_hostile_cbor_is_refused(body: bytes) -> None:
    assert sent(alarm())[0].status == 200
    response, calls = sent(body)
    assert (response.status, cbor.loads(response.body)["__type"]) == (400, "SerializationException")
    assert calls == []


@pytest.mark.parametrize(
    "tag",
    [
        b"\xc0",  # a date in words
        b"\xc1",  # seconds since 1970
        b"\xc2",  # a big number
        b"\xc5",  # a big float, whose exponent is a number's length
        b"\xd8\x19",  # a text that stood before
        b"\xd8\x1d",  # a value that stood before: a list can hold itself
        b"\xd8\x23",  # a pattern
        b"\xd8\x25",  # a UUID
        b"\xd9\x01\x02",  # a set
        b"\xd9\xd9\xf7",  # "this is CBOR"
        b"\xdb" + b"\xff" * 8,  # one that nobody knows
    ],
)
def test_a_tag_says_nothing_that_the_shape_does_not_say(tag: bytes) -> None:
    response, calls = sent(alarm(tag + b"\x62(("))
    assert (response.status, calls[0]["AlarmName"]) == (200, "((")


def test_a_list_that_holds_itself_is_a_list_with_a_number_in_it() -> None:
    assert cbor.loads(b"\xd8\x1c\x81\xd8\x1d\x00") == [0]


def test_a_moment_is_a_number_in_and_has_the_tag_of_seconds_out() -> None:
    assert cbor.loads(b"\xa1\x61t\xc1\xfb\x3f\xf8" + b"\0" * 6) == {"t": 1.5}
    assert cbor.dumps({"t": cbor.moment(1)}) == b"\xa1\x61t\xc1\xfb\x3f\xf0" + b"\0" * 6


def test_what_is_absent_is_left_out() -> None:
    """In an answer null, in a request *undefined* too."""
    assert cbor.dumps({"a": None, "b": [{"c": None}]}) == b"\xa1\x61b\x81\xa0"
    response, calls = sent(b"\xa4" + alarm()[1:] + b"\x6fStateReasonData\xf7")
    assert response.status == 200
    assert "StateReasonData" not in calls[0]


def test_sixty_four_within_each_other_are_read_and_one_more_is_not() -> None:
    assert cbor.loads(DEEPEST)
    with pytest.raises(AwsError, match="nesting depth"):
        cbor.loads(b"\x81" + DEEPEST)


def test_half_a_letter_from_outside_does_not_break_the_refusal() -> None:
    """A path that is no UTF-8 reaches the message as half a surrogate pair."""
    service = Scripted("SetAlarmState", AwsError("ValidationException", "No\udc80Such"))
    wire, _ = wire_to(service, "monitoring")
    response = wire.handle(Request("POST", PATH + "SetAlarmState", "", HEADERS, alarm()))
    assert (response.status, cbor.loads(response.body)["message"]) == (400, "No?Such")


ITEMS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(ITEMS)
def test_every_document_is_read_as_it_was_meant(document: Any) -> None:
    assert cbor.loads(cbor2.dumps(document)) == document


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
@example(b"\x7f\x00")
def test_bytes_are_a_document_or_one_refusal(data: bytes) -> None:
    with suppress(AwsError):
        cbor.loads(data)
