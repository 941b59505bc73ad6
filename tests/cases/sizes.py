"""Sizes and paces: takeover with missed ticks, many slices, calls, long names, slow replicas of ARC."""

from collections import Counter

from controller.core.journal import Kind
from controller.rehearsal.service import AwsError
from tests.cases.setting import Lines, Since, on
from tests.support.policy_scene import EAST, OTHER, WEST
from tests.support.return_scenes import QUICK
from tests.support.three_controllers import TRIO
from tests.support.world import FREE, failing, world


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


def x3_takeover_with_jittered_ticks() -> Lines:
    """Let the driver die while ticks of the others are missed in a pattern (1: it runs, 0: it is missed)."""
    for pattern in ("111111111111", "110" * 10, "10" * 12):
        w = failing(**(QUICK | TRIO))
        assert w.until(w.has(Kind.INCIDENT_OPENED), 200)
        first = w.state.open.driver
        w.stage.faults.controllers_dead.add(first)
        begun, since = w.stage.kernel.now(), Since(w)
        for minute in range(60):
            (w.asleep.discard if pattern[minute % len(pattern)] == "1" else w.asleep.add)("Tick")
            w.advance(60)
            if w.count(Kind.TAKEN_OVER):
                break
        yield (
            f"\n[X3] ticks {pattern[:12]}: driver {first} dead; taken over={w.count(Kind.TAKEN_OVER)} "
            f"after {w.stage.kernel.now() - begun:.0f}s kinds={w.kinds[-5:]} moves={len(w.moves)} "
            f"pages={since.pages}"
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


def q1_short_settle_and_lag() -> Lines:
    """Evacuate in two waves while the endpoints of ARC hear of each other late."""
    for settle in ("1s", "5s", "30s"):
        bad, seeds = 0, range(1, 9)
        for seed in seeds:
            w = failing(seed, **(QUICK | {"evacuate": FREE | {"waves": [2], "settle": settle}}))
            w.stage.cloud.arc._replicas._lag = (3.0, 15.0)
            w.until(w.has(Kind.SETTLED), 600)
            ends = [event for event in w.events if event.kind is Kind.SETTLED]
            bad += bool(ends and ends[-1].data.get("outcome") == "interrupted")
        yield (
            f"\n[Q1] settle {settle}, ARC lag 3-15 s, two waves: {bad} of {len(seeds)} evacuations ended "
            f"'interrupted' by our own change; last: on={on(w)} kinds={w.kinds[-4:]} pages={w.pages}"
        )
