"""The model of worked cases, as their author writes them.

A case states what signals say from which minute on, and what must come of it.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from controller.core.model import Truth, Verdict
from controller.core.policy.terms import FILE, Given, Name, One, Region, Strict, seconds

DAY = 86_400.0
CHECKS = Literal["replication", "planEvaluation", "arcReadiness", "quotas"]


def _moment(value: object) -> float:
    if value == "0m":
        return 0.0
    at = seconds(value)
    if at % 60 or at > DAY:
        raise ValueError("expected whole minutes, a day at most, such as 4m")
    return at


def _start(value: str) -> str:
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").astimezone(UTC)
    except ValueError as error:
        raise ValueError("expected a moment such as 2030-01-07T08:10:00Z") from error
    return value


def _truth(value: object) -> object:
    """Return the truth value that is written.

    `true` and `false` are truth values to YAML; `unknown` is text.
    """
    words = {True: Truth.TRUE, False: Truth.FALSE, "unknown": Truth.UNKNOWN}
    if isinstance(value, bool | str) and value in words:
        return words[value]
    raise ValueError("expected true, false or unknown")


Moment = Annotated[float, BeforeValidator(_moment)]
Start = Annotated[str, AfterValidator(_start)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Says(Strict):
    """A line of a script: from `at` on, matching signals say so each minute.

    silent: nothing comes. unheard: nor ever did."""

    at: Moment
    say: Literal["healthy", "breaching", "unknown", "silent", "unheard"]
    family: Annotated[Name | None, Given] = None
    about: Annotated[Region | None, Given] = None
    from_: Annotated[Region | None, Given] = Field(default=None, alias="from")
    signal: Annotated[Text | None, Given] = None


class Answers(Strict):
    """From `at` on, readiness checks of this kind find so."""

    at: Moment
    check: CHECKS
    say: Literal["ready", "unready", "unknown"]


class Drill(Strict):
    """A person begins a drill at `at`."""

    at: Moment
    region: Region


class Expect(Strict):
    """At `at`, the decision about `region` has this code, and its condition this value."""

    at: Moment
    region: Region
    code: Annotated[Name | None, Given] = None
    when: Annotated[Annotated[Truth, BeforeValidator(_truth)] | None, Given] = None


class Shift(Strict):
    """Traffic moves, for the first time at `at`."""

    at: Moment
    from_: Region = Field(alias="from")
    to: Region


def _shifts(value: object) -> object:
    if value == "nothing":
        return ()
    if isinstance(value, list | tuple) and value:
        return value
    raise ValueError("expected `nothing`, or a list of {at, from, to}")


class Case(Strict):
    """One worked case.

    Before the first minute, and for what is not named, all is healthy and ready."""

    case: Text
    because: Annotated[Text | None, Given] = None
    start: Start = "2030-01-01T08:00:00Z"
    left: Annotated[tuple[Region, ...], Field(max_length=20, strict=False)] = ()
    signals: Annotated[tuple[Says, ...], Field(max_length=100, strict=False)] = ()
    answers: Annotated[tuple[Answers, ...], Field(max_length=50, strict=False)] = ()
    drill: Annotated[Drill | None, Given] = None
    people: Literal["approve", "deny", "silent"] = "approve"
    expect: Annotated[tuple[Expect, ...], Field(max_length=50, strict=False)] = ()
    shifts: Annotated[tuple[Shift, ...], Field(max_length=20, strict=False), BeforeValidator(_shifts)]
    until: Annotated[Moment | None, Given] = None

    @property
    def begins(self) -> float:
        """Return the beginning in seconds since 1970."""
        return datetime.fromisoformat(self.start).timestamp()

    @property
    def lasts(self) -> float:
        """Return the length in seconds.

        It lasts to `until`, else to the last minute in which anything is said or expected, and one more.
        """
        said = [*(each.at for each in self.signals), *(each.at for each in self.answers)]
        said += [self.drill.at] if self.drill else []
        hoped = [*(each.at for each in self.expect), *(each.at for each in self.shifts)]
        return self.until if self.until is not None else max([*said, *hoped, 240.0]) + 60.0


class Cases(Strict):
    """A file of worked cases of one policy. policy: the file, beside this one."""

    tidegate_cases: One = Field(alias="tidegateCases")
    policy: Annotated[str, StringConstraints(pattern=FILE)]
    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=500, strict=False)]


SAYING = {"healthy": Verdict.HEALTHY, "breaching": Verdict.BREACHING, "unknown": Verdict.UNKNOWN}
"""The verdict that stands in an observation.

For the other words no observation is made.
"""
