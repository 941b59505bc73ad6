"""Silence without a page: a Region is dark, something else is broken too, and nobody hears of it."""

from collections import Counter
from functools import cache

from controller.core.journal import Kind
from controller.core.model import Verdict
from controller.rehearsal.services.arc.data_plane import ENDPOINTS
from controller.steps.operator import commands
from tests.cases.setting import Lines, Since, codes, standing
from tests.support.policy_scene import OTHER
from tests.support.return_scenes import QUICK
from tests.support.three_controllers import ASKED, TRIO
from tests.support.world import failing, world


def e4_fleet_unreadable() -> Lines:
    """Write garbage into the fleet's journal before us-east-1 goes dark."""
    w = world(**QUICK)
    w.advance(130)
    item = {"application": {"S": "*fleet*"}, "seq": {"N": "1"}, "body": {"S": '{"garbage":1}'}}
    table = w.stage.deployment.journal_table
    w.stage.cloud.call("dynamodb", "PutItem", w.deps.here, {"TableName": table, "Item": item})
    w.advance(130)
    since = Since(w)
    w.say(east=Verdict.BREACHING)
    w.advance(2 * 3600)
    yield standing(w, "E4 fleet journal unreadable 2h, dark")
    yield f"   new pages: {since.pages}"


def e6_disarmed_and_dark() -> Lines:
    """Disarm the application before us-east-1 goes dark."""
    w = world(**QUICK)
    w.advance(130)
    yield str(commands.arm(w.hand, on=False, who="ann", reason="maintenance"))
    w.advance(60)
    since = Since(w)
    w.say(east=Verdict.BREACHING)
    w.advance(3 * 3600)
    yield f"\n[E6] disarmed, dark for 3h: new pages {since.pages} {codes(w)}"


def e8_faults_known() -> Lines:
    """List the faults that a rehearsal has; `e8b` uses one of them."""
    w = failing(**QUICK)
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    yield f"\nfaults: {[name for name in dir(w.stage.faults) if not name.startswith('_')]}"


def e8b_no_switch_after_shift() -> Lines:
    """Hang every endpoint of ARC as soon as the shift is applied, for six hours."""
    w = failing(**QUICK)
    assert w.until(w.has(Kind.SHIFT_APPLIED), 200)
    w.stage.faults.arc.update(dict.fromkeys(ENDPOINTS, "hung"))
    since = Since(w)
    w.advance(6 * 3600)
    kinds, opened = w.kinds[-6:], w.state.open
    yield (
        f"\n[E8b] ARC reads gone after ShiftApplied: kinds {kinds} new pages in 6h: {since.pages} "
        f"{opened and (opened.id, str(opened.phase))}"
    )


def e8e_cut_off_all() -> Lines:
    """Cut all controllers off from each other's Regions before us-east-1 goes dark."""
    w = world(**(QUICK | TRIO))
    w.advance(130)
    w.stage.faults.cut_off |= set(w.every)
    w.say(east=Verdict.BREACHING)
    since = Since(w)
    w.advance(3 * 3600)
    yield (
        "\n[E8e] all controllers cut off from other Regions, 3h: "
        f"kinds {w.kinds[-6:]} new pages: {since.pages} {codes(w)}"
    )


def z3_sns_down_at_the_driver() -> Lines:
    """Let SNS refuse every call in the driver's Region alone, with a person to be asked."""
    yield _without_sns()[0]


def q2_events_of_a_held_incident() -> Lines:
    """Count the events that the journal of `z3` has after three hours."""
    yield _without_sns()[1]


@cache
def _without_sns() -> tuple[str, str]:
    """Return the texts of `z3` and `q2`. The world is the same, and takes ten seconds to play."""
    w = failing(**(QUICK | ASKED))
    w.trouble = lambda sent: "refused" if sent.service == "sns" and sent.home == OTHER else None
    since = Since(w)
    w.advance(3 * 3600)
    kinds, opened = tuple(w.kinds), w.state.open
    z3 = (
        f"\n[Z3] SNS refuses in the driver's Region alone, gate oncall, 3h: pages {since.pages} "
        f"kinds {list(kinds[-8:])} open {opened and (str(opened.phase), opened.driver)}"
    )
    q2 = (
        f"\n[Q2] Z3 again: events in 3 h {len(kinds)} {Counter(kinds).most_common(3)} "
        f"bytes {sum(len(str(event)) for event in w.events)}"
    )
    return z3, q2
