"""Somebody moves controls by hand: told within two minutes, and left as it is."""

from controller.core.journal.event import broken_at
from controller.core.journal.kind import Kind
from tests.support.drill_run import play
from tests.support.policy_scene import EAST


def test_a_control_turned_by_hand_in_an_outage_is_told_and_the_rest_is_moved() -> None:
    stage, deps, run, judged = play("drift")
    assert judged.ok, judged.findings
    events = deps.journal.read("storefront")
    drift = [e for e in events if e.kind is Kind.DRIFT_SEEN]
    assert [e.at - run.broke < 180 for e in drift] == [True]
    first = stage.policy.regions[EAST].controls[0]
    assert [name for _, name, _ in run.shifts] == list(stage.policy.regions[EAST].controls)
    assert drift[0].body.differs == {first: (True, False)}
    intent = next(e for e in events if e.kind is Kind.SHIFT_INTENDED)
    assert first not in dict(intent.body.changes)
    assert broken_at(events) is None


def test_a_control_turned_by_hand_alone_opens_nothing_and_is_not_turned_back() -> None:
    stage, deps, run, judged = play("drift-alone")
    assert judged.ok, judged.findings
    kinds = [e.kind for e in deps.journal.read("storefront")]
    assert kinds.count(Kind.DRIFT_SEEN) == 1
    assert Kind.INCIDENT_OPENED not in kinds
    assert len(run.shifts) == 1
    assert len([n for n in stage.cloud.outbox.notices if "drift" in n.subject]) == 1
