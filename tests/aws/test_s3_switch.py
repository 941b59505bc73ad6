"""The standby's switch under faults, in virtual time; moto's S3 is the oracle of the rehearsal's."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session

from controller.aws.arc.calls import client_config
from controller.aws.s3_switch import PERMISSIONS, StandbySwitch, Watched
from controller.ports.errors import JournalConflict, SwitchRefused, SwitchUnavailable
from controller.rehearsal.faults import Faults
from controller.rehearsal.moto_fallback import MotoFallback
from controller.rehearsal.service import Request, Response, Scope
from controller.rehearsal.services.s3 import Objects
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.direct_client import Fault, attach
from controller.rehearsal.wire.dispatch import Wire
from controller.settings import Arc, Bucket, Deployment, Standby
from tests.support.policy_scene import ACCOUNT

T0 = 1_700_000_000.0
EAST, WEST, OTHER = "us-east-1", "us-west-2", "us-east-2"
DEADLINE = T0 + 15
USE1, USW2 = ("use1-a", "use1-b"), ("usw2-a", "usw2-b")
# us-west-2 can be left as well here: its objects lie in a third Region.
WATCHED = {
    **{name: (WEST, "shop-switch-west", name) for name in USE1},
    **{name: (OTHER, "shop-switch-other", name) for name in USW2},
}
LEAVE = [("use1-a", False), ("use1-b", False), ("usw2-a", True), ("usw2-b", True)]
_SESSION = Session()


class Store:
    """Two buckets, and what is sent to them. `script`: what the next writes meet instead."""

    def __init__(self, kind: str = "rehearsal") -> None:
        self.kernel, self.faults = Kernel(VirtualClock(T0)), Faults()
        self.runtime = VirtualRuntime(self.kernel)
        self.objects = Objects(self.kernel, self.faults, WATCHED)
        self.moves: list[tuple[str, bool]] = []
        self.objects.observe(lambda _at, name, on: self.moves.append((name, on)))
        self.calls: list[tuple[float, str, str]] = []
        self.script: list[Callable[[], Response | None]] = []
        self.next_faults: list[Fault] = []
        self._fallback = MotoFallback()
        behind = self._fallback.handle if kind == "moto" else self.objects.before(_nowhere)
        self._wire = Wire({}, behind, self.kernel.lock)
        self.clients = {region: self._client(region) for region in (WEST, OTHER)}
        if kind == "moto":
            self.clients[WEST].list_buckets()
            self._fallback.reset()
            for region, bucket, _ in dict.fromkeys((r, b, "") for r, b, _ in WATCHED.values()):
                place = {"LocationConstraint": region}
                self.clients[region].create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        self.calls.clear()

    def _client(self, region: str) -> Any:
        s3 = {"addressing_style": "path"}
        config = client_config().merge(Config(s3=s3))
        client = _SESSION.create_client(
            "s3", region, endpoint_url="http://127.0.0.1", config=config,
            aws_access_key_id="rehearsal", aws_secret_access_key="rehearsal",
        )  # fmt: skip
        attach(client, self._handle, self.runtime, latency=0.1, fault=self._fault)
        return client

    def switch(self, **fixed: None) -> StandbySwitch:
        objects = {name: Watched(*place) for name, place in WATCHED.items()}
        return StandbySwitch(
            self.clients, objects | fixed, runtime=self.runtime, rng=random.Random(self.kernel.now())
        )

    def writes(self) -> list[str]:
        return [f"{method} {path.rpartition('/')[2]}" for _, method, path in self.calls if method != "GET"]

    def _handle(self, request: Request, endpoint: str = "", scope: Scope | None = None) -> Response:
        self.calls.append((self.kernel.now() - T0, request.method, request.path))
        if request.method != "GET" and self.script:
            answer = self.script.pop(0)()
            if answer is not None:
                return answer
        return self._wire.handle(request, endpoint, scope)

    def _fault(self, service: str, region: str, endpoint: str, operation: str) -> Fault | None:
        if region in self.faults.apis_dark:
            return "hung"
        return self.next_faults.pop(0) if operation in WATCHED and self.next_faults else None


def _nowhere(request: Request) -> Response:
    raise AssertionError(f"a request to no bucket: {request}")


def unfenced() -> None:
    """A fence that lets everything pass."""


def left(store: Store) -> Store:
    """us-west-2 is left: its two controls are Off."""
    away = [(name, False) for name in USW2]
    store.switch().update([away], deadline=DEADLINE, fence=unfenced)
    store.moves.clear()
    store.calls.clear()
    return store


def refusal(status: int, code: str) -> Callable[[], Response]:
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    return lambda: Response(status, {"Content-Type": "application/xml"}, body)


@pytest.mark.parametrize("kind", ["rehearsal", "moto"])
def test_on_is_made_before_off_whatever_order_was_asked_for_and_read_back(kind: str) -> None:
    store = left(Store(kind))
    assert store.switch().read([*USE1, *USW2]) == {
        "use1-a": True,
        "use1-b": True,
        "usw2-a": False,
        "usw2-b": False,
    }
    assert store.switch().update([LEAVE], deadline=DEADLINE, fence=unfenced) == dict(LEAVE)
    assert store.writes() == ["DELETE usw2-a", "DELETE usw2-b", "PUT use1-a", "PUT use1-b"]
    assert store.calls[-1][1] == "GET"
    assert store.switch().read([*USE1, *USW2]) == dict(LEAVE)
    calls = len(store.writes())
    store.switch().update([LEAVE], deadline=DEADLINE, fence=unfenced)
    assert len(store.writes()) == calls, "what is so already was sent again"


@pytest.mark.parametrize("kind", ["rehearsal", "moto"])
@pytest.mark.parametrize("lost", range(4))
def test_a_lost_reply_has_one_effect(kind: str, lost: int) -> None:
    store = left(Store(kind))
    passing: list[Any] = [None] * lost
    store.next_faults = [*passing, "lost"]
    store.switch().update([LEAVE], deadline=DEADLINE, fence=unfenced)
    assert len(store.writes()) == 4
    if kind == "rehearsal":
        assert sorted(store.moves) == sorted(LEAVE)


def test_every_slice_is_on_somewhere_after_each_call_also_when_the_deadline_comes_between() -> None:
    for seconds in (0.15, 0.3, 0.5, 0.7, 0.9):
        store = left(Store())
        states = {**dict.fromkeys(USE1, True), **dict.fromkeys(USW2, False)}
        began = store.kernel.now()
        try:
            store.switch().update([LEAVE], deadline=began + seconds, fence=unfenced)
        except SwitchUnavailable as error:
            assert "the deadline passed before" in str(error)  # noqa: PT017
        for name, on in store.moves:
            states[name] = on
            assert all(states[f"use1-{s}"] or states[f"usw2-{s}"] for s in "ab")
        late = [at for at, method, _ in store.calls if method != "GET" and at + T0 > began + seconds + 0.1]
        assert late == []


def test_the_fence_is_asked_before_each_send_and_stops_it() -> None:
    store = left(Store())
    asked: list[int] = []

    def fence() -> None:
        asked.append(len(store.writes()))
        if len(asked) == 3:
            raise JournalConflict("an epoch later")

    with pytest.raises(JournalConflict):
        store.switch().update([LEAVE], deadline=DEADLINE, fence=fence)
    assert asked == [0, 1, 2]
    assert store.moves == [("usw2-a", True), ("usw2-b", True)]


def test_an_off_that_somebody_renewed_is_not_taken_back() -> None:
    store = left(Store())

    def renewed() -> None:
        store.clients[OTHER].put_object(Bucket="shop-switch-other", Key="usw2-a", Body=b"by hand")

    store.script = [renewed]
    with pytest.raises(SwitchRefused, match="changed by somebody else meanwhile: usw2-a"):
        store.switch().update([LEAVE], deadline=DEADLINE, fence=unfenced)
    assert not store.objects.is_on("usw2-a")
    assert store.objects.is_on("use1-a")


def test_an_off_that_somebody_made_first_stays_theirs() -> None:
    store = Store()

    def first() -> None:
        store.clients[WEST].put_object(Bucket="shop-switch-west", Key="use1-a", Body=b"by hand")

    store.script = [first]
    states = store.switch().update([[("use1-a", False)]], deadline=DEADLINE, fence=unfenced)
    assert states == {"use1-a": False}
    body = store.clients[WEST].get_object(Bucket="shop-switch-west", Key="use1-a")["Body"].read()
    assert body == b"by hand"


def test_a_bucket_that_does_not_answer_is_unknown_to_us_and_leaves_the_primary_on() -> None:
    store = Store()
    store.faults.apis_dark.add(WEST)
    with pytest.raises(SwitchUnavailable, match="shop-switch-west in us-west-2 does not answer"):
        store.switch().read(USE1)
    with pytest.raises(SwitchUnavailable):
        store.switch().update([[("use1-a", False)]], deadline=DEADLINE, fence=unfenced)
    assert store.kernel.now() <= DEADLINE + 5
    assert store.objects.is_on("use1-a")
    assert store.writes() == []


def test_a_bucket_that_returns_is_used() -> None:
    store = Store()
    store.faults.apis_dark.add(WEST)
    store.kernel.at(T0 + 5, store.faults.apis_dark.clear)
    store.switch().update([[("use1-a", False)]], deadline=DEADLINE, fence=unfenced)
    assert store.moves == [("use1-a", False)]


@pytest.mark.parametrize(
    ("status", "code", "raised"),
    [
        (403, "AccessDenied", SwitchRefused),
        (404, "NoSuchBucket", SwitchRefused),
        (400, "InvalidRequest", SwitchRefused),
    ],
)
def test_what_s3_refuses_for_good_is_refused_at_once(status: int, code: str, raised: type[Exception]) -> None:
    store = Store()
    store.script = [refusal(status, code)]
    with pytest.raises(raised, match=code):
        store.switch().update([[("use1-a", False)]], deadline=DEADLINE, fence=unfenced)
    assert len(store.writes()) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (409, "ConditionalRequestConflict")]
)
def test_what_s3_may_take_later_is_tried_again(status: int, code: str) -> None:
    store = Store()
    store.script = [refusal(status, code)]
    store.switch().update([[("use1-a", False)]], deadline=DEADLINE, fence=unfenced)
    assert store.writes() == ["PUT use1-a", "PUT use1-a"]
    assert store.moves == [("use1-a", False)]


def test_a_control_without_an_object_is_always_on_and_nothing_is_sent_to_turn_it_off() -> None:
    store = Store()
    switch = store.switch(**{"usw2-a": None})
    assert switch.read(["use1-a", "usw2-a"]) == {"use1-a": True, "usw2-a": True}
    switch.update([[("usw2-a", True), ("use1-a", False)]], deadline=DEADLINE, fence=unfenced)
    with pytest.raises(SwitchRefused, match="always On"):
        switch.update([[("use1-a", True), ("usw2-a", False)]], deadline=DEADLINE, fence=unfenced)
    assert store.writes() == ["PUT use1-a"]


def test_a_control_that_is_not_configured_is_refused() -> None:
    with pytest.raises(SwitchRefused, match="no object is configured for mars-a"):
        Store().switch().read(["mars-a"])
    with pytest.raises(ValueError, match="named twice"):
        Store().switch().update([[("use1-a", True), ("use1-a", False)]], deadline=DEADLINE, fence=unfenced)


def test_permissions_are_those_that_the_calls_need() -> None:
    assert {action for action, _ in PERMISSIONS} == {
        "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject",
    }  # fmt: skip
    store = left(Store())
    store.switch().update([LEAVE], deadline=DEADLINE, fence=unfenced)
    assert {method for _, method, _ in store.calls} == {"DELETE", "PUT", "GET"}


STANDBY = {
    "bucket_by_region": {EAST: {"name": "shop-switch", "region": WEST}},
    "objects": {"use1-a": "use1-a"},
}


def test_a_bucket_in_the_region_that_it_moves_is_refused() -> None:
    with pytest.raises(ValueError, match="it would fail with it"):
        Standby(bucket_by_region={EAST: Bucket(name="shop-switch", region=EAST)}, objects={"a": "a"})
    with pytest.raises(ValueError, match="share an object"):
        Standby.model_validate(STANDBY | {"objects": {"use1-a": "x", "use1-b": "x"}})


@pytest.mark.parametrize("switches", [{}, {"arc", "standby"}])
def test_a_deployment_has_exactly_one_switch(switches: set[str]) -> None:
    both = {
        "arc": Arc(endpoints={EAST: "https://a.example"}, panel="p", controls={}),
        "standby": Standby.model_validate(STANDBY),
    }
    told = {"account": ACCOUNT, "region": OTHER, "deployed": 1.0, "policy": {}}
    names = ("journal_table", "evidence_table", "assessments_table", "people_table", "dead_letters")
    names += ("topic", "state_machine", "key")
    with pytest.raises(ValueError, match="exactly one of arc and standby"):
        Deployment.model_validate(told | dict.fromkeys(names, "x") | {name: both[name] for name in switches})
