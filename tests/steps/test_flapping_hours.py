"""Three hours of a Region that fails and is well again, in many rhythms and ways of being kept."""

from typing import Any

import pytest

from controller.core.decision import recurrence
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from tests.support.approval_request import GATE
from tests.support.three_controllers import TRIO
from tests.support.world import FREE, World, world

BAD, WELL = Verdict.BREACHING, Verdict.HEALTHY
DOORS: dict[str, dict[str, Any]] = {
    "people are asked": {"evacuate": GATE},
    "by three controllers": {"evacuate": GATE, **TRIO},
    "in shadow": {"enforcement": "shadow"},
    "nowhere to go": {"evacuate": FREE},
}
RHYTHMS = [(300, 150), (300, 120), (240, 60), (600, 600), (240, 1500), (420, 180)]
"""Seconds bad, and seconds well."""


def flap(w: World, hours: float, bad: float, well: float, *, both: bool = False) -> None:
    """us-east-1 fails and is well again for so long; both: so does us-west-2."""
    end = w.stage.kernel.now() + hours * 3600
    while w.stage.kernel.now() < end:
        for verdict, seconds in ((BAD, bad), (WELL, well)):
            w.say(east=verdict, **({"west": verdict} if both else {}))
            w.advance(seconds)


@pytest.mark.parametrize(("bad", "well"), RHYTHMS)
@pytest.mark.parametrize("door", DOORS)
def test_three_hours_of_it_are_a_handful_of_incidents_and_a_few_pages(
    door: str, bad: float, well: float
) -> None:
    w = world(**DOORS[door])
    w.advance(600)
    flap(w, 3, bad, well, both=door == "nowhere to go")
    assert 1 <= w.count(Kind.INCIDENT_OPENED) <= 7
    assert 1 <= len(w.pages) <= 16
    assert w.whole
    assert w.moves == []


def test_without_the_rule_it_is_an_incident_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrence, "STAYS", (0.0, 0.0, 0.0, 0.0))
    w = world(evacuate=GATE)
    w.advance(600)
    flap(w, 3, 300, 150)
    assert w.count(Kind.INCIDENT_OPENED) == 24
