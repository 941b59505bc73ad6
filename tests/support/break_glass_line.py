"""Lines of the record that break-glass keeps, and a machine that keeps it in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.core.policy.schema import Policy
from controller.ports.outside import RoutingControls
from controller.ports.runtime import Runtime
from controller.steps.context.deps import Deps
from controller.steps.operator import break_glass
from controller.steps.operator.local_records import Brought, journal_records
from tests.support.policy_scene import EAST, WEST


@dataclass(frozen=True)
class Line:
    id: str
    hash: str
    body: Mapping[str, Any]
    number: int = 1
    machine: str = "laptop"
    amiss: tuple[str, ...] = ()


def line(identity: str, number: int = 1, **body: Any) -> Line:
    told = {"stage": "applied", "who": "ana@host", "region": EAST, "to": WEST, "reason": "dark", "at": 1.0}
    return Line(identity, f"hash of {identity}", told | body, number)


@dataclass
class Machine:
    """A person's machine. skew: seconds that its clock is wrong by. Nothing is journalled by itself."""

    policy: Policy
    switch: RoutingControls
    runtime: Runtime
    who: str = "ana@host"
    name: str = "laptop"
    skew: float = 0.0
    lines: list[Line] = field(default_factory=list)

    def leave(self, source: str, target: str | None = None, reason: str = "console is down") -> str:
        """Move by break-glass as the command does; return what came of it."""
        seen = break_glass.plan_move(self.policy, self.switch, source=source, target=target)
        assert seen.refusal is None, seen.refusal

        def write_down(body: Mapping[str, Any]) -> str:
            number = len(self.lines) + 1
            identity = f"{self.name}-{number}"
            signed = {
                "who": self.who, "credential": "AKIDEXAMPLE", "account": "123456789012", "reason": reason,
                "at": self.runtime.now() + self.skew,
            }  # fmt: skip
            self.lines.append(Line(identity, f"hash of {identity}", {**signed, **body}, number, self.name))
            return identity

        return break_glass.move(self.policy, self.switch, self.runtime, seen, write_down).stage

    def journal(self, deps: Deps, lines: Sequence[Line] | None = None) -> Brought:
        return journal_records(deps, self.lines if lines is None else lines, self.lines)
