"""A request to people, and what an approval of it sets aside, in the journal's own words."""

from typing import Any

from controller.core.decision.approval_chain import chain, granted, overrides
from controller.core.incident.fold import fold
from controller.core.incident.state import Incident, Phase
from controller.core.journal.event import Event, seal
from controller.core.journal.kind import Kind
from controller.core.policy.schema import Policy
from tests.support.journal_events import drafted
from tests.support.policy_scene import CONFIRMED, OPENED, T0, journal, loaded, policy_data, storefront

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


def fold_by(*drafts: tuple[Kind, dict[str, Any]]) -> Incident:
    """As `after`; each answer is another person's."""
    events: list[Event] = []
    for number, (kind, data) in enumerate((loaded(POLICY), OPENED, CONFIRMED, *drafts)):
        about = None if kind is Kind.POLICY_LOADED else "i"
        draft = drafted(
            f"id{number}", kind, T0 + number, f"person-{number}", int(about is not None), about, data
        )
        events.append(seal("storefront", draft, events[-1] if events else None))
    return fold("storefront", events).incidents["i"]


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


def test_another_target_forgets_the_rule_and_so_does_the_next_wave_and_a_move_that_turned_back() -> None:
    elsewhere = (Kind.CONFIRMED, {"target": "eu-west-1"})
    assert after(INTENDED, refused(), elsewhere).rules == ()
    turned = (Kind.TURNED_BACK, {"outcome": "failed"})
    assert after(INTENDED, refused(), INTENDED, APPLIED, VERIFIED).rules == ()
    assert after(INTENDED, APPLIED, VERIFIED, INTENDED, refused()).rules == (RULE,)  # of this wave
    assert after(INTENDED, APPLIED, VERIFIED, turned, INTENDED, refused()).rules == ()


def test_an_override_is_granted_for_the_wave_that_it_was_asked_for_alone() -> None:
    both = [GIVEN, (Kind.APPROVAL_GIVEN, {"approval": "r1"})]
    first = [INTENDED, refused(), asked(override=[RULE], people=2, wave=1)]
    given = fold_by(*first, *both)
    assert granted(given) == (RULE,)
    done = fold_by(*first, *both, INTENDED, APPLIED, VERIFIED)
    assert (done.rules, granted(done)) == ((), ())
    again = fold_by(*first, *both, INTENDED, APPLIED, VERIFIED, INTENDED, refused())
    assert (again.rules, granted(again)) == ((RULE,), ())
    unnamed = [INTENDED, refused(), asked(override=[RULE], people=2), *both]  # of an older version
    assert granted(fold_by(*unnamed)) == ()


def test_only_an_approval_by_two_that_names_these_very_rules_grants_them() -> None:
    assert granted(after(INTENDED, refused(), asked(override=[RULE]), GIVEN)) == ()
    assert granted(after(asked(people=1), GIVEN, INTENDED, refused())) == ()
