"""Pages and events to people over the wire: the text that is sent, and failures."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from controller.aws.notices import PERMISSIONS, Notices
from controller.ports.errors import OutsideUnreachable
from tests.support import wire as w


class Desk:
    def __init__(self) -> None:
        self.sns, self.sns_wire = w.connect("sns")
        self.events, self.events_wire = w.connect("events")
        topic = self.sns.create_topic(Name="pages")["TopicArn"]
        self.sns_wire.calls.clear()
        self.notices = Notices(sns=self.sns, topic=topic, events=self.events, bus="tidegate")

    def page(self, subject: str, text: str) -> tuple[str, str]:
        self.notices.send(subject, text)
        sent = parse_qs(self.sns_wire.bodies[-1])
        return sent["Subject"][0], sent["Message"][0]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("subject", "text", "sent"),
    [
        ("storefront moved", "line 1\nline 2", ("storefront moved", "line 1\nline 2")),
        ("forged\r\nBcc: x\x1b[31m", "a\x00b\u202ec\u200bd\x85e", ("forged Bcc: x", "abcd\ne")),
        ("größe → 1", "größe → 1", ("gr??e ? 1", "größe → 1")),
        ("", "", ("tidegate", "tidegate")),
        ("\u202e", "told", ("tidegate", "told")),
    ],
)
def test_a_page_is_what_sns_takes_and_cannot_be_forged(
    desk: Desk, subject: str, text: str, sent: tuple[str, str]
) -> None:
    assert desk.page(subject, text) == sent


def test_long_texts_are_cut(desk: Desk) -> None:
    subject, text = desk.page("s" * 500, "\N{PILE OF POO}" * 100_000)
    assert subject == "s" * 100
    assert len(text.encode()) < 256 * 1024


def test_an_event_is_put_on_the_bus(desk: Desk) -> None:
    desk.events_wire.next("PutEvents", w.answered({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}))
    desk.notices.publish("tidegate.decision/v1", {"code": "not-met", "at": 1.5})
    entry = json.loads(desk.events_wire.bodies[-1])["Entries"][0]
    assert json.loads(entry.pop("Detail")) == {"code": "not-met", "at": 1.5}
    assert entry == {"Source": "tidegate", "DetailType": "tidegate.decision/v1", "EventBusName": "tidegate"}


def test_permissions_are_the_calls(desk: Desk) -> None:
    desk.events.create_event_bus(Name="tidegate")
    desk.events_wire.calls.clear()
    desk.notices.send("a", "b")
    desk.notices.publish("tidegate.decision/v1", {})
    called = w.actions("sns", desk.sns_wire) | w.actions("events", desk.events_wire)
    assert called == set(PERMISSIONS)


@pytest.mark.parametrize(
    "answer",
    [
        {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow"}]},
        {"FailedEntryCount": 1},
        {"FailedEntryCount": 1, "Entries": []},
    ],
)
def test_an_event_that_was_not_taken_is_told(desk: Desk, answer: dict[str, Any]) -> None:
    desk.events_wire.next("PutEvents", w.answered(answer))
    with pytest.raises(OutsideUnreachable, match="publishing decision"):
        desk.notices.publish("decision", {})


@pytest.mark.parametrize("fault", [w.dropped, w.lost, w.answered(b"<html>please sign in")])
def test_a_page_that_was_not_taken_is_told(desk: Desk, fault: w.Fault) -> None:
    desk.sns_wire.next("Publish", fault)
    with pytest.raises(OutsideUnreachable, match="paging"):
        desk.notices.send("a", "b")


def test_nobody_answers(desk: Desk) -> None:
    desk.events_wire.next("PutEvents", w.dropped)
    with pytest.raises(OutsideUnreachable, match="publishing decision"):
        desk.notices.publish("decision", {})


def test_with_consoles_configured_a_page_ends_with_a_link_to_each_and_stays_under_a_kilobyte() -> None:
    sent: list[str] = []

    class Sns:
        def publish(self, **call: str) -> None:
            sent.append(call["Message"])

    links = {"us-west-2": "https://a.example/c", "us-east-2": "https://b.example/c"}
    notices = Notices(sns=Sns(), topic="t", events=Sns(), bus="default", links=links)  # type: ignore[arg-type]
    notices.send("leave?", "why " * 2000 + "\ntidegate approve 7")
    assert sent[0].endswith(
        "tidegate approve 7\nus-west-2: https://a.example/c\nus-east-2: https://b.example/c"
    )
    assert len(sent[0].encode()) <= 1000
