"""Readiness checks of a policy: requirements on a Region before traffic goes there.

```
 family         what its customers and instruments say      replication    how far its data lag behind
 planEvaluation ARC Region switch's own verdict             quotas         as much may run there as at home
 arcReadiness   ARC readiness check (closed to new customers; AWS: never the primary trigger)
```

`check_problems` finds what no single key of a readiness check can know.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from controller.core.policy.terms import Duration, Given, Name, Strict, Template, keys_of

BLOCK, ASK = "<block>", "<ask>"
KINDS = ("replication", "planEvaluation", "arcReadiness", "quotas", "family")
TAGS = frozenset({BLOCK, ASK, *(f"<{kind}>" for kind in KINDS)})
"""Parts of a pydantic location that are in no file."""

Service = Literal["lambda", "apigateway"]


class AskGate(Strict):
    """Doubt does not block: the people of this gate are asked in place of `evacuate.approval`."""

    ask: Name


def _which_doubt(value: Any) -> str | None:
    return ASK if keys_of(value) is not None else BLOCK if value == "block" else None


Doubt = Annotated[
    Annotated[Literal["block"], Tag(BLOCK)] | Annotated[AskGate, Tag(ASK)],
    Discriminator(
        _which_doubt,
        custom_error_type="doubt",
        custom_error_message="expected `block`, or a mapping with the key `ask`",
    ),
]


class FamilyCheck(Strict):
    family: Name
    is_: Literal["healthy"] = Field(alias="is")
    for_: Annotated[Duration | None, Given] = Field(default=None, alias="for")
    if_unknown: Literal["block"] = Field(alias="ifUnknown")


class ReplicationCheck(Strict):
    """Exactly one of the last two: doubt about too much lag, or about lag that is not known alone."""

    replication: Template
    max_lag: Duration = Field(alias="maxLag")
    above_or_unknown: Annotated[Doubt | None, Given] = Field(default=None, alias="aboveOrUnknown")
    if_unknown: Annotated[Doubt | None, Given] = Field(default=None, alias="ifUnknown")


class PlanCheck(Strict):
    plan_evaluation: Name = Field(alias="planEvaluation")
    max_age: Duration = Field(alias="maxAge")
    if_unknown: Doubt = Field(alias="ifUnknown")


class ArcCheck(Strict):
    arc_readiness: Template = Field(alias="arcReadiness")
    max_age: Duration = Field(alias="maxAge")
    if_unknown: Doubt = Field(alias="ifUnknown")


class QuotaCheck(Strict):
    quotas: Annotated[tuple[Service, ...], Field(min_length=1, max_length=2, strict=False)]
    if_unknown: Doubt = Field(alias="ifUnknown")


def _which_check(value: Any) -> str | None:
    keys = keys_of(value)
    if keys is None:
        return None
    words = {"plan_evaluation": "planEvaluation", "arc_readiness": "arcReadiness"}
    named = {words.get(key, key) for key in keys}
    hints = {"maxLag": "replication", "aboveOrUnknown": "replication", "maxAge": "planEvaluation"}
    kind = next((kind for kind in KINDS if kind in named), None)
    return f"<{kind or next((hints[key] for key in hints if key in named), 'family')}>"


ReadyCheck = Annotated[
    Annotated[ReplicationCheck, Tag("<replication>")]
    | Annotated[PlanCheck, Tag("<planEvaluation>")]
    | Annotated[ArcCheck, Tag("<arcReadiness>")]
    | Annotated[QuotaCheck, Tag("<quotas>")]
    | Annotated[FamilyCheck, Tag("<family>")],
    Discriminator(
        _which_check,
        custom_error_type="check",
        custom_error_message="expected a check: a mapping with the key `family`, `replication`, "
        "`planEvaluation`, `quotas` or `arcReadiness`",
    ),
]


def gate_of(check: Any, *, unknown: bool) -> str | None:
    """Return the gate that is asked where `check` is not plainly true.

    Returns None where the check blocks.
    """
    doubt = check.if_unknown if unknown else None
    if isinstance(check, ReplicationCheck) and check.above_or_unknown is not None:
        doubt = check.above_or_unknown
    return doubt.ask if isinstance(doubt, AskGate) else None


Path = tuple[str | int, ...]


def check_problems(
    ready: Sequence[ReadyCheck], at: Path, gates: Mapping[str, object]
) -> Iterator[tuple[Path, str]]:
    """Yield (path, sentence) of each thing that is wrong with the checks at `at`."""
    known = ", ".join(gates) or "none is there"
    for index, check in enumerate(ready):
        doubts = [("ifUnknown", check.if_unknown)]
        if isinstance(check, ReplicationCheck):
            doubts.append(("aboveOrUnknown", check.above_or_unknown))
            if (check.if_unknown is None) is (check.above_or_unknown is None):
                yield (*at, index), "expected exactly one of `aboveOrUnknown` and `ifUnknown`"
        for key, doubt in doubts:
            if isinstance(doubt, AskGate) and doubt.ask not in gates:
                message = f"no gate is named {doubt.ask!r} under `approvals`; expected one of: {known}"
                yield (*at, index, key, "ask"), message
    if ready and all(isinstance(check, ArcCheck) for check in ready):
        message = "`arcReadiness` may be stale and is not highly available; expected another check beside it"
        yield at, message
