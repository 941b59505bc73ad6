"""S20: whatever was left and returned in whatever order, all stands as before, and no rule refused a call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.decision.decide import decide
from controller.core.decision.plan import BATCH, Change, after, calls, next_wave, plan, serving, slices
from controller.core.incident.fold import fold
from controller.core.incident.state import Phase, State
from controller.core.journal.event import Event, seal
from controller.core.journal.kind import Kind
from controller.core.model import Observation, Plan
from controller.core.policy.schema import Policy
from tests.support.journal_events import drafted
from tests.support.policy_scene import OTHER, T0, evidence, policy_data, situation, storefront

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1")
WAVES = (None, [1], [2, 1, 3])


@cache
def estate(regions: int, places: int, waves: int) -> Policy:
    """`regions` Regions of `places` slices. waves: the row of `WAVES` in which they come home."""
    home = {"when": {"in": "source", "family": "all", "is": "healthy", "for": "5m"}, "approval": "none"}
    sizes = WAVES[waves]
    names = REGIONS[:regions]
    return storefront(
        regions={region: {"controls": [f"{region}-{n}" for n in range(places)]} for region in names},
        restore=home if sizes is None else home | {"waves": sizes},
        target=policy_data()["target"] | {"prefer": list(names)},
        controllers=[OTHER],
    )


@cache
def calm(regions: int, places: int, waves: int) -> dict[str, tuple[Observation, ...]]:
    return evidence(estate(regions, places, waves), {}, calm="H" * 20)


class Traffic:
    """The controls under a rule for each slice, and the journal of the moves that change them.

    home: for each slice, the Regions in which it is On. A slice with one home has an exactly-one rule.
    """

    def __init__(self, shape: tuple[int, int, int], home: Sequence[frozenset[int]]) -> None:
        self.shape, self.policy = shape, estate(*shape)
        self.home = {
            name: number in where
            for names, where in zip(slices(self.policy), home, strict=True)
            for number, name in enumerate(names.values())
        }
        self.alone = [len(where) == 1 for where in home]
        self.controls = dict(self.home)
        self.events: list[Event] = []
        self.state = State(self.policy.application)
        self._write(Kind.POLICY_LOADED, {"digest": self.policy.digest, "deployed": T0, "controls": self.home})

    def leave(self, source: str, target: str, sizes: Sequence[int] | None, halt: Callable[[], bool]) -> None:
        about = self._open(Kind.INCIDENT_OPENED, {"source": source})
        self._write(Kind.CONFIRMED, {"target": target}, about)

        def wanted() -> Plan:
            incident = self.state.incidents[about]
            taken = incident.taken
            whole = plan(self.policy, source=source, target=target, controls=self.controls, taken=taken)
            pending = tuple(incident.intended) if incident.phase is Phase.SHIFTING else ()
            return next_wave(self.policy, whole, sizes, incident.waves, pending)

        self._move(about, wanted, halt)
        assert serving(self.policy, source, self.controls) == 0

    def come_home(self, source: str, halt: Callable[[], bool]) -> None:
        left = self.state.away(source)
        assert left is not None
        about = self._open(
            Kind.RESTORE_OPENED,
            {"source": source, "of": left.id, "before": dict(self.state.home), "requested_by": "ana"},
        )

        def wanted() -> Plan:
            found = situation(self.policy, state=self.state, evidence=calm(*self.shape))
            decision = decide(replace(found, controls=dict(self.controls)), source)
            assert (decision.code, decision.action) == ("restore", "act"), decision.reason
            assert decision.plan is not None
            if self.state.incidents[about].target is None:
                self._write(Kind.CONFIRMED, {"target": decision.target}, about)
            return decision.plan

        self._move(about, wanted, halt)
        assert all(self.controls[name] for name in self.policy.regions[source].controls if self.home[name])

    def _move(self, about: str, wanted: Callable[[], Plan], halt: Callable[[], bool]) -> None:
        """Move in waves. halt: whether the driver dies after a call; then another one plans what is left."""
        digests = set()
        while (part := wanted()).changes:
            digests.add(part.digest)
            before = {name: self.controls[name] for name, _ in part.goal}
            before |= self.state.incidents[about].before
            self._write(Kind.SHIFT_INTENDED, {"changes": part.changes, "before": before}, about)
            most = min(self._carriers(self.controls), self._carriers(after(self.controls, part.changes)))
            sent = calls(self.policy, part.changes)
            for number, call in enumerate(sent, start=1):
                self._send(call)
                assert self._carriers(self.controls) >= most
                if number < len(sent) and halt():
                    break
            else:
                states = {name: self.controls[name] for name, _ in part.goal}
                self._write(Kind.SHIFT_APPLIED, {"states": states}, about)
                self._write(Kind.SHIFT_VERIFIED, {}, about)
        assert len(digests) == 1
        assert part.digest in digests
        self._write(Kind.SETTLED, {}, about)

    def _send(self, call: Sequence[Change]) -> None:
        """Make one call as ARC does: whole, or refused."""
        assert len(call) <= BATCH
        self.controls = after(self.controls, call)
        for names, alone in zip(slices(self.policy), self.alone, strict=True):
            on = [region for region, name in names.items() if self.controls[name]]
            assert on, f"dark after {call}"
            assert len(on) == 1 or not alone, f"On in {on} after {call}"

    def _carriers(self, controls: Mapping[str, bool]) -> int:
        return sum(serving(self.policy, region, controls) > 0 for region in self.policy.regions)

    def _open(self, kind: Kind, data: dict[str, Any]) -> str:
        about = f"storefront-{len(self.events)}"
        self._write(kind, data, about)
        return about

    def _write(self, kind: Kind, data: dict[str, Any], about: str | None = None) -> None:
        number = len(self.events)
        draft = drafted(f"id{number}", kind, T0 + number / 1e3, "test", 1 if about else 0, about, data)
        self.events.append(seal("storefront", draft, self.events[-1] if self.events else None))
        self.state = fold("storefront", self.events[-1:], onto=self.state)


Move = tuple[str, int, int, int]
"""(leave or return, from, to, row of `WAVES`), numbers of those that may."""


@st.composite
def lives(draw: st.DrawFn) -> tuple[tuple[int, int, int], list[frozenset[int]], list[Move], list[bool]]:
    regions, places = draw(st.integers(2, 5)), draw(st.integers(1, 8))
    number = st.integers(0, regions - 1)
    home = st.one_of(number.map(lambda n: frozenset({n})), st.frozensets(number, min_size=1))
    one = st.tuples(st.sampled_from(("leave", "return")), st.integers(0, 9), st.integers(0, 9),
                    st.integers(0, 2))  # fmt: skip
    return (
        (regions, places, draw(st.integers(0, 2))),
        draw(st.lists(home, min_size=places, max_size=places)),
        draw(st.lists(one, min_size=1, max_size=6)),
        draw(st.lists(st.booleans(), max_size=6)),
    )


def live(traffic: Traffic, moves: Sequence[Move], halts: Sequence[bool]) -> None:
    """Make the moves that are possible, then bring home whatever is away."""
    pending = list(halts)

    def halt() -> bool:
        return bool(pending) and pending.pop()

    regions = list(traffic.policy.regions)
    for kind, first, second, waves in moves:
        on = [r for r in regions if serving(traffic.policy, r, traffic.controls)]
        away = [r for r in regions if traffic.state.away(r)]
        if kind == "leave":
            source = on[first % len(on)]
            others = [r for r in regions if r != source]
            traffic.leave(source, others[second % len(others)], WAVES[waves], halt)
        elif away:
            traffic.come_home(away[first % len(away)], halt)
    turn = sum(second for _, _, second, _ in moves)
    while away := [r for r in regions if traffic.state.away(r)]:
        traffic.come_home(away[turn % len(away)], halt)


@settings(deadline=None)
@given(lives())
def test_there_and_back_is_home_and_each_slice_is_on_where_its_rule_allows_after_every_call(
    life: tuple[tuple[int, int, int], list[frozenset[int]], list[Move], list[bool]],
) -> None:
    shape, home, moves, halts = life
    traffic = Traffic(shape, home)
    live(traffic, moves, halts)
    assert traffic.controls == traffic.home
