"""A request to people, and what an approval of it sets aside, in the journal's own words."""

from typing import Any

from controller.core.decision.approval_chain import chain, granted, overrides
from controller.core.incident.fold import fold
from controller.core.incident.state import Incident, Phase
from controller.core.journal.kind import Kind
from controller.core.policy.schema import Policy
from tests.support.policy_scene import CONFIRMED, OPENED, journal, loaded, policy_data, storefront

RULE, OTHER = "arn:rule/1", "arn:rule/2"
LEADS = {"ask": ["group:sre-leads"], "people": 2, "within": "10m"}
POLICY = storefront(approvals=policy_data()["approvals"] | {"override": [LEADS]})
INTENDED = (Kind.SHIFT_INTENDED, {"changes": [["use1-a", False]]})
APPLIED = (Kind.SHIFT_APPLIED, {"states": {"use1-a": False}})
VERIFIED: tuple[Kind, dict[str, Any]] = (Kind.SHIFT_VERIFIED, {})
GIVEN = (Kind.APPROVAL_GIVEN, {"approval": "r1"})


def refused(rule: str | None = RULE) -> tuple[Kind, dict[str, Any]]:
    return Kind.SHIFT_REFUSED, {"reason": "no"} | ({"rule": rule} if rule else {})


def asked(**more: Any) -> tuple[Kind, dict[str, Any]]:
    return Kind.APPROVAL_REQUESTED, {"approval": "r1", "digest": "d", "expires": 2e9, **more}


def after(*drafts: tuple[Kind, dict[str, Any]], policy: Policy = POLICY) -> Incident:
    return next(
        iter(fold("storefront", journal(loaded(policy), OPENED, CONFIRMED, *drafts)).incidents.values())
    )


def test_a_request_of_an_older_version_asks_one_person_once() -> None:
    found = after(asked(), GIVEN)
    assert found.request is not None
    assert (found.phase, found.request.status, found.request.stage) == (Phase.APPROVED, "given", 1)


def test_one_of_two_leaves_it_asked_and_the_same_one_again_as_well() -> None:
    found = after(asked(people=2), GIVEN, GIVEN)
    assert found.request is not None
    assert (found.phase, found.request.status, found.request.needed()) == (Phase.ASKED, "waiting", 1)


def test_each_rule_that_refused_is_remembered_once() -> None:
    assert after(INTENDED, refused(), INTENDED, refused(), INTENDED, refused(OTHER)).rules == (RULE, OTHER)
    assert after(INTENDED, refused(None)).rules == ()


def test_those_who_may_set_a_rule_aside_are_asked_only_where_the_policy_names_them() -> None:
    found = after(INTENDED, refused())
    assert overrides(POLICY, found) == (RULE,)
    assert [ask.people for ask in chain(POLICY, found)] == [2]
    plain = storefront()
    assert overrides(plain, found) == ()
    assert chain(plain, found) == plain.chain()


def test_another_target_forgets_the_rule_and_so_does_a_move_that_turned_back_or_has_begun() -> None:
    elsewhere = (Kind.CONFIRMED, {"target": "eu-west-1"})
    assert after(INTENDED, refused(), elsewhere).rules == ()
    turned = (Kind.TURNED_BACK, {"outcome": "failed"})
    assert after(INTENDED, APPLIED, VERIFIED, INTENDED, refused()).rules == ()
    assert after(INTENDED, APPLIED, VERIFIED, turned, INTENDED, refused()).rules == ()


def test_only_an_approval_by_two_that_names_these_very_rules_grants_them() -> None:
    assert granted(after(INTENDED, refused(), asked(override=[RULE]), GIVEN)) == ()
    assert granted(after(asked(people=1), GIVEN, INTENDED, refused())) == ()
