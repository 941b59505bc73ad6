"""Precedence: an incident that waits for a person, and the next one behind it."""

from collections import Counter

from controller.core.journal import Kind
from controller.core.model import Verdict
from tests.cases.setting import Lines, Since
from tests.support.policy_scene import policy_data
from tests.support.return_scenes import QUICK
from tests.support.world import world

ASKED = {**QUICK, "evacuate": policy_data()["evacuate"]}
"""As `QUICK`, but a person must approve an evacuation."""


def y16_flapping_storm() -> Lines:
    """Let us-east-1 flap for nearly three hours while nobody answers."""
    w = world(**ASKED)
    w.advance(600)
    since = Since(w)
    for _ in range(24):
        w.say(east=Verdict.BREACHING)
        w.advance(300)
        w.say(east=Verdict.HEALTHY)
        w.advance(120)
    subjects = Counter(page.split(":")[-1][:24] for page in since.pages)
    yield (
        "\n[Y16] 2h48 of flapping (5 min red, 2 min green), gate oncall, nobody answers: "
        f"incidents {w.count(Kind.INCIDENT_OPENED)} requests {w.count(Kind.APPROVAL_REQUESTED)} "
        f"pages {len(since.pages)} {subjects} events {len(w.kinds)}"
    )
