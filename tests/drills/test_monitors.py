"""A policy that leaves on the word of somebody else's monitors alone, from their events to the move."""

from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from tests.support.drill_run import ALONE, set_up
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data

FAR = "eu-west-1"
SIGNALS = {
    "customer": [{"event": "real-users", "runsIn": [FAR, OTHER], "silentAfter": "2m"}],
    "service": [{"event": "queue-age", "silentAfter": "2m"}],
}
WHEN = {
    "all": [
        {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "2m"},
        {"in": "source", "family": "service", "is": "silent", "for": "30s"},
    ]
}
READY = {"prefer": [WEST, EAST], "ready": [{"family": "customer", "is": "healthy", "ifUnknown": "block"}]}


def test_a_region_that_only_monitors_see_fail_is_left() -> None:
    evacuate = policy_data()["evacuate"] | {"when": WHEN, "approval": "none"}
    stage, deps = set_up(signals=SIGNALS, evacuate=evacuate, target=READY, **ALONE)
    stage.advance(240)
    said = {key: seen[-1].verdict for key, seen in deps.evidence.read("storefront").items()}
    assert len(said) == 6  # two observers and the own instrument of each Region
    assert set(said.values()) == {Verdict.HEALTHY}
    stage.faults.dark.add(EAST)
    stage.advance(100)
    assert deps.journal.read("storefront")[-1].kind is Kind.POLICY_LOADED  # not for two minutes yet
    stage.advance(240)
    events = deps.journal.read("storefront")
    assert events[-1].kind is Kind.SETTLED
    assert not any(deps.switch.read(["use1-a", "use1-d"]).values())
    assert all(deps.switch.read(["usw2-a", "usw2-d"]).values())
