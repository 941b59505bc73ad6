"""Precedence: an incident that waits for a person, and the next one behind it."""

from collections import Counter

from controller.core.journal import Kind
from controller.core.model import Verdict
from controller.steps.operator import commands
from controller.steps.operator.approve import answer
from tests.cases.setting import QUICK, Lines, Since, restore_asked
from tests.support.policy_scene import policy_data
from tests.support.world import failing, world

ASKED = {**QUICK, "evacuate": policy_data()["evacuate"]}
"""As `QUICK`, but a person must approve an evacuation."""


def e10_stand_down_reopens() -> Lines:
    """Stand down the evacuation of a Region that is still dark."""
    w = failing(**ASKED)
    assert w.until(w.has(Kind.APPROVAL_REQUESTED), 200)
    incident = w.state.open.id
    yield f"\n[E10] {commands.stand_down(w.hand, incident, who='ann', reason='do not leave')}"
    w.advance(130)
    opened = w.state.open
    yield f"   kinds {w.kinds[-8:]} open {opened and opened.id} {w.pages[-4:]}"


def y4_unanswered_restore_blocks_evacuation() -> Lines:
    """Let us-west-2, which carries all, die while a restore of us-east-1 waits for an answer."""
    w = restore_asked()
    w.advance(30)
    w.say(west=Verdict.BREACHING)
    begun, since = w.stage.kernel.now(), Since(w)

    def gone() -> bool:
        return not any(on for name, on in w.controls.items() if name.startswith("usw2"))

    left = w.until(gone, 4 * 3600, step=30)
    yield (
        "\n[Y4] WEST carries all and dies while a restore of EAST waits for an answer nobody gives: "
        f"left={left} after {w.stage.kernel.now() - begun:.0f}s; pages={since.pages} kinds={w.kinds[-16:]}"
    )


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


def z1_denied_restore_asks_again() -> Lines:
    """Deny a restore each time it is asked, for one hour."""
    w = restore_asked()
    end = w.stage.kernel.now() + 3600
    denied = 0
    while w.stage.kernel.now() < end:
        opened = w.state.open
        if opened and opened.request and opened.request.status == "waiting":
            denied += answer(w.hand, opened.request.id, who="ann", approve=False, reason="no").counted
        w.advance(20)
    yield (
        "\n[Z1] a restore denied each time it is asked, cooldown 1h: "
        f"denied {denied} times in one hour; RestoreOpened {w.count(Kind.RESTORE_OPENED)}"
    )
