"""Hedging by itself, in virtual time."""

from collections.abc import Callable

import pytest

from controller.aws.arc.hedging import Attempt, Hedge
from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.virtual import VirtualRuntime


class Failed(Exception):  # noqa: N818
    pass


class Final(Failed):
    pass


class Legs:
    """Legs that take a time and end in a value or an error; notes when each was sent."""

    def __init__(self) -> None:
        self.runtime = VirtualRuntime(Kernel(VirtualClock(0.0)))
        self.sent: list[tuple[str, float]] = []
        self.open = self.most_open = 0

    def leg(self, name: str, seconds: float, ends: str | Exception) -> Attempt[str]:
        def work() -> str:
            self.sent.append((name, round(self.runtime.monotonic(), 6)))
            self.open += 1
            self.most_open = max(self.open, self.most_open)
            self.runtime.sleep(seconds)
            self.open -= 1
            if isinstance(ends, Exception):
                raise ends
            return ends

        return Attempt(name, work)

    def hedge(self, *, in_flight: int = 2) -> Hedge[str, Failed]:
        return Hedge(
            self.runtime,
            stagger=1.0,
            in_flight=in_flight,
            failure=Failed,
            ends=lambda failure: isinstance(failure, Final),
        )


def test_a_quick_success_needs_one_leg() -> None:
    legs = Legs()
    outcome = legs.hedge().run([legs.leg("a", 0.5, "yes"), legs.leg("b", 0.5, "no")], deadline=9)
    assert outcome.won == ("a", "yes")
    assert legs.sent == [("a", 0.0)]


def test_a_slow_leg_is_joined_by_the_next_after_the_stagger() -> None:
    legs = Legs()
    outcome = legs.hedge().run([legs.leg("a", 3, "slow"), legs.leg("b", 0.5, "quick")], deadline=9)
    assert outcome.won == ("b", "quick")
    assert legs.sent == [("a", 0.0), ("b", 1.0)]
    assert legs.runtime.monotonic() == 1.5


def test_a_failure_starts_the_next_leg_at_once() -> None:
    legs = Legs()
    attempts = [legs.leg("a", 0.2, Failed("x")), legs.leg("b", 0.2, Failed("y")), legs.leg("c", 0.2, "ok")]
    outcome = legs.hedge().run(attempts, deadline=9)
    assert outcome.won == ("c", "ok")
    assert [name for name, _ in outcome.failures] == ["a", "b"]
    assert legs.sent == [("a", 0.0), ("b", 0.2), ("c", 0.4)]


def test_no_more_legs_than_allowed_are_open() -> None:
    legs = Legs()
    attempts = [legs.leg(name, 5, Failed(name)) for name in "abcde"]
    outcome = legs.hedge().run(attempts, deadline=99)
    assert outcome.won is None
    assert len(outcome.failures) == 5
    assert legs.most_open == 2
    assert legs.sent == [("a", 0.0), ("b", 1.0), ("c", 5.0), ("d", 6.0), ("e", 10.0)]


def test_a_final_failure_ends_the_round_and_starts_nothing() -> None:
    legs = Legs()
    attempts = [legs.leg("a", 3, "late"), legs.leg("b", 0.5, Final("no")), legs.leg("c", 1, "never")]
    hedge = legs.hedge()
    outcome = hedge.run(attempts, deadline=9)
    assert isinstance(outcome.ended, Final)
    assert [name for name, _ in legs.sent] == ["a", "b"]
    assert hedge.open_names() == ("a",)


def test_a_leg_of_an_earlier_round_wins_but_does_not_end_a_later_one() -> None:
    legs = Legs()
    hedge = legs.hedge(in_flight=3)
    hedge.run([legs.leg("a", 2, "late"), legs.leg("b", 0.5, Final("no"))], deadline=9)
    assert hedge.run([legs.leg("c", 9, "later")], deadline=9).won == ("a", "late")
    legs, hedge = (other := Legs()), other.hedge(in_flight=3)
    hedge.run([legs.leg("a", 2, Final("stale")), legs.leg("b", 0.5, Final("no"))], deadline=9)
    assert hedge.run([legs.leg("c", 3, "yes")], deadline=9).won == ("c", "yes")


def test_nothing_starts_at_the_deadline_but_open_legs_are_heard_out() -> None:
    legs = Legs()
    outcome = legs.hedge().run([legs.leg("a", 3, "late"), legs.leg("b", 0.1, "early")], deadline=1.0)
    assert outcome.won == ("a", "late")
    assert legs.sent == [("a", 0.0)]
    assert legs.hedge().run([legs.leg("c", 1, "no")], deadline=3.0).won is None


def test_before_send_is_asked_for_each_leg_and_may_stop_them() -> None:
    legs = Legs()
    asked = 0

    def fence() -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise KeyError("fenced")

    hedge = legs.hedge()
    with pytest.raises(KeyError):
        hedge.run([legs.leg("a", 3, "x"), legs.leg("b", 1, "y")], deadline=9, before_send=fence)
    assert legs.sent == [("a", 0.0)]
    hedge.join(9)
    assert legs.open == 0
    assert legs.runtime.monotonic() == 3


def test_join_gives_up_after_its_limit() -> None:
    legs = Legs()
    hedge = legs.hedge()
    hedge.run([legs.leg("a", 100, "x"), legs.leg("b", 0.5, "y")], deadline=9)
    hedge.join(2)
    assert legs.runtime.monotonic() == 3.5
    assert hedge.open_names() == ("a",)


def test_an_error_that_nobody_expects_passes_through() -> None:
    legs = Legs()
    wrong: Callable[[], object] = lambda: legs.hedge().run([legs.leg("a", 1, ValueError("bug"))], deadline=9)  # noqa: E731
    with pytest.raises(ValueError, match="bug"):
        wrong()
