"""The session of a role in another account: who is asked, when, and what is said without one."""

import logging
import traceback
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from botocore.parsers import ResponseParserError

from controller import wiring
from controller.aws.assumed_role import AssumedRole, SessionKeys, SwitchByRole
from controller.aws.cloudwatch.alarms import CloudWatchPoll
from controller.aws.sdk_clients import boto3_clients
from controller.core.model import Sighting
from controller.ports.errors import EvidenceUnavailable, SwitchUnavailable
from controller.rehearsal.faults import Faults
from controller.rehearsal.service import Call
from controller.rehearsal.services.cloudwatch.api import Alarms
from controller.rehearsal.services.sts import RolePlan, SecurityTokens, Tokens
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.rehearsal.wire.dispatch import Wire

OWN, OTHER = "123456789012", "210987654321"
HERE, NEXT, LAST = "us-east-2", "us-west-2", "eu-west-1"
EAST = "us-east-1"
ROLE = RolePlan(
    f"arn:aws:iam::{OTHER}:role/tidegate-evidence-access",
    "tidegate-storefront",
    frozenset({"cloudwatch:DescribeAlarms"}),
)


class Counted(SecurityTokens):
    """STS of one Region that remembers when it was asked."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__(tokens)
        self.asked: list[float] = []
        self._now = tokens.kernel.now

    def _assume_role(self, call: Call) -> dict[str, object]:
        self.asked.append(self._now())
        return super()._assume_role(call)


class Accounts:
    """Two accounts: STS in three Regions of the one, an alarm in each of both."""

    def __init__(self, *roles: RolePlan, external_id: str = ROLE.external_id) -> None:
        self.kernel = Kernel(VirtualClock(1_893_484_800.0))
        self.runtime, self.faults = VirtualRuntime(self.kernel), Faults()
        tokens = Tokens(self.kernel, roles or (ROLE,))
        self.sts = {region: Counted(tokens) for region in (HERE, NEXT, LAST)}
        boards = {a: Alarms(self.kernel, EAST, lambda _event: None, self.faults) for a in (OWN, OTHER)}
        own: dict[tuple[str, str], Any] = {("sts", region): sts for region, sts in self.sts.items()}
        self.wire = Wire(own | {("monitoring", EAST): boards[OWN]}, _nobody, self.kernel.lock, tokens=tokens)
        self.wire.foreign[OTHER] = {("monitoring", EAST): boards[OTHER]}
        call = boards[OTHER].operations["PutMetricAlarm"]
        call(Call("monitoring", "PutMetricAlarm", EAST, dict(ALARM)))
        make = virtual_clients(self.wire, self.runtime, self.faults, home=HERE)
        clients = {region: make("sts", region, None, wiring.QUESTION) for region in self.sts}
        self.role = AssumedRole(
            clients=clients, role=ROLE.arn, external_id=external_id, name="tidegate-us-east-2",
            runtime=self.runtime,
        )  # fmt: skip
        watch = {EAST: make("cloudwatch", EAST, None, wiring.QUESTION, self.role.keys)}
        self.adapter = CloudWatchPoll(
            clients=watch, account=OTHER, runtime=self.runtime, ready=self.role.ready
        )
        mine = {EAST: make("cloudwatch", EAST, None, wiring.QUESTION)}
        self.own = CloudWatchPoll(clients=mine, account=OTHER, runtime=self.runtime)

    def poll(self, adapter: CloudWatchPoll | None = None) -> Any:
        """Poll as a tick does: beside the kernel."""
        task = self.runtime.spawn(lambda: (adapter or self.adapter).poll(EAST, [str(ALARM["AlarmName"])]))
        self.kernel.run(until=self.kernel.now() + 20)
        return task.result()

    def later(self, seconds: float) -> None:
        self.kernel.run(until=self.kernel.now() + seconds)

    @property
    def asked(self) -> dict[str, int]:
        return {region: len(sts.asked) for region, sts in self.sts.items() if sts.asked}


ALARM = {
    "AlarmName": "storefront-us-east-1-5xx",
    "MetricName": "5xxRate",
    "Namespace": "Storefront",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 5.0,
    "Statistic": "Average",
    "ComparisonOperator": "GreaterThanThreshold",
}


def _nobody(request: Any) -> Any:
    raise AssertionError(f"nobody rehearses {request}")


def seen(found: Any) -> bool:
    (each,) = found
    return isinstance(each, Sighting)


def test_an_alarm_of_the_other_account_is_seen_by_the_role_alone() -> None:
    accounts = Accounts()
    assert not seen(accounts.poll(accounts.own))  # its own account has no such alarm
    (sighting,) = accounts.poll()
    assert sighting.signal == f"alarm:{OTHER}:us-east-1:storefront-us-east-1-5xx"
    assert accounts.asked == {HERE: 1}


def test_a_role_may_do_what_its_policy_says_and_nothing_else() -> None:
    accounts = Accounts(RolePlan(ROLE.arn, ROLE.external_id, frozenset({"cloudwatch:GetMetricData"})))
    with pytest.raises(EvidenceUnavailable, match="not authorized to perform") as told:
        accounts.poll()
    assert told.value.refused


def test_a_session_is_used_for_half_its_life() -> None:
    accounts = Accounts()
    for _ in range(29):
        assert seen(accounts.poll())
        accounts.later(40)
    assert accounts.asked == {HERE: 1}
    accounts.later(61)
    assert seen(accounts.poll())
    assert accounts.asked == {HERE: 2}


def test_the_next_controllers_sts_is_asked_where_the_own_is_silent() -> None:
    accounts = Accounts()
    accounts.faults.apis_dark.add(HERE)
    assert seen(accounts.poll())
    assert accounts.asked == {NEXT: 1}


def test_a_refusal_of_one_region_is_not_that_of_all() -> None:
    """Such as STS that nobody activated there, or a policy of the organisation that names Regions."""
    accounts = Accounts()
    accounts.wire.services["sts", HERE] = SecurityTokens(Tokens(accounts.kernel))  # knows no role
    assert seen(accounts.poll())
    assert accounts.asked == {NEXT: 1}


def test_without_any_sts_a_session_is_used_until_it_expires_and_then_nothing_is_known() -> None:
    accounts = Accounts()
    assert seen(accounts.poll())
    accounts.faults.mute.add("sts")
    for _ in range(58):
        accounts.later(40)
        assert seen(accounts.poll())
    accounts.later(100)
    with pytest.raises(
        EvidenceUnavailable, match="nobody lets us be arn:aws:iam::210987654321:role/"
    ) as told:
        accounts.poll()
    assert told.value.refused, "else it would be the silence of the Region that was asked about"
    accounts.faults.mute.clear()
    assert seen(accounts.poll())


def test_a_cold_start_without_sts_says_who_was_asked() -> None:
    accounts = Accounts()
    accounts.faults.mute.add("sts")
    with pytest.raises(EvidenceUnavailable) as told:
        accounts.poll()
    assert told.value.refused
    for region in (HERE, NEXT, LAST):
        assert f"STS in {region}: " in str(told.value)


def test_a_failure_is_not_asked_after_again_at_once() -> None:
    accounts = Accounts(external_id="another")
    for _ in range(3):
        task = accounts.runtime.spawn(lambda: accounts.adapter.poll(EAST, ["a"]))
        accounts.later(2)
        with pytest.raises(EvidenceUnavailable, match="AccessDenied"):
            task.result()
    assert accounts.asked == {HERE: 1, NEXT: 1, LAST: 1}
    accounts.later(10)
    with pytest.raises(EvidenceUnavailable):
        accounts.poll()
    assert accounts.asked == {HERE: 2, NEXT: 2, LAST: 2}


def test_a_session_in_doubt_is_used_on_where_nobody_gives_another() -> None:
    accounts = Accounts()
    accounts.poll()
    accounts.role.doubt()
    accounts.faults.mute.add("sts")
    assert seen(accounts.poll())
    accounts.faults.mute.clear()
    accounts.later(20)
    assert seen(accounts.poll())
    assert accounts.asked == {HERE: 2}


def test_a_clock_that_is_ahead_of_sts_keeps_nothing_that_is_over() -> None:
    accounts = Accounts()
    fast = VirtualRuntime(accounts.kernel, skew=7200)
    accounts.role._runtime = fast
    with pytest.raises(EvidenceUnavailable, match="the clocks differ"):
        accounts.poll()


def test_a_clock_that_is_late_asks_for_an_hour_at_most() -> None:
    accounts = Accounts()
    accounts.role._runtime = VirtualRuntime(accounts.kernel, skew=-600)
    assert seen(accounts.poll())
    held = accounts.role.keys()
    assert held.expires - accounts.role._runtime.now() <= 3600


class Leaking:
    """An STS whose answer cannot be read, and whose error quotes it."""

    def assume_role(self, **_: Any) -> Any:
        raise ResponseParserError("Unable to parse response: <SecretAccessKey>s3cr3t</SecretAccessKey>")


class Torn:
    def assume_role(self, **_: Any) -> Any:
        return {"Credentials": {"SecretAccessKey": "s3cr3t", "SessionToken": "t0k3n"}}


@pytest.mark.parametrize("client", [Leaking(), Torn()])
def test_the_keys_are_in_no_sentence_trace_or_log(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    kernel = Kernel(VirtualClock(1_893_484_800.0))
    runtime = VirtualRuntime(kernel)
    role = AssumedRole(clients={HERE: client}, role=ROLE.arn, external_id="x1", name="n1", runtime=runtime)
    with caplog.at_level(logging.DEBUG):
        task = runtime.spawn(role.ready)
        kernel.run(until=kernel.now() + 5)
        with pytest.raises(EvidenceUnavailable) as told:
            task.result()
    whole = "".join(traceback.format_exception(told.value)) + caplog.text + repr(role)
    error: BaseException | None = told.value
    while error is not None:
        whole += str(error)
        error = error.__context__
    assert "s3cr3t" not in whole
    assert "t0k3n" not in whole


def test_keys_show_nothing_of_themselves() -> None:
    assert "s3cr3t" not in repr(SessionKeys("s3cr3t", "s3cr3t", "s3cr3t", renew=1.0, expires=2.0))


def test_without_a_session_nothing_is_signed() -> None:
    accounts = Accounts()
    with pytest.raises(NoCredentialsError):
        accounts.role.keys()
    accounts.poll()
    assert accounts.role.keys().token
    accounts.later(3600)
    with pytest.raises(NoCredentialsError):
        accounts.role.keys()


def test_a_switch_of_another_account_is_unavailable_without_a_session() -> None:
    accounts = Accounts(external_id="another")
    switch = SwitchByRole(None, accounts.role)  # type: ignore[arg-type]  # nothing may reach it
    with pytest.raises(SwitchUnavailable, match="another account: nobody lets us be"):
        switch.read(["a"])
    with pytest.raises(SwitchUnavailable):
        switch.update([[("a", True)]], deadline=1.0, fence=lambda: None)


def test_sts_is_asked_at_its_address_of_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a machine's settings say of the legacy address, which is one Region's."""
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    make = boto3_clients()
    for region in ("us-east-1", "us-west-2", "eu-west-1"):
        assert make("sts", region, None, Config()).meta.endpoint_url == f"https://sts.{region}.amazonaws.com"


def test_a_real_client_signs_with_the_session_at_hand() -> None:
    """Each request anew: a renewed session needs no other client."""
    given = iter(
        [SessionKeys("AKIDONE", "s", "first", 1.0, 2.0), SessionKeys("AKIDTWO", "s", "second", 1.0, 2.0)]
    )
    client = boto3_clients()("cloudwatch", EAST, None, Config(), lambda: next(given))
    sent: list[Any] = []

    def keep(request: Any, **_: Any) -> Any:
        sent.append(request.headers)
        raise NoCredentialsError

    client.meta.events.register("before-send", keep)
    for _ in range(2):
        with pytest.raises(NoCredentialsError):
            client.describe_alarms()
    assert [h["X-Amz-Security-Token"] for h in sent] == [b"first", b"second"]
    assert [b"Credential=AKID" in h["Authorization"] for h in sent] == [True, True]
