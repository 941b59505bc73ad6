"""What one controller Region is deployed with: names, ARNs and endpoints, all literals, nothing looked up."""

from pydantic import BaseModel, ConfigDict, Field


class Clock(BaseModel):
    """A rehearsal's clock: scenario time runs `speed` times as fast from (`start`, `wall_start`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speed: float = Field(gt=0)
    start: float
    wall_start: float


class Arc(BaseModel):
    """`arc.json`: the cluster's five data-plane endpoints by Region, the panel, control name -> ARN."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoints: dict[str, str] = Field(min_length=1)
    panel: str
    controls: dict[str, str]
    wait_period_s: float = Field(default=5.0, ge=0)


class Deployment(BaseModel):
    """Everything that `wiring.build` needs. `endpoint_url` is set in a rehearsal only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(pattern=r"^\d{12}$")
    region: str
    deployed: float
    policy: dict[str, object]
    journal_table: str
    evidence_table: str
    assessments_table: str
    topic: str
    bus: str = "default"
    state_machine: str
    key: str
    arc: Arc
    endpoint_url: str | None = None
    clock: Clock | None = None
