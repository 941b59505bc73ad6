"""One view of how things stand, and the text that a case prints."""

from collections.abc import Iterator

from controller.core.decision.decide import decide
from controller.steps.context.journalling import load_state
from controller.steps.context.situation import situation
from tests.support.world import World

Lines = Iterator[str]
"""One case's text, piece by piece: each piece is printed with a line end after it."""


def codes(w: World) -> str:
    """Return the decision for each Region, as code, action and the start of its reason."""
    seen = situation(w.hand, load_state(w.hand), read_controls=True)
    decided = {region: decide(seen, region) for region in w.stage.policy.regions}
    return str({region: f"{d.code}/{d.action} {d.reason[:110]}" for region, d in decided.items()})


def on(w: World) -> list[str]:
    """Return the names of all routing controls that are On."""
    return [name for name, state in w.controls.items() if state]


def standing(w: World, title: str) -> str:
    """Return the controls, the last events, the decisions, the last pages and the open incident."""
    first = f"\n[{title}] on={on(w)} kinds={w.kinds[-8:]}"
    second = f"   codes={codes(w)}"
    opened = w.state.open
    return f"{first}\n{second}\n   pages={w.pages[-6:]} open={opened.id if opened else None}"


class Since:
    """Pages and moves that are newer than this object."""

    def __init__(self, w: World) -> None:
        self._w, self._pages, self._moves = w, len(w.pages), len(w.moves)

    @property
    def pages(self) -> list[str]:
        return self._w.pages[self._pages :]

    @property
    def moves(self) -> list[tuple[float, str, bool]]:
        return self._w.moves[self._moves :]

    def __str__(self) -> str:
        return f"   new pages: {self.pages} moves since: {len(self.moves)}"
