"""How often, how far and when not; and drills, which keep to the same limits."""

from typing import Annotated

from pydantic import Field, StringConstraints

from controller.core.conditions import Leaf
from controller.core.schedule import Cron
from controller.core.terms import PURPOSE, Duration, Given, Strict


class Window(Strict):
    """A stretch of time in which nothing moves by itself: from each stroke of `cron`, `for` so long."""

    cron: Cron
    for_: Duration = Field(alias="for")
    reason: Annotated[str, StringConstraints(pattern=PURPOSE)]


class Limits(Strict):
    min_regions_on: Annotated[int, Field(ge=1, le=20)] = Field(alias="minRegionsOn")
    cooldown: Duration
    evacuations_per_day: Annotated[int, Field(ge=1, le=100)] = Field(alias="evacuationsPerDay")
    fleet_regions_per_day: Annotated[Annotated[int, Field(ge=1, le=20)] | None, Given] = Field(
        default=None, alias="fleetRegionsPerDay"
    )
    blackout: Annotated[tuple[Window, ...], Field(max_length=20, strict=False)] = ()


class Drills(Strict):
    """Rehearsals in production: leave, stay, come home; at once where a leaf of `abortWhen` is true.

    cron: when one begins by itself, the Regions in turn. warn_after: seconds after which the last success
    is too long ago.
    """

    cron: Annotated[Cron | None, Given] = None
    stay: Duration
    abort_when: Annotated[tuple[Leaf, ...], Field(alias="abortWhen", max_length=20, strict=False)] = ()
    warn_after: Duration = Field(default=45 * 86400.0, alias="warnAfter")
