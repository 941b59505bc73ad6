"""The application in another account: what STS that does not answer costs, and what it never does."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from controller.core.journal.kind import Kind
from controller.lab.environment.environment import Stage
from controller.lab.scenarios import SCENARIOS
from controller.lab.scenarios.play import Judged, judge, rehearse
from controller.ports.errors import EvidenceUnavailable, SwitchRefused
from controller.rehearsal.services.sts import SecurityTokens, Tokens
from controller.steps.context.deps import Deps
from controller.steps.operator.past_moments import recall_moment
from tests.support.drill_run import ALONE, operators, set_up
from tests.support.policy_scene import EAST, WEST
from tests.support.secret_search import found_in
from tests.support.two_accounts import APPLICATION, LOOK, MOVE, elsewhere, moved_out, role_arn

HERE = "us-east-2"


def played(name: str, stage: Stage, deps: Deps) -> Judged:
    run = rehearse(
        stage, deps, SCENARIOS[name], region=EAST, approve="auto", beat=lambda _run: None,
        others=operators(stage),
    )  # fmt: skip
    return judge(stage, run, "auto")


class Records:
    def __init__(self, deps: Deps) -> None:
        self.read = deps.journal.read
        self.newest_first, self.nearest = deps.assessments.newest_first, deps.assessments.nearest


def ticks(deps: Deps) -> Iterator[dict[str, Any]]:
    for _, record in deps.assessments.newest_first("storefront", 0.0):
        if record.get("by") == "tick":
            yield record


def kinds(deps: Deps) -> list[Kind]:
    return [event.kind for event in deps.journal.read("storefront")]


def test_a_session_outlasts_an_outage_of_sts() -> None:
    """STS stops in all Regions, and then a Region goes dark and deaf: the session at hand still hears it."""
    stage, deps = set_up(redraw=moved_out, **ALONE)
    stage.advance(150)
    stage.faults.mute.add("sts")
    judged = played("eventbridge-deaf", stage, deps)
    assert judged.ok, judged.findings
    assert all(not record["refused_regions"] for record in ticks(deps))


def test_a_cold_start_without_sts_is_blind_says_so_and_claims_no_silence() -> None:
    """Twin: nobody ever gave a session. A dark Region is not called silent by who cannot look at any."""
    stage, deps = set_up(redraw=moved_out, **ALONE)
    stage.faults.mute.add("sts")
    judged = played("eventbridge-deaf", stage, deps)
    assert not judged.ok
    assert Kind.INCIDENT_OPENED not in kinds(deps)
    seen = list(ticks(deps))
    assert len(seen) > 10
    for record in seen:
        assert record["silent_regions"] == []
        assert set(record["refused_regions"]) == {EAST, WEST}
        for why in record["refused_regions"].values():
            assert f"nobody lets us be {role_arn(HERE)}: STS in {HERE}: " in why
    why = recall_moment(deps.policy, Records(deps), stage.kernel.now()).sentences(EAST)
    assert why[-1].startswith(
        f"We could not look at the alarms of {EAST}: nobody lets us be {role_arn(HERE)}"
    )
    stage.faults.mute.clear()
    stage.advance(600)
    assert Kind.INCIDENT_OPENED in kinds(deps), "it is unknown only for as long as nobody lets us look"


def test_the_next_controllers_sts_is_asked_where_the_own_gives_nothing() -> None:
    """Such as one that nobody activated in the other account."""

    def shut(stage: Stage) -> None:
        stage.cloud.wire.services["sts", HERE] = SecurityTokens(Tokens(stage.kernel))

    stage, deps = set_up(redraw=moved_out, before=shut)
    stage.advance(200)
    seen = list(ticks(deps))
    assert len(seen) >= 2
    assert all(not record["refused_regions"] and not record["silent_regions"] for record in seen)


def test_each_question_has_a_session_by_itself() -> None:
    """A function that starts anew asks for readiness before anything else, or for the controls."""
    stage, _ = set_up(redraw=moved_out, before=partial(elsewhere, allowed=MOVE), **ALONE)
    stage.advance(150)
    query = ("replication", "storefront-orders", EAST, WEST)
    assert operators(stage)[HERE].readiness.read(query).data["points"]
    assert set(operators(stage)[HERE].switch.read(list(stage.cloud.controls))) == set(stage.cloud.controls)


def test_a_switch_in_a_third_account_is_moved_by_the_role_there() -> None:
    stage, deps = set_up(before=partial(elsewhere, allowed=MOVE), **ALONE)
    judged = played("region-dark", stage, deps)
    assert judged.ok, judged.findings


def test_a_role_that_only_looks_moves_nothing() -> None:
    """Twin: it sees the controls, people approve, and ARC refuses."""
    stage, deps = set_up(before=partial(elsewhere, allowed=LOOK), **ALONE)
    judged = played("region-dark", stage, deps)
    assert not judged.ok
    assert Kind.SHIFT_INTENDED in kinds(deps)
    assert all(stage.cloud.arc.is_on(name) for name in stage.cloud.controls)


def test_a_switch_that_nobody_lets_us_see_is_unknown() -> None:
    """Twin: no STS. The states of the controls are not known, so nothing is planned with them."""
    stage, deps = set_up(before=partial(elsewhere, allowed=MOVE), **ALONE)
    stage.faults.mute.add("sts")
    judged = played("region-dark", stage, deps)
    assert not judged.ok
    assert all(record["controls"] is None for record in ticks(deps))
    assert all(stage.cloud.arc.is_on(name) for name in stage.cloud.controls)


def test_the_evidence_is_that_of_the_application_alone() -> None:
    stage, deps = set_up(redraw=moved_out, **ALONE)
    stage.advance(300)
    kept = deps.evidence.read("storefront")
    senders = {signal.split(":")[1] for signal in kept if signal.startswith(("alarm:", "canary:"))}
    assert senders == {APPLICATION}
    assert {seen.via for signal in kept for seen in kept[signal]} >= {"event", "poll"}


def test_a_session_that_was_revoked_is_asked_for_anew() -> None:
    """Or that AWS ended before our late clock thought: one tick is refused, and not half an hour of them."""
    stage, deps = set_up(redraw=moved_out, **ALONE)
    stage.advance(150)
    stage.cloud.tokens.given.clear()
    stage.advance(300)
    refused = [bool(record["refused_regions"]) for record in ticks(deps)]
    assert refused.count(True) == 1
    assert refused[0] is False


@pytest.mark.parametrize("what", ["switch", "readiness", "requests"])
def test_whoever_is_refused_asks_for_a_new_session_not_the_tick_alone(what: str) -> None:
    """The tick polls; what moves traffic, looks at the target and counts requests runs beside it."""
    metric = {"namespace": "Storefront", "metric": "Requests"}
    traffic = {"traffic": metric | {"atMost": "5%", "within": "5m", "ifUnknown": "proceed"}}
    before = partial(elsewhere, allowed=MOVE)
    stage, _ = set_up(redraw=moved_out, before=before, **ALONE, **traffic)
    stage.advance(150)
    deps = operators(stage)[HERE]
    now = stage.kernel.now()
    ask = {
        "switch": lambda: deps.switch.read(list(stage.cloud.controls)),
        "readiness": lambda: deps.readiness.read(("replication", "storefront-orders", EAST, WEST)),
        "requests": lambda: deps.requests.count(EAST, since=now - 120, until=now),
    }[what]
    ask()
    stage.cloud.tokens.given.clear()
    with pytest.raises((SwitchRefused, EvidenceUnavailable)):
        ask()
    assert ask()


def test_no_session_is_in_what_is_kept_or_told() -> None:
    """Given, refused because it is revoked, and gone: no page, record or queue has it in any dress."""
    stage, deps = set_up(redraw=moved_out, **ALONE)
    stage.advance(200)
    tokens = list(stage.cloud.tokens.given)
    assert tokens
    stage.cloud.tokens.given.clear()
    stage.faults.mute.add("sts")
    stage.advance(4000)
    assert any("InvalidClientTokenId" in str(record["refused_regions"]) for record in ticks(deps))
    kept: list[Any] = [stage.cloud.dump(), stage.cloud.outbox.notices]
    kept += [list(deps.assessments.newest_first("storefront", 0.0)), deps.journal.read("storefront")]
    text = json.dumps([*kept, deps.evidence.read("storefront")], default=str)
    assert len(text) > 10_000
    for token in tokens:
        assert found_in(text, token) == []
