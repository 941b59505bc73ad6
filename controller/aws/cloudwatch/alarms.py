"""The alarms' present states, by CloudWatch's DescribeAlarms in their own Region.

Alarm events are transitions: one that was missed would be wrong for ever. A poll looks at the level.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.client import BaseClient

from controller.aws.errors import OUTSIDE, refuses
from controller.core.model import Ignored, Observation, Sighting, Verdict, signal_id
from controller.core.text import sanitize
from controller.ports.errors import EvidenceUnavailable
from controller.ports.runtime import Runtime, answer_within

PERMISSIONS: tuple[str, ...] = ("cloudwatch:DescribeAlarms",)
PAGE = 100
"""Alarm names that one call takes."""

_VERDICTS = {"OK": Verdict.HEALTHY, "ALARM": Verdict.BREACHING}
_UNJUDGED = frozenset({"EVALUATION_ERROR", "EVALUATION_FAILURE"})


class CloudWatchPoll:
    """`ports.outside.AlarmPoll` by CloudWatch.

    clients: Region -> CloudWatch client, with timeouts that end a hung call soon after `timeout` seconds.
    account: where the alarms live. ready: called before each poll, outside its time; where it raises, nobody
    may look, which is not the Region's silence. doubt: called after a refusal, which a new session may end.
    """

    def __init__(
        self,
        *,
        clients: Mapping[str, BaseClient],
        account: str,
        runtime: Runtime,
        timeout: float = 1.0,
        ready: Callable[[], None] = lambda: None,
        doubt: Callable[[], None] = lambda: None,
    ) -> None:
        self._clients, self._account, self._runtime, self._timeout = clients, account, runtime, timeout
        self._ready, self._doubt = ready, doubt

    def poll(self, region: str, names: Sequence[str]) -> Sequence[Sighting | Ignored]:
        """Return one observation of each alarm, as of now.

        `Ignored` stands for an alarm that does not exist.
        """
        client = self._clients.get(region)
        if client is None:
            raise EvidenceUnavailable(f"no CloudWatch client for {region}", refused=True)
        alarms: dict[str, Mapping[str, Any]] = {}
        self._ready()
        try:
            answer_within(
                self._runtime,
                lambda: _describe(client, region, names, alarms),
                self._timeout,
                whom=f"CloudWatch in {region} did not answer",
            )
        except EvidenceUnavailable as error:
            if error.refused:
                self._doubt()
            if error.refused or not alarms:
                raise
            # It answers, and is not silent: our time was too short for all that we ask.
            raise EvidenceUnavailable(f"{error}, but for a part", refused=True) from error
        now = self._runtime.now()
        return [
            self._sighting(region, name, alarms[name], now)
            if name in alarms
            else Ignored(f"alarm {sanitize(name, 255)} does not exist in {region}")
            for name in names
        ]

    def _sighting(self, region: str, name: str, alarm: Mapping[str, Any], now: float) -> Sighting:
        verdict, reason = judged(alarm)
        observation = Observation(
            at=now,
            received=now,
            verdict=verdict,
            via="poll",
            id=f"poll:{region}:{name}:{int(now)}",
            reason=sanitize(reason, 200),
        )
        signal = signal_id(kind="alarm", account=self._account, observer=region, name=name)
        return Sighting(signal, observation)


def judged(alarm: Mapping[str, Any]) -> tuple[Verdict, str]:
    """Return the verdict of one alarm in DescribeAlarms, and the reason.

    Unknown, however red: without data; suppressed; not evaluated, whatever its state was before.
    """
    reason = str(alarm.get("StateReason", ""))
    if suppressed := alarm.get("ActionsSuppressedBy"):
        return Verdict.UNKNOWN, f"suppressed ({suppressed}): {reason}"
    if (evaluation := alarm.get("EvaluationState")) in _UNJUDGED:
        return Verdict.UNKNOWN, f"{evaluation}: {reason}"
    return _VERDICTS.get(str(alarm.get("StateValue")), Verdict.UNKNOWN), reason


def _describe(
    client: BaseClient, region: str, names: Sequence[str], found: dict[str, Mapping[str, Any]]
) -> None:
    """Add the alarms by name to `found`, page by page.

    No names, no call: CloudWatch takes no names for all alarms.
    """
    try:
        for start in range(0, len(names), PAGE):
            pages = client.get_paginator("describe_alarms").paginate(
                AlarmNames=list(names[start : start + PAGE]), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
            for page in pages:
                for alarm in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())):
                    found[alarm["AlarmName"]] = alarm
    except OUTSIDE as error:
        told = f"polling the alarms of {region}: {sanitize(str(error), 300)}"
        raise EvidenceUnavailable(told, refused=refuses(error)) from error
