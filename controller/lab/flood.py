"""Thirteen hours of alarm events that a deaf bus kept, delivered at once."""

from controller.core.policy.schema import AlarmSignal
from controller.lab.environment.environment import Stage
from controller.rehearsal.api import ACCOUNT
from controller.rehearsal.times import iso

HOURS, EVERY = 13, 300.0
"""One transition of each alarm in five minutes: as often as a flapping one makes."""


def flood(stage: Stage, region: str) -> None:
    """Every alarm of `region` was red, again and again, long ago."""
    now = stage.kernel.now()
    names = [
        source.alarm.replace("{region}", region)
        for sources in stage.policy.signals.values()
        for source in sources
        if isinstance(source, AlarmSignal)
    ]
    for step in range(int(HOURS * 3600 / EVERY), 0, -1):
        for name in names:
            stage.cloud.publish(region, stale_alarm(name, region, now - 60 - step * EVERY, step))


def stale_alarm(name: str, region: str, at: float, number: int) -> dict[str, object]:
    state = {
        "value": "ALARM",
        "reason": "Threshold Crossed",
        "timestamp": iso(at).replace("Z", "+0000"),
    }
    return {
        "version": "0",
        "id": f"00000000-0000-4000-8000-{abs(hash_of(name)) % 16**4:04x}{number:08x}",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": ACCOUNT,
        "time": iso(at),
        "region": region,
        "resources": [f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}"],
        "detail": {"alarmName": name, "state": state, "previousState": {"value": "OK"}},
    }


def hash_of(name: str) -> int:
    """A small number that is the same in every run."""
    return sum(ord(letter) * 31**index for index, letter in enumerate(name))
