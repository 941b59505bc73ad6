"""The policy as data: what is evidence, when to leave, where to go, who is asked, how often at most.

Only keys that something acts on exist; any other key is refused. Times in the file are written
`43s`, `3m`, `1h`; here they are seconds. Made from plain data by `controller.core.admission`.
"""

import re
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    StringConstraints,
    Tag,
)

from controller.core.journal import digest
from controller.core.model import Verdict

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(value: object) -> float:
    """`"3m"` -> 180.0. Raises `ValueError` for anything that is not a number and a unit."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a duration such as "43s", "3m" or "1h"')
    return float(int(match[1]) * _UNITS[match[2]])


Duration = Annotated[
    float,
    BeforeValidator(seconds),
    PlainSerializer(lambda value: f"{value:.0f}s"),
    Field(gt=0, json_schema_extra={"type": "string", "pattern": "^[0-9]{1,6}[smhd]$"}),
]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
Template = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.{} -]{1,255}$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RegionControls(Strict):
    controls: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50, strict=False)]


class CanarySignal(Strict):
    canary: Template
    runs_in: Annotated[tuple[Region, ...], Field(alias="runsIn", min_length=1, strict=False)]
    silent_after: Duration = Field(alias="silentAfter")


class AlarmSignal(Strict):
    alarm: Template
    silent_after: Duration = Field(alias="silentAfter")


def _which_signal(value: Any) -> str | None:
    keys = value.keys() if isinstance(value, dict) else vars(value)
    return "canary" if "canary" in keys else "alarm" if "alarm" in keys else None


SignalSource = Annotated[
    Annotated[CanarySignal, Tag("canary")] | Annotated[AlarmSignal, Tag("alarm")],
    Discriminator(
        _which_signal,
        custom_error_type="signal",
        custom_error_message="expected a signal: a mapping with the key `canary` or `alarm`",
    ),
]


class Leaf(Strict):
    """`count` signals (or distinct observing Regions) of a family say `is`, unbroken, `for` so long."""

    in_: Literal["source", "target"] = Field(alias="in")
    family: Name
    is_: Literal["breaching", "healthy", "silent"] = Field(alias="is")
    observers: Annotated[int, Field(ge=1, le=20)] | None = None
    signals: Annotated[int, Field(ge=1, le=100)] | Literal["all"] | None = None
    for_: Duration | None = Field(default=None, alias="for")

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.is_)


class All(Strict):
    all_: Annotated[tuple["Condition", ...], Field(alias="all", min_length=1, max_length=20, strict=False)]


class Any_(Strict):  # noqa: N801 - `Any` is typing's
    any_: Annotated[tuple["Condition", ...], Field(alias="any", min_length=1, max_length=20, strict=False)]


class Not(Strict):
    not_: "Condition" = Field(alias="not")


def _which_condition(value: Any) -> str:
    keys = value.keys() if isinstance(value, dict) else {name.rstrip("_") for name in vars(value)}
    return next((key for key in ("all", "any", "not") if key in keys), "leaf")


Condition = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[Any_, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Leaf, Tag("leaf")],
    Discriminator(_which_condition),
]


class Evacuate(Strict):
    when: Condition
    unless: Annotated[tuple[Leaf, ...], Field(max_length=20, strict=False)] = ()
    approval: Name


class ReadyCheck(Strict):
    family: Name
    is_: Literal["healthy"] = Field(alias="is")
    for_: Duration | None = Field(default=None, alias="for")
    if_unknown: Literal["block"] = Field(alias="ifUnknown")


class Target(Strict):
    prefer: Annotated[tuple[Region, ...], Field(min_length=1, strict=False)]
    ready: Annotated[tuple[ReadyCheck, ...], Field(min_length=1, max_length=20, strict=False)]


class Limits(Strict):
    min_regions_on: Annotated[int, Field(ge=1, le=20)] = Field(alias="minRegionsOn")
    cooldown: Duration
    evacuations_per_day: Annotated[int, Field(ge=1, le=100)] = Field(alias="evacuationsPerDay")


class Ask(Strict):
    ask: Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^group:[\w-]{1,64}$")], ...],
                   Field(min_length=1, strict=False)]  # fmt: skip
    people: Literal[1]
    within: Duration


class Policy(Strict):
    """One application's policy. Make it with `admission.parse_policy`, which also checks what spans keys."""

    tidegate: Literal[1]
    application: Name
    enforcement: Literal["shadow", "live"]
    regions: Annotated[dict[Region, RegionControls], Field(min_length=2, max_length=20)]
    controllers: Annotated[tuple[Region, ...], Field(min_length=1, max_length=1, strict=False)]
    signals: Annotated[
        dict[Name, Annotated[tuple[SignalSource, ...], Field(min_length=1, max_length=50, strict=False)]],
        Field(min_length=1, max_length=20),
    ]
    evacuate: Evacuate
    target: Target
    limits: Limits
    approvals: dict[Name, Annotated[tuple[Ask, ...], Field(min_length=1, max_length=1, strict=False)]] = {}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the compiled policy: what an event names when it says by which policy."""
        return digest(self.model_dump(mode="json", by_alias=True))

    def gate(self) -> Ask | None:
        """Who is asked before an evacuation; None where the policy writes `none`."""
        return None if self.evacuate.approval == "none" else self.approvals[self.evacuate.approval][0]
