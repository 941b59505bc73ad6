"""One raw alarm event, as CloudWatch sends it."""

from typing import Any

from tests.support.policy_scene import EAST


def event(alarm: str, number: int = 1, region: str = EAST, state: str = "OK") -> dict[str, Any]:
    """One raw alarm event, dated now in the rehearsal's calendar."""
    return {
        "version": "0", "id": f"00000000-0000-4000-8000-{number:012d}", "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change", "account": "123456789012", "region": region,
        "time": "2030-01-01T08:00:00Z",
        "resources": [f"arn:aws:cloudwatch:{region}:123456789012:alarm:{alarm}"],
        "detail": {"alarmName": alarm, "state": {"value": state, "timestamp": "2030-01-01T08:00:00.000+0000"},
                   "previousState": {"value": "OK"}},
    }  # fmt: skip
