"""The retention of each signal in a controller as it is wired."""

from controller.core.model import Observation, Sighting, Verdict
from tests.support.policy_scene import ACCOUNT, EAST, WEST
from tests.support.world import world


def test_a_controller_keeps_as_much_of_a_signal_as_its_policy_s_longest_hold_takes() -> None:
    well = {"in": "source", "family": "customer", "is": "healthy", "for": "2h"}
    w = world(restore={"when": well, "approval": "none"})
    now = w.stage.kernel.now()
    for signal, kept in ((f"canary:{ACCOUNT}:{WEST}:storefront-{EAST}-checkout", 125),
                         (f"alarm:{ACCOUNT}:{EAST}:storefront-{EAST}-5xx", 30)):  # fmt: skip
        many = [Observation(now - 60 * n, now - 60 * n, Verdict.HEALTHY, "poll", f"p{n}") for n in range(200)]
        w.deps.evidence.record("storefront", [Sighting(signal, each) for each in many])
        assert len(w.hand.evidence.read("storefront")[signal]) == kept
