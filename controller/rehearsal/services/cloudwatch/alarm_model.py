"""The model of an alarm: its settings and its state.

The settings have AWS's own member names.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from controller.rehearsal.services.cloudwatch.composite_rule import Rule, parse
from controller.rehearsal.services.cloudwatch.m_of_n import StateValue, Treatment
from controller.rehearsal.services.cloudwatch.metrics import Key, key

INITIAL = "Unchecked: Initial alarm creation"


@dataclass(frozen=True, slots=True)
class State:
    """A state of an alarm with its reason.

    updated: in seconds. suppressed_by: WaitPeriod, ExtensionPeriod or Alarm.
    """

    value: StateValue
    reason: str
    updated: float
    reason_data: str | None = None
    suppressed_by: str | None = None

    @property
    def suppressed_reason(self) -> str:
        return f"Actions suppressed by {self.suppressed_by}"


@dataclass
class Alarm:
    """A metric alarm, or a composite one (then `config` has `AlarmRule`)."""

    name: str
    arn: str
    config: dict[str, Any]
    configured: float
    transitioned: float
    state: State
    metric_id: str = ""
    suppressor_left: float | None = None
    rule: Rule | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.composite:
            self.rule = parse(self.config["AlarmRule"])

    @property
    def composite(self) -> bool:
        return "AlarmRule" in self.config

    @property
    def metric(self) -> Key:
        dimensions = {item["Name"]: item["Value"] for item in self.config.get("Dimensions") or []}
        return key(self.config["Namespace"], self.config["MetricName"], dimensions)

    @property
    def period(self) -> int:
        return int(self.config["Period"])

    @property
    def m(self) -> int:
        return int(self.config.get("DatapointsToAlarm") or self.config["EvaluationPeriods"])

    @property
    def n(self) -> int:
        return int(self.config["EvaluationPeriods"])

    @property
    def treatment(self) -> Treatment:
        """Return the treatment of missing data.

        DynamoDB's alarms keep their state unless their settings say otherwise.
        """
        default: Treatment = "ignore" if self.config["Namespace"] == "AWS/DynamoDB" else "missing"
        return self.config.get("TreatMissingData") or default

    def dump(self) -> dict[str, Any]:
        plain = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "rule"}
        return {**plain, "state": asdict(self.state)}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "Alarm":
        return cls(**{**state, "state": State(**state["state"])})
