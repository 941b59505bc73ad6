"""Kleene's tables, and that nothing unknown is ever taken for true."""

import itertools

import pytest

from controller.core.model import Truth, all_of, any_of, negate

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [(T, T, T, T), (T, F, F, T), (T, U, U, T), (F, F, F, F), (F, U, F, U), (U, U, U, U)],
)
def test_tables(left: Truth, right: Truth, both: Truth, either: Truth) -> None:
    for a, b in ((left, right), (right, left)):
        assert all_of([a, b]) is both
        assert any_of([a, b]) is either


def test_not_is_its_own_inverse_and_keeps_unknown() -> None:
    assert [negate(v) for v in (T, F, U)] == [F, T, U]


def test_de_morgan_over_three_operands() -> None:
    for values in itertools.product((T, F, U), repeat=3):
        assert negate(all_of(values)) is any_of(map(negate, values))


def test_resolving_an_unknown_never_turns_a_known_answer_round() -> None:
    for values in itertools.product((T, F, U), repeat=3):
        for combine in (all_of, any_of):
            known = combine(values)
            resolved = {combine([v if v is not U else r for v in values]) for r in (T, F)}
            assert known is U or resolved == {known}
