"""Explanations of a past moment where the controllers' clocks differ."""

from typing import Any

from controller.core.journal.event import Event, seal
from controller.core.journal.kind import Kind
from controller.steps.operator.past_moments import recall_moment
from tests.support.journal_events import drafted
from tests.support.policy_scene import EAST, T0, WEST, loaded, storefront

POLICY = storefront()


def _event(kind: Kind, at: float, data: dict[str, Any], after: Event | None) -> Event:
    about = None if kind is Kind.POLICY_LOADED else "storefront-us-east-1-2"
    return seal("storefront", drafted(str(kind), kind, at, "t", 1 if about else 0, about, data), after)


class _Records:
    """The incident is taken over by a controller whose clock is ten minutes behind the first one's."""

    def read(self, _application: str) -> tuple[Event, ...]:
        first = _event(Kind.POLICY_LOADED, T0 - 1000, loaded(POLICY)[1], None)
        opened = _event(Kind.INCIDENT_OPENED, T0 + 600, {"source": EAST}, first)
        return first, opened, _event(Kind.TAKEN_OVER, T0 + 200, {"driver": WEST}, opened)

    def newest_first(
        self, _application: str, _start: float, _end: float | None = None
    ) -> tuple[tuple[float, dict[str, Any]], ...]:
        return ()

    def nearest(self, _application: str, _at: float, *, later: bool) -> float | None:
        return None


def test_what_was_known_at_a_moment_is_a_beginning_of_the_journal_whatever_the_clocks_say() -> None:
    found = [recall_moment(POLICY, _Records(), T0 + at) for at in (-2000, 300, 700)]
    assert [len(each.events) for each in found] == [0, 1, 3]
    assert [each.state.open is not None for each in found] == [False, False, True]
