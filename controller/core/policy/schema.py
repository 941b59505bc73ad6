"""The policy as data: evidence, moves, people who are asked, and limits.

Only keys that something acts on exist; any other key is refused. Times in the file are written
`43s`, `3m`, `1h`; here they are seconds. Made from plain data by `controller.core.policy.validation`.

- Moves: when to leave and how, where to go, when and how to come home. Common keys come first; a Region may
  set some of them otherwise (`…Here`), for moves out of it and home to it.
- Limits: how often, how far and when not; drills keep to the same limits.
- Traffic: the metric by which it is proved that customers moved.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    PrivateAttr,
    StringConstraints,
    Tag,
)

from controller.core.canonical_json import ascii_digest
from controller.core.policy.conditions import Condition, Leaf, leaves
from controller.core.policy.readiness_checks import ReadyCheck
from controller.core.policy.schedule import Cron, Zone
from controller.core.policy.terms import (
    EVENT,
    GROUP,
    METRIC,
    PURPOSE,
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

T = TypeVar("T")
LAG = 20.0
"""Seconds after a change during which another ARC endpoint may still show what was before.

AWS says 5 s on average and 15 s at most. The look after a wave comes no earlier.
"""
Waves = Annotated[
    tuple[Annotated[int, Field(ge=1, le=50)], ...], Field(min_length=1, max_length=50, strict=False)
]
"""How many slices move at a time; the last number is repeated until all have moved."""


Settle = Annotated[
    Duration,
    Field(
        json_schema_extra={
            "pattern": "^(0*([2-9][0-9]|[1-9][0-9]{2,})s|0*[1-9][0-9]*[mhd])$",
            "maxLength": 7,
        }
    ),
]
"""A duration of at least `LAG`. `parse_policy` refuses less, but reads it where it was in force already."""


class Evacuate(Strict):
    when: Condition
    unless: Annotated[tuple[Leaf, ...], Field(max_length=20, strict=False)] = ()
    approval: Name
    waves: Annotated[Waves | None, Given] = None
    settle: Settle = 30.0
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
    settle: Settle = 30.0


class EvacuateHere(Strict):
    """What one Region says of leaving it in place of the common words."""

    when: Annotated[Condition | None, Given] = None
    unless: Annotated[Annotated[tuple[Leaf, ...], Field(max_length=20, strict=False)] | None, Given] = None
    approval: Annotated[Name | None, Given] = None
    waves: Annotated[Waves | None, Given] = None
    settle: Annotated[Settle | None, Given] = None
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
    settle: Annotated[Settle | None, Given] = None


class RegionControls(Strict):
    """A Region's controls, and what it says otherwise of moves out of it and home to it."""

    controls: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50, strict=False)]
    evacuate: Annotated[EvacuateHere | None, Given] = None
    target: Annotated[TargetHere | None, Given] = None
    restore: Annotated[RestoreHere | None, Given] = None


def own_words(here: Strict) -> dict[str, object]:
    """Return the fields that a Region sets itself, by name."""
    return {name: getattr(here, name) for name in here.model_fields_set}


class Window(Strict):
    """A stretch of time in which nothing moves by itself: from each stroke of `cron`, `for` so long."""

    cron: Cron
    for_: Duration = Field(alias="for")
    reason: Annotated[str, StringConstraints(pattern=PURPOSE)]


ASK_AGAIN = 900.0
"""Seconds; at most half the cooldown."""


class Limits(Strict):
    min_regions_on: Annotated[int, Field(ge=1, le=20)] = Field(alias="minRegionsOn")
    cooldown: Duration
    ask_again: Annotated[Duration | None, Given] = Field(default=None, alias="askAgain")
    evacuations_per_day: Annotated[int, Field(ge=1, le=100)] = Field(alias="evacuationsPerDay")
    fleet_regions_per_day: Annotated[Annotated[int, Field(ge=1, le=20)] | None, Given] = Field(
        default=None, alias="fleetRegionsPerDay"
    )
    blackout: Annotated[tuple[Window, ...], Field(max_length=20, strict=False)] = ()
    tell_after: Duration = Field(default=300.0, alias="tellAfter")

    @property
    def ask_again_after(self) -> float:
        """Return the seconds after an unanswered question until people are asked again."""
        return min(ASK_AGAIN, self.cooldown / 2) if self.ask_again is None else self.ask_again


class Drills(Strict):
    """Rehearsals in production: leave, stay, come home; at once where a leaf of `abortWhen` is true.

    cron: when one begins by itself, the Regions in turn. warn_after: seconds after which the last success
    is too long ago.
    """

    cron: Annotated[Cron | None, Given] = None
    stay: Duration
    abort_when: Annotated[tuple[Leaf, ...], Field(alias="abortWhen", max_length=20, strict=False)] = ()
    warn_after: Duration = Field(default=45 * 86400.0, alias="warnAfter")


def part(value: object) -> float:
    """Return the part that a percentage gives: `"10%"` -> 0.1.

    Raises `ValueError` for anything that is not a whole number of percent below 100.
    """
    match = re.fullmatch(r"([0-9]{1,2})%", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a part such as "10%", below "100%"')
    return int(match[1]) / 100


Part = Annotated[
    float,
    BeforeValidator(part),
    PlainSerializer(lambda value: f"{value * 100:.0f}%"),
    Field(json_schema_extra={"type": "string", "pattern": "^[0-9]{1,2}%$"}),
]
Metric = Annotated[str, StringConstraints(pattern=METRIC)]


class Traffic(Strict):
    """A CloudWatch metric that counts requests: the same in each Region, but for its dimensions."""

    namespace: Metric
    metric: Metric
    dimensions: Annotated[
        dict[Region, Annotated[dict[Metric, Metric], Field(min_length=1, max_length=30)]] | None, Given
    ] = None
    at_most: Part = Field(alias="atMost")
    within: Duration
    if_unknown: Literal["proceed", "hold"] = Field(alias="ifUnknown")


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
    _derived: dict[str, object] = PrivateAttr(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the compiled policy, by which events name it."""
        return ascii_digest(self.counted())

    def counted(self) -> dict[str, Any]:
        """Return what the digest counts: the policy as plain data, without its defaults.

        What is left out is not counted: a version that knows more keys gives the same file the same digest.
        So a default, once released, never changes.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def about(self, region: str) -> "Policy":
        """Return the policy for moves out of `region` and home to it.

        It has the same digest.
        """
        return self._by_region.get(region, self)

    @cached_property
    def _by_region(self) -> dict[str, "Policy"]:
        _ = self.digest  # before the copies are made: they answer for the whole
        return {
            region: self.model_copy(
                update={
                    key: common.model_copy(update=own_words(here))
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
        """Return a copy without what was worked out for the Regions.

        The copy keeps the digest where it is known, since it answers for the same file.
        """
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("_by_region", None)
        copy._derived = {}
        return copy

    def derived(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` gives, worked out once for this policy.

        A copy works it out anew.
        name: unique among everything that is derived from policies.
        """
        found = self._derived.get(name)
        if found is None:
            found = self._derived[name] = make()
        return cast(T, found)

    def return_time(self, region: str) -> float | None:
        """Return the longest `for` of `restore.when` about a Region, in seconds.

        Returns None where there is no restore, or one that names no time.
        """
        restore = self.about(region).restore
        found = leaves(restore.when, (), self.conditions) if restore is not None else ()
        return max((leaf.for_ for _, leaf in found if leaf.for_), default=None)

    def gate(self, intent: str = "evacuate", doubts: Sequence[str] = ()) -> Ask | None:
        """Return the first ask before a move; None where the policy writes `none`."""
        return next(iter(self.chain(intent, doubts)), None)

    def chain(self, intent: str = "evacuate", doubts: Sequence[str] = ()) -> tuple[Ask, ...]:
        """Return the asks, in turn, before a move; none where the policy writes `none`."""
        name = self.gate_name(intent, doubts)
        return () if name == "none" else self.approvals[name]

    def gate_name(self, intent: str = "evacuate", doubts: Sequence[str] = ()) -> str:
        """Return the strictest of `doubts` and of the usual gate.

        The strictest gate asks the most people. doubts: gates that a readiness check asks for.
        """
        usual = self.restore.approval if intent == "restore" and self.restore else self.evacuate.approval
        return max((*doubts, usual), key=self._people)

    def settle_of(self, intent: str) -> float:
        """Return the seconds between a wave and the look at its result.

        Never below `LAG`, which a policy of an older version may say.
        """
        said = self.restore if intent == "restore" and self.restore else self.evacuate
        return max(LAG, said.settle)

    def _people(self, gate: str) -> int:
        return max((ask.people for ask in self.approvals.get(gate, ())), default=0)
