"""The lines of a trace, as they must be: what a page will show is checked, the rest is kept as it is."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from controller.core.model import Observation

Time = Annotated[float, Field(ge=0, le=1e11)]


class Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Run(Line):
    is_: Literal["run"] = Field(alias="is")
    schema_: Literal["tidegate.trace/v1"] = Field(alias="schema")
    name: Annotated[str, Field(max_length=200)]
    policy: dict[str, Any]
    account: Annotated[str, Field(pattern=r"^\d{12}$")]
    here: Annotated[str, Field(max_length=40)]
    until: Time
    controls: dict[str, bool]


class Happened(Line):
    is_: Literal["event"] = Field(alias="is")
    event: dict[str, Any]


class Heard(Line):
    is_: Literal["evidence"] = Field(alias="is")
    signal: str
    seen: tuple[Observation, ...]


class Counted(Line):
    is_: Literal["requests"] = Field(alias="is")
    region: str
    minutes: tuple[tuple[Time, float], ...]


class Shown(BaseModel):
    """What a page shows of a stored decision; there may be more."""

    model_config = ConfigDict(extra="allow")


class Check(Shown):
    guard: str
    value: Literal["true", "false", "unknown"]
    sentence: str


class Answer(Shown):
    value: Literal["true", "false", "unknown"]
    sentence: str


class State(Shown):
    name: str
    observer: str
    verdict: str
    since: str | None
    age_s: float | None


class Node(Shown):
    path: str
    value: Literal["true", "false", "unknown"]
    sentence: str
    children: tuple["Node", ...] = ()
    signals: tuple[State, ...] = ()


class Leaf(Shown):
    path: str
    value: str
    sentence: str


class Decided(Shown):
    region: str
    code: str
    reason: str
    target: str | None = None
    checks: tuple[Check, ...]
    readiness: tuple[Answer, ...] = ()
    tree: Node | None = None
    kept_by: tuple[Leaf, ...] = ()


class Record(Shown):
    decisions: tuple[Decided, ...] = ()


class Assessed(Line):
    is_: Literal["assessment"] = Field(alias="is")
    at: Time
    record: Record


AnyLine = Run | Happened | Heard | Counted | Assessed
LINE: TypeAdapter[AnyLine] = TypeAdapter(Annotated[AnyLine, Field(discriminator="is_")])
