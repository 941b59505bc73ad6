"""Polls of alarms: of none at all, of an alarm on logs, and of more alarms than one second allows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from controller.aws.cloudwatch.alarms import CloudWatchPoll
from controller.core.decision.decide import decide
from controller.core.model import Ignored, Sighting
from controller.ports.errors import EvidenceUnavailable
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime
from tests.cases.setting import Lines
from tests.support.policy_scene import ACCOUNT, EAST, T0, WEST, evidence, situation, storefront
from tests.support.world import FREE

Page = dict[str, Any]
"""A request to DescribeAlarms, or one page of its answer."""

Poll = Callable[[str, Sequence[str]], Sequence[Sighting | Ignored]]


class Client:
    """A CloudWatch client whose every page of alarms comes from one function."""

    def __init__(self, page: Callable[[Page], Page]) -> None:
        self._page = page

    def get_paginator(self, _name: str) -> "Client":
        return self

    def paginate(self, **asked: Any) -> Iterator[Page]:
        yield self._page(asked)


def own_blindness() -> Lines:
    """Decide with all alarms polled and at OK, and with no alarm polled for six minutes.

    The second line must be the same as the first: a poll that fails says nothing against a Region.
    """
    limits = {"minRegionsOn": 1, "cooldown": "1h", "evacuationsPerDay": 2}
    policy = storefront(evacuate=FREE, timezone="UTC", limits=limits)
    polled = {("checkout", EAST, ""): "HHHHHHBBBBBB"}
    unpolled = polled | {("5xx", "", ""): "HHHHHH------", ("latency", "", ""): "HHHHHH------"}
    for name, seen in (("alarms polled, OK", polled), ("no Region's alarms can be polled", unpolled)):
        d = decide(situation(policy, evidence=evidence(policy, seen)), EAST)
        yield f"{name} -> {d.code} {d.action} {d.reason}"


def log_alarm_poll() -> Lines:
    """Poll an alarm on logs that is at OK. A healthy sighting is right."""
    alarms: Page = {
        "LogAlarms": [{"AlarmName": "shop-5xx", "StateValue": "OK"}],
        "MetricAlarms": [],
        "CompositeAlarms": [],
    }

    def page(asked: Page) -> Page:
        return {key: found for key, found in alarms.items() if key[:-1] in asked["AlarmTypes"]}

    yield str(_poll(EAST, page, VirtualRuntime(Kernel(VirtualClock(T0))))(EAST, ["shop-5xx"]))


def slow_poll() -> Lines:
    """Poll many alarms, 100 a page, from a CloudWatch that takes 0.12 s for each page.

    Time is virtual: on the wall clock, figures differ by hundredths from run to run.
    """
    for count in (100, 500, 900, 1000):
        runtime = VirtualRuntime(Kernel(VirtualClock(T0)))

        def page(asked: Page, runtime: VirtualRuntime = runtime) -> Page:
            runtime.sleep(0.12)
            return {"MetricAlarms": [{"AlarmName": name, "StateValue": "OK"} for name in asked["AlarmNames"]]}

        begun = runtime.monotonic()
        try:
            _poll(WEST, page, runtime)(WEST, [f"a{number}" for number in range(count)])
            yield f"{count} alarms ok {round(runtime.monotonic() - begun, 2)}"
        except EvidenceUnavailable as error:
            yield f"{count} alarms {type(error).__name__} {error}"
        runtime.close()


def _poll(region: str, page: Callable[[Page], Page], runtime: VirtualRuntime) -> Poll:
    clients: Any = {region: Client(page)}
    return CloudWatchPoll(clients=clients, account=ACCOUNT, runtime=runtime, timeout=1.0).poll
