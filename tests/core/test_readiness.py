"""Readiness judged by tables: each provider's answer, its age, and who is asked where it is not plain."""

from typing import Any

import pytest

from controller.core.decision.decide import decide
from controller.core.decision.guards import binding
from controller.core.decision.readiness import (
    ReadinessResult,
    asked,
    judge_ready,
    loss_window,
    newest,
    readiness_queries,
    summary,
)
from controller.core.evidence.evaluation import view
from controller.core.explanation import decision_data
from controller.core.journal.kind import Kind
from controller.core.model import Answer, Truth
from tests.support.policy_scene import (
    ACCOUNT,
    CONFIRMED,
    EAST,
    OPENED,
    OTHER,
    T0,
    WEST,
    dark_east,
    evidence,
    policy_data,
    situation,
    storefront,
)

NOW = T0
T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
FAMILY = {"family": "customer", "is": "healthy", "for": "5m", "ifUnknown": "block"}
LAG = {"replication": "orders", "maxLag": "30s", "aboveOrUnknown": "block"}
PLAN = {"planEvaluation": "move", "maxAge": "1h", "ifUnknown": {"ask": "leads"}}
ARC = {"arcReadiness": "shop-{region}", "maxAge": "5m", "ifUnknown": {"ask": "leads"}}
QUOTAS = {"quotas": ["lambda", "apigateway"], "ifUnknown": "block"}
GATES = {
    "oncall": [{"ask": ["group:sre-oncall"], "people": 1, "within": "15m"}],
    "leads": [{"ask": ["group:sre-leads"], "people": 2, "within": "20m"}],
}


def policy(*checks: dict[str, Any], **changes: Any) -> Any:
    target = policy_data()["target"] | {"ready": list(checks) or [FAMILY]}
    return storefront(**({"target": target, "approvals": GATES} | changes))


def answers(check: dict[str, Any], *readings: ReadinessResult, returning: bool = False) -> tuple[Answer, ...]:
    p = policy(FAMILY, check)
    seen = view(p, ACCOUNT, evidence(p, {}), NOW)
    return judge_ready(p.target.ready, seen, readings, NOW, EAST, WEST, returning=returning)


def answer(check: dict[str, Any], *readings: ReadinessResult, returning: bool = False) -> Answer:
    return answers(check, *readings, returning=returning)[1]


def lag(*minutes: float | None, until: float = NOW - 60) -> ReadinessResult:
    """One lag a minute in seconds, the last for the minute that began at `until`; None: not measured."""
    start = until - 60.0 * (len(minutes) - 1)
    points = [[start + 60.0 * i, value] for i, value in enumerate(minutes) if value is not None]
    return ReadinessResult("replication", "orders", EAST, WEST, NOW, {"points": points})


@pytest.mark.parametrize(
    ("reading", "value", "loss", "words"),
    [
        (lag(1, 1, 1), T, 1.0, "1.0s behind, as known 0s ago"),
        (lag(1, 1, 30), T, 30.0, "30.0s behind"),
        (lag(1, 1, 31), F, 31.0, "at most 30s"),
        (lag(600, 600, 1), T, 1.0, "1.0s behind"),
        (lag(1, 1, 0), U, None, "stands still"),
        (lag(0, 0, 0), U, None, "stands still"),
        (lag(), U, None, "no lag is known"),
        (lag(1, until=NOW - 1860), T, 1.0, "as known 30m00s ago"),
        (lag(1, until=NOW - 1861), U, 1.0, "too old"),
    ],
)
def test_replication_when_leaving(
    reading: ReadinessResult, value: Truth, loss: float | None, words: str
) -> None:
    found = answer(LAG, reading)
    assert (found.value, found.loss_window) == (value, loss)
    assert words in found.sentence


LOW = [1.0] * 14


@pytest.mark.parametrize(
    ("reading", "value"),
    [
        (lag(*LOW), T),
        (lag(*LOW[:4], 60, *LOW[:9]), F),  # it was a minute behind: ten minutes to wait, nine are over
        (lag(*LOW[:4], 60, *LOW[:10]), T),
        (lag(*[2.0] * 20, 600, *LOW[:13]), F),
        (lag(600, *LOW, 1.0, 1.0), T),  # too long ago to be recent
        (lag(*LOW[:10], None, None, None, 20), F),  # a gap may hide anything: it counts from its end
        (lag(*LOW[:10], 0, 20), F),
        (lag(*LOW, until=NOW - 361), U),
        (lag(*LOW, 0), U),
    ],
)
def test_replication_on_return_is_caught_up_after_ten_times_its_recent_maximum(
    reading: ReadinessResult, value: Truth
) -> None:
    assert answer(LAG, reading, returning=True).value is value


def test_nobody_can_be_asked_past_replication_on_return() -> None:
    soft = LAG | {"aboveOrUnknown": {"ask": "leads"}}
    assert answer(soft, lag(90)).gate == "leads"
    assert answer(soft, lag(90), returning=True).gate is None
    assert answer(soft, returning=True).gate is None


def test_lag_that_is_above_the_bound_is_softened_by_one_key_and_not_by_the_other() -> None:
    both = LAG | {"aboveOrUnknown": {"ask": "leads"}}
    unknown = {k: v for k, v in LAG.items() if k != "aboveOrUnknown"} | {"ifUnknown": {"ask": "leads"}}
    assert [answer(check, lag(90)).gate for check in (both, unknown)] == ["leads", None]
    assert [answer(check).gate for check in (both, unknown)] == ["leads", "leads"]


def plan(state: str, age: float | None) -> ReadinessResult:
    at = None if age is None else NOW - age
    return ReadinessResult("plan", "move", "", WEST, NOW, {"state": state, "evaluated": at, "warnings": 0})


def arc(state: str, age: float | None) -> ReadinessResult:
    at = None if age is None else NOW - age
    return ReadinessResult("arc", f"shop-{WEST}", "", WEST, NOW, {"state": state, "checked": at})


@pytest.mark.parametrize(
    ("check", "reading", "value"),
    [
        (PLAN, plan("passed", 3600), T),
        (PLAN, plan("passed", 3601), U),
        (PLAN, plan("passed", None), U),
        (PLAN, plan("actionRequired", 60), F),
        (PLAN, plan("actionRequired", 9999), F),
        (PLAN, plan("pendingEvaluation", 60), U),
        (PLAN, plan("unknown", 60), U),
        (PLAN, plan("PASSED?", 60), U),
        (ARC, arc("READY", 300), T),
        (ARC, arc("READY", 301), U),
        (ARC, arc("READY", None), U),
        (ARC, arc("NOT_READY", 60), F),
        (ARC, arc("UNKNOWN", 60), U),
        (ARC, arc("NOT_AUTHORIZED", 60), U),
        (ARC, plan("passed", 1), U),
    ],
)
def test_plan_evaluation_and_arc_readiness(
    check: dict[str, Any], reading: ReadinessResult, value: Truth
) -> None:
    found = answer(check, reading)
    assert found.value is value
    assert found.gate == ("leads" if value is U else None)


def quotas(region: str, age: float = 0.0, **allowed: float) -> ReadinessResult:
    return ReadinessResult("quotas", "apigateway,lambda", "", region, NOW - age, allowed)


SAME = {"lambda": 1000.0, "apigateway": 10_000.0}


@pytest.mark.parametrize(
    ("there", "home", "value"),
    [
        (quotas(WEST, **SAME), quotas(EAST, **SAME), T),
        (quotas(WEST, **(SAME | {"lambda": 3000.0})), quotas(EAST, 80_000, **SAME), T),
        (quotas(WEST, **(SAME | {"lambda": 999.0})), quotas(EAST, **SAME), F),
        (quotas(WEST, **SAME), None, U),
        (None, quotas(EAST, **SAME), U),
        (quotas(WEST, apigateway=10_000.0), quotas(EAST, **SAME), U),
        (quotas(WEST, **SAME), quotas(EAST, 86_401, **SAME), U),
    ],
)
def test_quotas_must_be_as_high_as_at_home(
    there: ReadinessResult | None, home: ReadinessResult | None, value: Truth
) -> None:
    found = answer(QUOTAS, *(r for r in (there, home) if r))
    assert (found.value, found.gate) == (value, None)


@pytest.mark.parametrize("check", [LAG, PLAN, ARC, QUOTAS])
def test_without_an_answer_every_provider_is_unknown(check: dict[str, Any]) -> None:
    assert answer(check).value is U


def test_the_last_answer_to_a_question_counts() -> None:
    old, new = (
        plan("passed", 60),
        ReadinessResult("plan", "move", "", WEST, NOW + 1, {"state": "actionRequired"}),
    )
    assert newest([new, old]) == newest([old, new]) == (new,)


def test_what_must_be_asked_names_each_question_once() -> None:
    p = policy(FAMILY, LAG, PLAN, ARC, QUOTAS)
    assert readiness_queries(p.target.ready, EAST, [WEST]) == (
        ("replication", "orders", EAST, WEST),
        ("plan", "move", "", WEST),
        ("arc", f"shop-{WEST}", "", WEST),
        ("quotas", "apigateway,lambda", "", WEST),
        ("quotas", "apigateway,lambda", "", EAST),
    )


def test_one_that_blocks_blocks_whatever_the_others_ask() -> None:
    doubtful, bad = Answer("ready.0", U, "unclear", gate="leads"), Answer("ready.1", F, "bad")
    assert summary([doubtful], "target-not-ready").value is T
    both = summary([doubtful, bad], "target-not-ready")
    assert (both.value, both.sentence) == (F, "bad")
    assert asked([doubtful, bad]) == ("leads",)


def decided(p: Any, *readings: ReadinessResult, drafts: Any = ()) -> Any:
    return decide(situation(p, drafts, evidence=dark_east(p), readings=readings), EAST)


def test_unknown_readiness_blocks_or_asks_the_gate_of_the_check_and_says_so() -> None:
    blocked = decided(policy(FAMILY, PLAN | {"ifUnknown": "block"}))
    assert (blocked.code, blocked.action) == ("target-not-ready", "hold")
    doubtful = decided(policy(FAMILY, PLAN))
    assert (doubtful.action, doubtful.gate) == ("ask", "leads")
    assert "group:sre-leads" in doubtful.reason
    ready = decided(policy(FAMILY, PLAN), plan("passed", 60))
    assert (ready.action, ready.gate) == ("ask", "oncall")


def test_doubt_asks_although_the_policy_asks_nobody_otherwise() -> None:
    free = policy(FAMILY, PLAN, evacuate=policy_data()["evacuate"] | {"approval": "none"})
    assert decided(free, plan("passed", 60)).action == "act"
    assert (decided(free).action, decided(free).gate) == ("ask", "leads")


def test_doubt_never_asks_fewer_people_than_usual() -> None:
    weaker = PLAN | {"ifUnknown": {"ask": "oncall"}}
    strict = policy(FAMILY, weaker, evacuate=policy_data()["evacuate"] | {"approval": "leads"})
    assert decided(strict).gate == "leads"


def test_a_yes_that_was_given_while_all_was_ready_is_none_under_doubt() -> None:
    p = policy(FAMILY, PLAN, approvals=GATES | {"leads": GATES["oncall"]})
    ready = decided(p, plan("passed", 60), drafts=(OPENED, CONFIRMED))
    found = situation(p, (OPENED, CONFIRMED))
    assert found.state is not None
    assert found.state.open is not None
    assert ready.plan is not None
    bound = binding(p, found.state.open, ready.plan)
    given = (
        OPENED,
        CONFIRMED,
        (Kind.APPROVAL_REQUESTED, {"approval": "r", "digest": bound, "expires": T0 + 900}),
        (Kind.APPROVAL_GIVEN, {"approval": "r"}),
    )
    assert decided(p, plan("passed", 60), drafts=given).action == "act"
    assert decided(p, drafts=given).action == "ask"


def test_a_target_that_is_not_ready_is_passed_over_for_one_that_is() -> None:
    data = policy_data()
    data["regions"][OTHER] = {"controls": ["use2-a", "use2-b", "use2-c", "use2-d"]}
    data["signals"]["customer"][0]["runsIn"] = [EAST, OTHER, WEST, "eu-west-1"]
    target = {"prefer": [WEST, OTHER, EAST], "ready": [FAMILY, PLAN | {"ifUnknown": "block"}]}
    p = policy(regions=data["regions"], signals=data["signals"], target=target)
    good = ReadinessResult("plan", "move", "", OTHER, NOW, {"state": "passed", "evaluated": NOW - 60})
    assert decided(p, plan("actionRequired", 60), good).target == OTHER


def test_the_record_holds_each_answer_and_the_loss_window() -> None:
    decision = decided(policy(FAMILY, LAG, PLAN), lag(1, 12, until=NOW - 240))
    data = decision_data(decision)
    assert data["loss_window_s"] == loss_window(decision.answers) == 12.0
    assert data["gate"] == "leads"
    assert [each["value"] for each in data["readiness"]] == ["true", "true", "unknown"]
    assert data["readiness"][1]["age_s"] == 185.0
    assert data["readiness"][2]["ask"] == "leads"
