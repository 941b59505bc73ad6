"""A truth of routing controls, and the journal about it: who moved what, and when it was heard of.

A tick a minute writes `DriftSeen` where the journal is wrong about the controls, as the controllers do. Each
record of break-glass reaches the journal at once, or later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.core.incident.fold import apply, refuse_illegal
from controller.core.incident.state import State
from controller.core.journal.event import seal
from controller.core.journal.kind import Kind
from tests.support.journal_events import drafted

REGIONS = ("east", "west", "south")
SLICES = 2
HOME = {f"{region}-{n}": region != "south" for region in REGIONS for n in range(SLICES)}
BY = "tidegate@us-east-2"
Record = tuple[float, dict[str, Any], str]
"""When it was written on the machine, what it says, and the move that it belongs to."""


def of(region: str) -> list[str]:
    return [f"{region}-{n}" for n in range(SLICES)]


def leaving(truth: Mapping[str, bool], source: str, target: str) -> dict[str, bool]:
    goal: dict[str, bool] = {}
    for mine, theirs in zip(of(source), of(target), strict=True):
        if truth[mine]:
            goal |= {theirs: True, mine: False}
    return {name: on for name, on in goal.items() if truth[name] is not on}


@dataclass
class Play:
    """A truth and its journal. late: seconds from a record until the journal has it. skew: of its clock."""

    late: Sequence[float] = ()
    skew: float = 0.0
    truth: dict[str, bool] = field(default_factory=lambda: dict(HOME))
    state: State = field(default_factory=lambda: State("shop"))
    now: float = 1000.0
    waiting: list[tuple[float, Record]] = field(default_factory=list)
    later: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    back: list[tuple[float, str, dict[str, bool]]] = field(default_factory=list)
    count: int = 0
    drifts: int = 0

    def __post_init__(self) -> None:
        self.write(Kind.POLICY_LOADED, {"digest": "p", "deployed": 1.0, "controls": dict(self.truth)})

    def write(self, kind: Kind, data: dict[str, Any], incident: str | None = None, by: str = BY) -> None:
        self.count += 1
        draft = drafted(f"id{self.count}", kind, self.now, by, 0, incident, data)
        refuse_illegal(self.state, draft)
        self.state = apply(self.state, seal("shop", draft, self.state.last))

    def pass_time(self, seconds: float) -> None:
        """Let records arrive, and a controller look each minute."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1.0)
            for at, name, data in [each for each in self.later if each[0] <= self.now]:
                self.later.remove((at, name, data))
                self.write(Kind.SETTLED, data, name)
            for at, name, before in [each for each in self.back if each[0] <= self.now]:
                self.back.remove((at, name, before))
                self._turn_back(name, before)
            for due, record in sorted(self.waiting, key=lambda pair: pair[0]):
                if due <= self.now:
                    self.waiting.remove((due, record))
                    self.bring_in(record)
            if self.now % 60.0 == 0.0:
                self.tick()

    def tick(self) -> None:
        found = {name: on for name, on in self.truth.items() if self.state.stand[name] is not on}
        if found:
            self.drifts += 1
            differs = {name: [not on, on] for name, on in found.items()}
            self.write(Kind.DRIFT_SEEN, {"controls": found, "differs": differs})

    def bring_in(self, record: Record) -> None:
        at, data, name = record
        said = {"record": f"{name}-{data['stage']}", "record_hash": "h", "at": at, "who": "ana@host", **data}
        self.write(Kind.BROKE_GLASS, said, name, "ana@host")

    def glass(self, source: str, target: str, stage: str = "applied") -> None:
        late = self.late[len({r[2] for _, r in self.waiting}) % len(self.late)] if self.late else 0.0
        goal = leaving(self.truth, source, target)
        two = [*of(source), *of(target)]
        before = {name: self.truth[name] for name in two}
        plan = {"region": source, "to": target, "before": before}
        name = f"shop-{source}-{self.now:.0f}"
        clock = self.now + self.skew
        self.waiting.append(
            (self.now + late, (clock, {**plan, "stage": "intended", "after": before | goal}, name))
        )
        if stage in ("applied", "unconfirmed"):
            self.truth |= goal
        after = {name: self.truth[name] for name in two}
        read = {"after": after} if stage != "unconfirmed" else {}
        self.waiting.append((self.now + late, (clock + 2, {**plan, "stage": stage, **read}, name)))

    def by_hand(self, *names: str, on: bool) -> None:
        self.truth |= dict.fromkeys(names, on)

    def evacuate(self, source: str, target: str, settles: float = 0.0) -> None:
        goal, name = leaving(self.truth, source, target), f"shop-{source}-auto-{self.now:.0f}"
        self.write(Kind.INCIDENT_OPENED, {"source": source}, name)
        self.write(Kind.CONFIRMED, {"target": target}, name)
        self._shift(goal, {n: self.truth[n] for n in goal}, name)
        self.later.append((self.now + settles, name, {"target": target}))
        self.pass_time(1.0)

    def drill(self, source: str, target: str, stays: float) -> None:
        """Leave for a while and come back, whatever others move meanwhile."""
        goal, name = leaving(self.truth, source, target), f"shop-{source}-drill-{self.now:.0f}"
        before = {n: self.truth[n] for n in goal}
        self.write(Kind.DRILL_OPENED, {"source": source}, name)
        self.write(Kind.CONFIRMED, {"target": target}, name)
        self._shift(goal, before, name)
        self.back.append((self.now + stays, name, before))

    def _shift(self, goal: dict[str, bool], before: dict[str, bool], name: str) -> None:
        changes = [[n, on] for n, on in goal.items()]
        self.write(Kind.SHIFT_INTENDED, {"changes": changes, "before": before}, name)
        self.truth |= goal
        self.write(Kind.SHIFT_APPLIED, {"states": goal}, name)
        self.write(Kind.SHIFT_VERIFIED, {}, name)

    def _turn_back(self, name: str, before: dict[str, bool]) -> None:
        self.write(Kind.TURNED_BACK, {"outcome": "succeeded"}, name)
        self._shift(before, before, name)
        self.write(Kind.SETTLED, {"outcome": "succeeded"}, name)

    def restore(self, source: str) -> None:
        left = self.state.away(source)
        assert left is not None
        name = f"shop-{source}-home-{self.now:.0f}"
        goal = {n: self.state.home[n] for n in self.truth if self.state.home[n] is not self.truth[n]}
        self.write(Kind.RESTORE_OPENED, {"source": source, "of": left.id, "target": str(left.target)}, name)
        self.write(Kind.CONFIRMED, {"target": str(left.target)}, name)
        self._shift(goal, {n: self.truth[n] for n in goal}, name)
        self.write(Kind.SETTLED, {"target": source}, name)
