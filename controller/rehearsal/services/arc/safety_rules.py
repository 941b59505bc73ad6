"""The safety rules of a control panel, as the data plane judges them.

AWS: Recovery Control Configuration, `AssertionRule`, `GatingRule`, `RuleConfig`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from controller.rehearsal.service import ACCOUNT


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """A rule over controls, by name.

    kind: ASSERTION (`controls` themselves are counted) or GATING (`gating` are counted; `controls` are the
    targets that the gate lets pass). type: ATLEAST `threshold`, AND (all), OR (one). wait_period_ms: for so
    long after a change any request to `controls` fails.
    """

    name: str
    arn: str
    controls: tuple[str, ...]
    kind: Literal["ASSERTION", "GATING"] = "ASSERTION"
    gating: tuple[str, ...] = ()
    type: Literal["ATLEAST", "AND", "OR"] = "ATLEAST"
    threshold: int = 1
    inverted: bool = False
    wait_period_ms: int = 5000

    def touches(self, names: Collection[str]) -> bool:
        return any(name in names for name in self.controls)

    def holds(self, states: Mapping[str, bool]) -> bool:
        """Return True where the rule is true of a whole set of states."""
        counted = self.gating if self.kind == "GATING" else self.controls
        on = sum(states[name] for name in counted)
        needed = {"ATLEAST": self.threshold, "AND": len(counted), "OR": 1}[self.type]
        return (on >= needed) is not self.inverted


def panel_arn(number: int) -> str:
    return f"arn:aws:route53-recovery-control::{ACCOUNT}:controlpanel/{number:032x}"


def control_arn(panel: str, number: int) -> str:
    return f"{panel}/routingcontrol/{number:016x}"


def rule_arn(panel: str, number: int) -> str:
    return f"{panel}/safetyrule/{number:016x}"
