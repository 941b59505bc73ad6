"""People decide: a safety rule that two set aside, or do not; a question that nobody answers."""

from controller.core.journal.kind import Kind
from tests.drills.drill import MINUTE, drill


def test_a_rule_in_the_way_is_set_aside_by_two_people_within_half_a_minute_of_the_refusal() -> None:
    played = drill("safety-rule")
    events = played.deps.journal.read("storefront")
    refused = next(e for e in events if e.kind is Kind.SHIFT_REFUSED)
    agreed = [e.draft.by for e in events if e.kind is Kind.APPROVAL_GIVEN and e.at > refused.at]
    assert len(set(agreed)) == len(agreed) == 2
    last = [e for e in events if e.kind is Kind.SHIFT_INTENDED][-1]
    assert last.body.override == (refused.body.rule,)
    assert last.at - refused.at <= 30
    assert len(played.moved_after) == 4


def test_denied_nothing_moves_and_no_call_names_the_rule() -> None:
    played = drill("safety-rule-denied")
    events = played.deps.journal.read("storefront")
    assert played.moved_after == []
    assert all(e.body.override == () for e in events if e.kind is Kind.SHIFT_INTENDED)
    assert played.kinds.count(Kind.STOOD_DOWN) == 1


def test_nobody_answers_each_ask_is_put_and_reminded_of_once_and_it_ends_after_a_quarter_of_an_hour() -> None:
    played = drill("approval-expires")
    events = played.deps.journal.read("storefront")
    asked = [e for e in events if e.kind is Kind.APPROVAL_REQUESTED]
    assert [e.body.stage for e in asked] == [1, 2]
    assert played.kinds.count(Kind.REMINDED) == 2
    expired = next(e for e in events if e.kind is Kind.APPROVAL_EXPIRED)
    assert 15 * MINUTE <= expired.at - asked[0].at <= 18 * MINUTE
    assert played.moved_after == []
