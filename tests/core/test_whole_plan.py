"""The whole plan as people are asked about it: its digest, its bounds, what goes beyond it."""

import hashlib
import json
from typing import Any

import pytest

from controller.core.canonical_json import canonical
from controller.core.decision.decide import decide
from controller.core.decision.guards import binding
from controller.core.decision.plan import homecoming, next_wave, plan, whole_plan
from controller.core.event_size import SMALLEST
from controller.core.explanation import decision_record
from controller.core.journal.body import body_of, members
from controller.core.journal.kind import Kind
from controller.core.journal.whole_plan import Turned, WholePlan, plan_of
from controller.core.model import Check, Decision, Plan, Truth
from controller.core.policy.schema import RegionControls
from tests.support.policy_scene import CONFIRMED, EAST, OPENED, OTHER, T0, WEST, all_on, situation, storefront

ASKED = {"evacuate": storefront().model_dump(mode="json", by_alias=True, exclude_defaults=True)["evacuate"]}
IN_PLACE = " in place of us-east-1 to us-west-2"
NINE = tuple((f"x{n}", True) for n in range(9))
SMALL = WholePlan(EAST, WEST, (Turned(("w1",), ("e1",)), Turned((), ("e2",))), Turned(("w2",)))


def test_its_digest_is_that_of_its_canonical_text_and_it_survives_an_event() -> None:
    text = canonical(SMALL.data())
    assert text == (
        '{"source":"us-east-1","stays":{"off":[],"on":["w2"]},"target":"us-west-2",'
        '"waves":[{"off":["e1"],"on":["w1"]},{"off":["e2"],"on":[]}]}'
    )
    assert SMALL.digest == hashlib.sha256(text.encode()).hexdigest()
    assert plan_of(json.loads(text)) == SMALL
    raw = {"approval": "r", "digest": "d", "expires": 1.0, "plan": SMALL.digest, "whole": SMALL.data()}
    said = body_of(Kind.APPROVAL_REQUESTED, raw)
    assert said.whole == SMALL
    assert members(said)["whole"] == SMALL.data()
    assert (SMALL.turned, SMALL.controls) == (3, {"w1": True, "e1": False, "e2": False, "w2": True})


@pytest.mark.parametrize(
    "raw",
    [[], "plan", {}, {"source": 1, "target": "b"}, {"source": "a", "target": "b", "waves": {}},
     {"source": "a", "target": "b", "waves": ["x"]}, {"source": "a", "target": "b", "waves": [{"on": "x"}]},
     {"source": "a", "target": "b", "waves": [{"on": [1]}]}, {"source": "a", "target": "b", "stays": []}],
)  # fmt: skip
def test_what_is_no_plan_is_refused_and_named(raw: Any) -> None:
    data = {"approval": "r", "digest": "d", "expires": 1.0, "whole": raw}
    with pytest.raises(ValueError, match="ApprovalRequested: `whole`"):
        body_of(Kind.APPROVAL_REQUESTED, data)


@pytest.mark.parametrize(
    ("source", "target", "changes", "says"),
    [
        (EAST, WEST, (("w1", True), ("e1", False)), None),
        (EAST, WEST, (("w2", True),), None),  # it stays: turned back, should somebody turn it
        (EAST, WEST, (), None),
        (EAST, WEST, (("e3", False),), "it would turn e3 Off"),
        (EAST, WEST, (("e1", True),), "it would turn e1 On"),
        (EAST, OTHER, (("w1", True),), "it would move us-east-1 to us-east-2" + IN_PLACE),
        (WEST, EAST, (), "it would move us-west-2 to us-east-1" + IN_PLACE),
        (EAST, WEST, NINE, "it would turn x0 On, x1 On, x2 On and 6 more"),
    ],
)  # fmt: skip
def test_what_goes_beyond_it_is_said(
    source: str, target: str, changes: tuple[tuple[str, bool], ...], says: str | None
) -> None:
    assert SMALL.beyond(source, target, changes) == says


def test_all_waves_are_named_from_the_present_one_on_and_each_control_once() -> None:
    policy = storefront()
    whole = plan(policy, source=EAST, target=WEST, controls=all_on(policy, WEST))
    first = next_wave(policy, whole, (1, 2), 0)
    named = whole_plan(first)
    assert [(wave.on, wave.off) for wave in named.waves] == [
        (("usw2-a",), ("use1-a",)),
        (("usw2-b", "usw2-c"), ("use1-b", "use1-c")),
        (("usw2-d",), ("use1-d",)),
    ]
    assert (first.left, first.changes) == (3, first.waves[0])
    assert dict(whole.goal) == named.controls
    at_once = whole_plan(next_wave(policy, whole, None, 0))
    assert [len(wave.on) for wave in at_once.waves] == [4]
    done = all_on(policy, WEST) | {"use1-a": False, "usw2-a": True}
    later = plan(policy, source=EAST, target=WEST, controls=done, taken=("use1-a",))
    second = whole_plan(next_wave(policy, later, (1, 2), 1))
    assert [wave.off for wave in second.waves] == [("use1-b", "use1-c"), ("use1-d",)]
    assert second.stays == Turned(("usw2-a",), ("use1-a",))
    half = whole_plan(next_wave(policy, later, (1, 2), 1, under_way=("use1-b",)))
    assert [wave.off for wave in half.waves] == [("use1-b",), ("use1-c", "use1-d")]


def test_the_longest_names_of_three_regions_of_fifty_slices_leave_room_in_an_event() -> None:
    """All 150 controls, as on the way home; in one wave and in fifty."""
    names = {r: tuple(f"{r}_{n:02d}".ljust(63, "x") for n in range(50)) for r in (EAST, WEST, OTHER)}
    entries = {region: RegionControls(controls=controls) for region, controls in names.items()}
    policy = storefront().model_copy(update={"regions": entries})
    home = {name: region == EAST for region, controls in names.items() for name in controls}
    away = {name: region != EAST for region, controls in names.items() for name in controls}
    whole = homecoming(policy, source=EAST, target=WEST, home=home, away=(), controls=away)
    for waves in (None, (1,)):
        named = whole_plan(next_wave(policy, whole, waves, 0))
        assert len(named.controls) == named.turned == 150
        size = len(canonical(named.data()).encode())
        assert 9_900 < size <= 150 * 66 + 50 * 20 + 100


@pytest.mark.parametrize("limit", [SMALLEST, 2_000, 6_000])
def test_a_decision_s_record_keeps_to_any_limit(limit: int) -> None:
    checks = tuple(Check(f"guard {n}", "code", Truth.TRUE, "a sentence " * 20) for n in range(40))
    made = Decision(T0, EAST, "approval", "ask", "why " * 2_000, None, checks, WEST)
    assert len(canonical(decision_record(made, limit)).encode()) <= limit


def asked(given: Plan, digest: str, **more: Any) -> tuple[Kind, dict[str, Any]]:
    whole = whole_plan(given)
    data = {"approval": "r1", "digest": digest, "expires": T0 + 900, "plan": whole.digest, "wave": 1}
    return Kind.APPROVAL_REQUESTED, data | {"whole": whole.data()} | more


def test_between_two_waves_another_control_is_asked_about_anew_by_its_own_code() -> None:
    policy = storefront(evacuate=ASKED["evacuate"] | {"waves": [1]})
    incident = "storefront-us-east-1-2"
    controls = all_on(policy) | {"use1-b": False}
    before = situation(policy, (OPENED, CONFIRMED), controls=controls)
    first = decide(before, EAST).plan
    assert first is not None
    assert before.state is not None
    bound = binding(policy, before.state.incidents[incident], first)
    named = whole_plan(first).digest
    intent = {"source": EAST, "target": WEST, "changes": [list(each) for each in first.changes],
              "before": controls, "policy": policy.digest, "approved": named}  # fmt: skip
    moved = controls | {"use1-a": False}
    past = (OPENED, CONFIRMED, asked(first, bound), (Kind.APPROVAL_GIVEN, {"approval": "r1"}),
            (Kind.SHIFT_INTENDED, intent), (Kind.SHIFT_APPLIED, {"states": {"use1-a": False}}),
            (Kind.SHIFT_VERIFIED, {}))  # fmt: skip
    on = decide(situation(policy, past, controls=moved), EAST)
    assert (on.action, on.code) == ("act", "evacuate")
    grown = decide(situation(policy, past, controls=moved | {"use1-b": True}), EAST)
    assert (grown.action, grown.code) == ("ask", "other-plan")
    assert grown.reason == "it would turn use1-b Off, which nobody was asked about: people are asked anew"
