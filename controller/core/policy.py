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


def _whole(value: object) -> object:
    """Python takes True and 1.0 for the 1 of a `Literal`; a policy does not."""
    if type(value) is not int:
        raise ValueError("expected 1")
    return value


def _given(value: object) -> object:
    """A key may be left out; one that is there says something."""
    if value is None:
        raise ValueError("expected a value; leave the key out to mean none")
    return value


def _count(value: object) -> object:
    if value != "all" and (type(value) is not int or not 1 <= value <= 100):
        raise ValueError("expected a whole number from 1 to 100, or `all`")
    return value


Given = BeforeValidator(_given)
One = Annotated[Literal[1], BeforeValidator(_whole)]
Count = Annotated[Annotated[int, Field(ge=1, le=100)] | Literal["all"], BeforeValidator(_count)]


def seconds(value: object) -> float:
    """`"3m"` -> 180.0. Raises `ValueError` for anything that is not a number and a unit."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a duration such as "43s", "3m" or "1h"')
    return float(int(match[1]) * _UNITS[match[2]])


Duration = Annotated[
    float,
    BeforeValidator(seconds),
    PlainSerializer(lambda value: f"{value:.0f}s"),
    Field(gt=0, json_schema_extra={"type": "string", "pattern": "^[0-9]{1,6}[smhd]$"}),
]
_REGION = r"^[a-z]{2,4}(-[a-z]{2,4})?-(central|north|south|(north|south)?(east|west))-[0-9]$"
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
_TEMPLATE = r"^([A-Za-z0-9_. -]|\{region\}){1,255}$"
_GROUP = r"^group:[A-Za-z0-9_-]{1,64}$"

# What a text that does not match was expected to be.
SHAPES = {
    _REGION: "the name of an AWS Region such as us-east-1",
    _NAME: "a name of at most 63 letters, digits, - and _, which begins with a letter or a digit",
    _TEMPLATE: "a name of letters, digits, spaces, and - _ . in which {region} stands for the Region",
    _GROUP: "a group of people such as group:sre-oncall",
}

Region = Annotated[str, StringConstraints(pattern=_REGION)]
Name = Annotated[str, StringConstraints(pattern=_NAME)]
Template = Annotated[str, StringConstraints(pattern=_TEMPLATE)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RegionControls(Strict):
    controls: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50, strict=False)]


class CanarySignal(Strict):
    canary: Template
    runs_in: Annotated[tuple[Region, ...], Field(alias="runsIn", min_length=1, max_length=20, strict=False)]
    silent_after: Duration = Field(alias="silentAfter")


class AlarmSignal(Strict):
    alarm: Template
    silent_after: Duration = Field(alias="silentAfter")


def _keys(value: Any) -> set[str] | None:
    """The keys of a mapping or, when a policy is written out, of a model; None of anything else."""
    if isinstance(value, BaseModel):
        return {name.rstrip("_") for name in type(value).model_fields}
    return set(value) if isinstance(value, dict) else None


def _which_signal(value: Any) -> str | None:
    keys = _keys(value) or ()
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
    observers: Annotated[Annotated[int, Field(ge=1, le=20)] | None, Given] = None
    signals: Annotated[Count | None, Given] = None
    for_: Annotated[Duration | None, Given] = Field(default=None, alias="for")

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.is_)


class All(Strict):
    all_: Annotated[tuple["Condition", ...], Field(alias="all", min_length=1, max_length=20, strict=False)]


class Any_(Strict):  # noqa: N801 - `Any` is typing's
    any_: Annotated[tuple["Condition", ...], Field(alias="any", min_length=1, max_length=20, strict=False)]


class Not(Strict):
    not_: "Condition" = Field(alias="not")


def _which_condition(value: Any) -> str | None:
    keys = _keys(value)
    return None if keys is None else next((key for key in ("all", "any", "not") if key in keys), "leaf")


Condition = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[Any_, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Leaf, Tag("leaf")],
    Discriminator(
        _which_condition,
        custom_error_type="condition",
        custom_error_message="expected a condition: a mapping with the key `all`, `any`, `not` or `in`",
    ),
]


class Evacuate(Strict):
    when: Condition
    unless: Annotated[tuple[Leaf, ...], Field(max_length=20, strict=False)] = ()
    approval: Name


class ReadyCheck(Strict):
    family: Name
    is_: Literal["healthy"] = Field(alias="is")
    for_: Annotated[Duration | None, Given] = Field(default=None, alias="for")
    if_unknown: Literal["block"] = Field(alias="ifUnknown")


class Target(Strict):
    prefer: Annotated[tuple[Region, ...], Field(min_length=1, max_length=20, strict=False)]
    ready: Annotated[tuple[ReadyCheck, ...], Field(min_length=1, max_length=20, strict=False)]


class Limits(Strict):
    min_regions_on: Annotated[int, Field(ge=1, le=20)] = Field(alias="minRegionsOn")
    cooldown: Duration
    evacuations_per_day: Annotated[int, Field(ge=1, le=100)] = Field(alias="evacuationsPerDay")


class Ask(Strict):
    ask: Annotated[tuple[Annotated[str, StringConstraints(pattern=_GROUP)], ...],
                   Field(min_length=1, max_length=20, strict=False)]  # fmt: skip
    people: One
    within: Duration


class Policy(Strict):
    """One application's policy. Make it with `admission.parse_policy`, which also checks what spans keys."""

    tidegate: One
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
