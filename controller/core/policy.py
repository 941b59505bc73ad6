"""The policy as data: what is evidence, when to leave, where to go, who is asked, how often at most.

Only keys that something acts on exist; any other key is refused. Times in the file are written
`43s`, `3m`, `1h`; here they are seconds. Made from plain data by `controller.core.admission`.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    StringConstraints,
    Tag,
)

from controller.core.checks import ReadyCheck
from controller.core.journal import digest
from controller.core.model import Verdict
from controller.core.terms import GROUP, Count, Duration, Given, Name, One, Region, Strict, Template, keys_of


class RegionControls(Strict):
    controls: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50, strict=False)]


class CanarySignal(Strict):
    canary: Template
    runs_in: Annotated[tuple[Region, ...], Field(alias="runsIn", min_length=1, max_length=20, strict=False)]
    silent_after: Duration = Field(alias="silentAfter")


class AlarmSignal(Strict):
    alarm: Template
    silent_after: Duration = Field(alias="silentAfter")


def _which_signal(value: Any) -> str | None:
    keys = keys_of(value) or ()
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
    keys = keys_of(value)
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


class Target(Strict):
    prefer: Annotated[tuple[Region, ...], Field(min_length=1, max_length=20, strict=False)]
    ready: Annotated[tuple[ReadyCheck, ...], Field(min_length=1, max_length=20, strict=False)]


class Restore(Strict):
    """When and how a Region that was left comes home. In a leaf, `source` is the Region that comes home."""

    when: Condition
    ready: Annotated[tuple[ReadyCheck, ...], Field(max_length=20, strict=False)] = ()
    approval: Name
    waves: Annotated[Waves | None, Given] = None
    settle: Duration = 30.0


class Drills(Strict):
    """Rehearsals in production: leave, stay, come home; at once where a leaf of `abortWhen` is true."""

    stay: Duration
    abort_when: Annotated[tuple[Leaf, ...], Field(alias="abortWhen", max_length=20, strict=False)] = ()


OVERRIDE = "override"
"""The gate that is asked to set aside a safety rule: at least two people, for each rule by its ARN."""


class Limits(Strict):
    min_regions_on: Annotated[int, Field(ge=1, le=20)] = Field(alias="minRegionsOn")
    cooldown: Duration
    evacuations_per_day: Annotated[int, Field(ge=1, le=100)] = Field(alias="evacuationsPerDay")


class Ask(Strict):
    ask: Annotated[tuple[Annotated[str, StringConstraints(pattern=GROUP)], ...],
                   Field(min_length=1, max_length=20, strict=False)]  # fmt: skip
    people: Annotated[int, Field(ge=1, le=5)]
    within: Duration


class Policy(Strict):
    """One application's policy. Make it with `admission.parse_policy`, which also checks what spans keys."""

    tidegate: One
    application: Name
    enforcement: Literal["shadow", "live"]
    regions: Annotated[dict[Region, RegionControls], Field(min_length=2, max_length=20)]
    controllers: Annotated[tuple[Region, ...], Field(min_length=1, max_length=5, strict=False)]
    signals: Annotated[
        dict[Name, Annotated[tuple[SignalSource, ...], Field(min_length=1, max_length=50, strict=False)]],
        Field(min_length=1, max_length=20),
    ]
    evacuate: Evacuate
    target: Target
    limits: Limits
    restore: Annotated[Restore | None, Given] = None
    drills: Annotated[Drills | None, Given] = None
    approvals: dict[Name, Annotated[tuple[Ask, ...], Field(min_length=1, max_length=5, strict=False)]] = (
        Field(default_factory=dict)
    )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the compiled policy: what an event names when it says by which policy."""
        return digest(self.model_dump(mode="json", by_alias=True))

    def gate(self, intent: str = "evacuate", doubts: Sequence[str] = ()) -> Ask | None:
        """Who is asked first before a move of this intent; None where the policy writes `none`."""
        return next(iter(self.chain(intent, doubts)), None)

    def chain(self, intent: str = "evacuate", doubts: Sequence[str] = ()) -> tuple[Ask, ...]:
        """Who is asked, in turn, before a move of this intent; empty where the policy writes `none`."""
        name = self.gate_name(intent, doubts)
        return () if name == "none" else self.approvals[name]

    def gate_name(self, intent: str = "evacuate", doubts: Sequence[str] = ()) -> str:
        """The strictest of `doubts` (gates that a readiness check asks for) and of the usual one."""
        usual = self.restore.approval if intent == "restore" and self.restore else self.evacuate.approval
        return max((*doubts, usual), key=self._people)

    def _people(self, gate: str) -> int:
        return max((ask.people for ask in self.approvals.get(gate, ())), default=0)
