"""Moves as a policy writes them: when to leave and how, where to go, when and how to come home.

Common words first; a Region may say some of them otherwise (`…Here`), for moves out of it and home to it.
"""

from typing import Annotated, Literal

from pydantic import Field

from controller.core.checks import ReadyCheck
from controller.core.conditions import Condition, Leaf
from controller.core.terms import Duration, Given, Name, Region, Strict

Waves = Annotated[
    tuple[Annotated[int, Field(ge=1, le=50)], ...], Field(min_length=1, max_length=50, strict=False)
]
"""How many slices move at a time; the last number is repeated until all have moved."""


class Evacuate(Strict):
    when: Condition
    unless: Annotated[tuple[Leaf, ...], Field(max_length=20, strict=False)] = ()
    approval: Name
    waves: Annotated[Waves | None, Given] = None
    settle: Duration = 30.0
    if_verify_fails: Literal["hold", "rollback"] = Field(default="hold", alias="ifVerifyFails")


Prefer = Annotated[tuple[Region, ...], Field(min_length=1, max_length=20, strict=False)]
Ready = Annotated[tuple[ReadyCheck, ...], Field(min_length=1, max_length=20, strict=False)]


class Target(Strict):
    prefer: Prefer
    ready: Ready


class Restore(Strict):
    """When and how a Region that was left comes home. In a leaf, `source` is the Region that comes home."""

    when: Condition
    ready: Annotated[tuple[ReadyCheck, ...], Field(max_length=20, strict=False)] = ()
    approval: Name
    waves: Annotated[Waves | None, Given] = None
    settle: Duration = 30.0


class EvacuateHere(Strict):
    """What one Region says of leaving it in place of the common words."""

    when: Annotated[Condition | None, Given] = None
    unless: Annotated[Annotated[tuple[Leaf, ...], Field(max_length=20, strict=False)] | None, Given] = None
    approval: Annotated[Name | None, Given] = None
    waves: Annotated[Waves | None, Given] = None
    settle: Annotated[Duration | None, Given] = None
    if_verify_fails: Annotated[Literal["hold", "rollback"] | None, Given] = Field(
        default=None, alias="ifVerifyFails"
    )


class TargetHere(Strict):
    prefer: Annotated[Prefer | None, Given] = None
    ready: Annotated[Ready | None, Given] = None


class RestoreHere(Strict):
    when: Annotated[Condition | None, Given] = None
    ready: Annotated[Annotated[tuple[ReadyCheck, ...], Field(max_length=20, strict=False)] | None, Given] = (
        None
    )
    approval: Annotated[Name | None, Given] = None
    waves: Annotated[Waves | None, Given] = None
    settle: Annotated[Duration | None, Given] = None


class RegionControls(Strict):
    """A Region's controls, and what it says otherwise of moves out of it and home to it."""

    controls: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50, strict=False)]
    evacuate: Annotated[EvacuateHere | None, Given] = None
    target: Annotated[TargetHere | None, Given] = None
    restore: Annotated[RestoreHere | None, Given] = None


def said(here: Strict) -> dict[str, object]:
    """What a Region says itself, by field."""
    return {name: getattr(here, name) for name in here.model_fields_set}
