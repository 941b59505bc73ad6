"""How the application stood over time: armed or not, in shadow or live; by its journal and the fleet's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.core.journal import Event, Kind

TURNS = {Kind.ARMED: True, Kind.DISARMED: False}


@dataclass(frozen=True, slots=True)
class Stretch:
    """enforcement: "" before any policy was in force. armed: by its own switch and the fleet's."""

    start: float
    end: float
    armed: bool
    enforcement: str

    @property
    def seconds(self) -> float:
        return self.end - self.start


def stretches(
    events: Sequence[Event], fleet: Sequence[Event], begin: float, end: float
) -> tuple[Stretch, ...]:
    """From `begin` to `end`, without a gap."""
    return tuple(_stretches(events, fleet, begin, end))


def _stretches(
    events: Sequence[Event], fleet: Sequence[Event], begin: float, end: float
) -> Iterator[Stretch]:
    own, whole, enforcement, since = True, True, "", begin
    changes = [(event, False) for event in events if event.kind in TURNS or event.kind is Kind.POLICY_LOADED]
    changes += [(event, True) for event in fleet if event.kind in TURNS]
    for event, of_fleet in sorted(changes, key=lambda change: change[0].at):
        at = min(max(event.at, begin), end)
        if at > since:
            yield Stretch(since, at, own and whole, enforcement)
            since = at
        if event.kind is Kind.POLICY_LOADED:
            enforcement = str(event.data.get("enforcement", ""))
        elif of_fleet:
            whole = TURNS[event.kind]
        else:
            own = TURNS[event.kind]
    if end > since:
        yield Stretch(since, end, own and whole, enforcement)


def enforced(standing: Sequence[Stretch], at: float) -> str:
    """What the policy in force at `at` said."""
    return next((s.enforcement for s in standing if s.start <= at < s.end), "")
