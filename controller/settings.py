"""The settings of one controller Region: names, ARNs and endpoints.

All of them are literals; nothing is looked up.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

PREFIX = "tidegate"
"""What the names of a deployment begin with unless its configuration says otherwise."""


class Clock(BaseModel):
    """A rehearsal's clock: scenario time runs `speed` times as fast from (`start`, `wall_start`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speed: float = Field(gt=0)
    start: float
    wall_start: float


class Gate(BaseModel):
    """A master switch: the ARNs of a gating control, and of the gating rule that it serves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    control: str
    rule: str


class Arc(BaseModel):
    """`arc.json`: the cluster's five data-plane endpoints by Region, the panel, control name -> ARN.

    gates: name of a master switch -> its ARNs. It is shown, never moved, and its rule is never set aside.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoints: dict[str, str] = Field(min_length=1)
    panel: str
    controls: dict[str, str]
    gates: dict[str, Gate] = Field(default_factory=dict)
    wait_period_s: float = Field(default=5.0, ge=0)


class Bucket(BaseModel):
    """A bucket, and the Region whose S3 endpoint writes to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    region: str

    @property
    def host(self) -> str:
        """Return the name by which health checkers ask for an object."""
        return f"{self.name}.s3.{self.region}.amazonaws.com"


class Standby(BaseModel):
    """A switch without an ARC cluster: health checks watch objects in buckets outside the watched Region.

    bucket_by_region: Region that is watched -> its bucket. objects: control -> key; a control without an
    object is always On (the standby's own record, which has no health check). health_checks: False in a
    shadow that waits for its ARC cluster: nothing watches its objects, and nobody writes one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bucket_by_region: dict[str, Bucket] = Field(min_length=1)
    objects: dict[str, str] = Field(min_length=1)
    health_checks: bool = True

    @model_validator(mode="after")
    def _outside(self) -> Self:
        for region, bucket in self.bucket_by_region.items():
            if bucket.region == region:
                raise ValueError(f"the bucket that moves {region} lies in {region}: it would fail with it")
        if len(set(self.objects.values())) != len(self.objects):
            raise ValueError("two controls share an object")
        return self


class SignIn(BaseModel):
    """How people sign in to the console: an OpenID Connect issuer, where it is a public client with PKCE.

    origin: the console's own address, without a path. hosts: where the issuer's endpoints are, besides its
    own host; nothing else is ever called. groups, person: claims of the id token; `person` names a human
    being for good, is unique at the issuer and cannot be changed by that person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(pattern=r"^(https://[^/?#\s]+|http://127\.0\.0\.1:\d+)(/[^?#\s]*)?$")
    client_id: str = Field(min_length=1, max_length=200)
    origin: str = Field(pattern=r"^(https://[a-z0-9.-]+(:\d+)?|http://127\.0\.0\.1:\d+)$")
    hosts: tuple[str, ...] = ()
    scope: str = "openid email profile"
    groups: str = "groups"
    person: str = "email"

    @property
    def allowed(self) -> tuple[str, ...]:
        """Return the hosts (`host`, `host:port`) that may be called."""
        return (self.issuer.partition("://")[2].partition("/")[0], *self.hosts)


CANARY_RUNTIME = "syn-python-selenium-14.0"
"""The Synthetics runtime of all canaries that we deploy; no other place names it.

AWS withdraws runtimes yearly (CloudWatch User Guide, "Runtime support policy"): `tidegate doctor` asks.
"""


class Records(BaseModel):
    """The records that lead customers: the public name, its hosted zone, and how a slice picks its Region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    zone: str
    mode: Literal["active-active", "active-passive"] = "active-active"


class Heartbeat(BaseModel):
    """Who outside notices that a controller is silent.

    host: the only one that is called. secret: the name of a secret in each controller Region, which holds an
    address there, or PagerDuty's routing key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["https", "pagerduty"] = "https"
    host: str = Field(pattern=r"^(([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}|127\.0\.0\.1:\d{1,5})$")
    secret: str = Field(pattern=r"^[\w/+=.@-]{1,200}$")


class Right(BaseModel):
    """What one statement of a role allows. keys: IAM condition key -> the value (or values) that the calls
    carry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actions: tuple[str, ...] = Field(min_length=1)
    resources: tuple[str, ...] = Field(min_length=1)
    keys: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)


class Access(BaseModel):
    """A role in another account, by which a controller looks or acts there.

    external_id: what the role's trust asks for; it is no secret.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str = Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,128}$")
    external_id: str = Field(pattern=r"^[\w+=,.@:/-]{2,200}$")

    @property
    def account(self) -> str:
        return self.role.split(":")[4]


class Deployment(BaseModel):
    """Everything that `wiring.build` needs. `endpoint_url` is set in a rehearsal only.

    Exactly one of `arc` and `standby` is given. plans: the policy's name of a Region switch plan -> its ARN.
    records, issuer, rights (handler -> what its role must allow): what the doctor compares AWS with.
    signing_key, audit_bucket: what an export of the record is signed by and locked in.
    forwarding: Regions whose events go to the controllers; each keeps what none took in a queue.
    people_days: for which a person's name is kept after their last act.
    at_once, reserved: function -> how many of it run at the same time at most, and how many are kept for it.
    evidence, arc_access: the role where alarms and canaries live, and where ARC does; None: in `account`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(pattern=r"^\d{12}$")
    region: str
    prefix: str = Field(default=PREFIX, pattern=r"^[a-z][a-z0-9]{0,15}$")
    deployed: float
    policy: dict[str, object]
    journal_table: str
    evidence_table: str
    assessments_table: str
    people_table: str
    people_days: int = Field(default=400, ge=1, le=36_500)
    topic: str
    bus: str = "default"
    state_machine: str
    key: str
    dead_letters: str
    forwarding: tuple[str, ...] = ()
    signing_key: str = "alias/tidegate-signing"
    audit_bucket: Bucket | None = None
    console_by_region: dict[str, str] = {}
    arc: Arc | None = None
    standby: Standby | None = None
    endpoint_url: str | None = None
    clock: Clock | None = None
    plans: dict[str, str] = Field(default_factory=dict)
    review: dict[str, object] | None = None
    records: Records | None = None
    issuer: str | None = None
    rights: dict[str, tuple[Right, ...]] = Field(default_factory=dict)
    heartbeat: Heartbeat | None = None
    at_once: dict[str, int] = Field(default_factory=dict)
    reserved: dict[str, int] = Field(default_factory=dict)

    evidence: Access | None = None
    arc_access: Access | None = None

    @property
    def has_switch(self) -> bool:
        """Return False for a shadow that waits for its ARC cluster: nothing of it moves traffic yet."""
        return self.arc is not None or (self.standby is not None and self.standby.health_checks)

    @property
    def speed(self) -> float:
        """Return how many seconds pass in one: a rehearsal's are shorter."""
        return self.clock.speed if self.clock else 1.0

    @property
    def evidence_account(self) -> str:
        """Return the account whose events and alarms are evidence."""
        return self.evidence.account if self.evidence else self.account

    @model_validator(mode="after")
    def _one_switch(self) -> Self:
        if (self.arc is None) == (self.standby is None):
            raise ValueError("exactly one of arc and standby must be given")
        return self
