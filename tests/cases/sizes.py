"""Sizes: many slices, calls, long names."""

from collections import Counter

from controller.core.journal.kind import Kind
from controller.rehearsal.service import AwsError
from tests.cases.setting import Lines
from tests.support.policy_scene import EAST, OTHER, WEST
from tests.support.return_scenes import QUICK
from tests.support.three_controllers import TRIO
from tests.support.world import failing, world


def x2_fifty_slices() -> Lines:
    """Evacuate Regions of 5 to 50 slices, without waves."""
    for count in (5, 10, 11, 20, 50):
        regions = {r: {"controls": [f"{r}-{place:02d}" for place in range(count)]} for r in (EAST, WEST)}
        w = failing(**(QUICK | {"regions": regions}))
        begun = w.stage.kernel.now()
        settled = w.until(w.has(Kind.SETTLED), 3600)
        last = w.moves[-1][0] - begun if w.moves else -1
        yield (
            f"\n[X2] {count} slices, no waves: settled={settled} after {w.stage.kernel.now() - begun:.0f}s, "
            f"last Off at +{last:.0f}s, intents={w.count(Kind.SHIFT_INTENDED)}, pages={w.pages}"
        )


def y6_calls_per_tick() -> Lines:
    """Count the calls of three controllers in one quiet minute."""
    w = world(**(QUICK | TRIO))
    w.advance(185)
    w.calls.clear()
    w.advance(60)
    yield (f"\n[Y6] one quiet minute, three controllers: {len(w.calls)} {w.calls[0] if w.calls else None}")
    yield str(Counter((sent.home, sent.service, sent.operation) for sent in w.calls))


def z4_long_application_name() -> Lines:
    """Start an execution whose name is longer than the 80 characters that Step Functions takes."""
    w = world(**QUICK)
    asked = {"stateMachineArn": w.stage.deployment.state_machine, "name": "x" * 81, "input": "{}"}
    try:
        w.stage.cloud.call("states", "StartExecution", OTHER, asked)
        yield "\n[Z4] accepted 81"
    except AwsError as error:
        yield f"\n[Z4] {error}"
