"""The policy as data: what is evidence, when to leave, where to go, who is asked, how often at most.

Only keys that something acts on exist; any other key is refused. Times in the file are written
`43s`, `3m`, `1h`; here they are seconds. Made from plain data by `controller.core.admission`.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    StringConstraints,
    Tag,
)

from controller.core.conditions import Condition
from controller.core.journal import digest
from controller.core.limits import Drills, Limits
from controller.core.moves import Evacuate, RegionControls, Restore, Target, said
from controller.core.schedule import Zone
from controller.core.terms import (
    EVENT,
    GROUP,
    SERVICE,
    Duration,
    Given,
    Name,
    One,
    Region,
    Strict,
    Template,
    keys_of,
)
from controller.core.traffic import Traffic


class CanarySignal(Strict):
    canary: Template
    runs_in: Annotated[tuple[Region, ...], Field(alias="runsIn", min_length=1, max_length=20, strict=False)]
    silent_after: Duration = Field(alias="silentAfter")


class AlarmSignal(Strict):
    alarm: Template
    silent_after: Duration = Field(alias="silentAfter")


class EventSignal(Strict):
    """What any monitor sends as `tidegate.signal/v1`. Without `runsIn`: the Region's own instrument."""

    event: Annotated[str, StringConstraints(pattern=EVENT)]
    runs_in: Annotated[
        Annotated[tuple[Region, ...], Field(min_length=1, max_length=20, strict=False)] | None, Given
    ] = Field(default=None, alias="runsIn")
    silent_after: Duration = Field(alias="silentAfter")


class HealthSignal(Strict):
    """AWS Health's open notices about services; each only accuses, and lapses where nobody updates it."""

    health: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=SERVICE)], ...],
        Field(min_length=1, max_length=50, strict=False),
    ]
    silent_after: Duration = Field(default=10_800.0, alias="silentAfter")


def _which_signal(value: Any) -> str | None:
    keys = keys_of(value) or ()
    return next((kind for kind in ("canary", "alarm", "event", "health") if kind in keys), None)


SignalSource = Annotated[
    Annotated[CanarySignal, Tag("canary")]
    | Annotated[AlarmSignal, Tag("alarm")]
    | Annotated[EventSignal, Tag("event")]
    | Annotated[HealthSignal, Tag("health")],
    Discriminator(
        _which_signal,
        custom_error_type="signal",
        custom_error_message="expected a signal: a mapping with the key `canary`, `alarm`, `event` "
        "or `health`",
    ),
]


OVERRIDE = "override"
"""The gate that is asked to set aside a safety rule: at least two people, for each rule by its ARN."""


class Ask(Strict):
    ask: Annotated[tuple[Annotated[str, StringConstraints(pattern=GROUP)], ...],
                   Field(min_length=1, max_length=20, strict=False)]  # fmt: skip
    people: Annotated[int, Field(ge=1, le=5)]
    within: Duration


class Policy(Strict):
    """One application's policy. Make it with `admission.parse_policy`, which also checks what spans keys."""

    tidegate: One
    application: Name
    timezone: Annotated[Zone | None, Given] = None
    enforcement: Literal["shadow", "live"]
    regions: Annotated[dict[Region, RegionControls], Field(min_length=2, max_length=20)]
    controllers: Annotated[tuple[Region, ...], Field(min_length=1, max_length=5, strict=False)]
    signals: Annotated[
        dict[Name, Annotated[tuple[SignalSource, ...], Field(min_length=1, max_length=50, strict=False)]],
        Field(min_length=1, max_length=20),
    ]
    conditions: Annotated[dict[Name, Condition], Field(max_length=50)] = Field(default_factory=dict)
    evacuate: Evacuate
    target: Target
    limits: Limits
    restore: Annotated[Restore | None, Given] = None
    drills: Annotated[Drills | None, Given] = None
    traffic: Annotated[Traffic | None, Given] = None
    approvals: dict[Name, Annotated[tuple[Ask, ...], Field(min_length=1, max_length=5, strict=False)]] = (
        Field(default_factory=dict)
    )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the compiled policy: what an event names when it says by which policy.

        What is left out is not counted: a version that knows more keys gives the same file the same digest.
        So a default, once released, never changes.
        """
        return digest(self.model_dump(mode="json", by_alias=True, exclude_defaults=True))

    def about(self, region: str) -> "Policy":
        """The policy as it holds for moves out of `region` and home to it. Known by the same digest."""
        return self._by_region.get(region, self)

    @cached_property
    def _by_region(self) -> dict[str, "Policy"]:
        _ = self.digest  # before the copies are made: they answer for the whole
        return {
            region: self.model_copy(
                update={
                    key: common.model_copy(update=said(here))
                    for key, common, here in (
                        ("evacuate", self.evacuate, entry.evacuate),
                        ("target", self.target, entry.target),
                        ("restore", self.restore, entry.restore),
                    )
                    if common is not None and here is not None
                }
            )
            for region, entry in self.regions.items()
            if entry.evacuate or entry.target or entry.restore
        }

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> "Policy":
        """What was worked out for the Regions is not the copy's; its digest is, since it answers for the same
        file."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("_by_region", None)
        return copy

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
