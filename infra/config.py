"""What one deployment is made of: `infra/config/*.yaml` as a model, and the files that it names."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from controller.settings import PREFIX
from infra.sizes import USUAL_QUOTA

Prefix = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,15}$")]
"""Without a hyphen: what begins with `PREFIX-` is then of one deployment only."""
TAKEN = {
    "watch": "what the names of alarms on tidegate itself begin with",
    "sthree": "kept by Amazon S3 for its own buckets",
    "aws": "kept by AWS for its own names",
}
"""Prefix -> why no deployment can have it."""
Account = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
Domain = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", max_length=200)
]
ZoneId = Annotated[str, StringConstraints(pattern=r"^Z[A-Z0-9]{4,31}$")]
Arn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:\S+$")]
Role = Annotated[str, StringConstraints(pattern=r"^arn:aws:iam::\d{12}:role/[\w+=,.@/*-]+$", max_length=300)]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws:iam::\d{12}:role/[\w+=,.@/-]{1,150}$")]
Https = Annotated[str, StringConstraints(pattern=r"^https://[A-Za-z0-9.-]+(/\S*)?$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^\s@]+@[^\s@]+\.[^\s@]+$")]


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Accounts(Strict):
    """Where the controllers live, where the application with its alarms and canaries does, and ARC.

    arc: of cluster, Region switch plans and readiness checks; None: the controllers' own. desk: the roles of
    people who may look into the other accounts from a terminal, as `tidegate doctor` does.
    """

    controller: Account
    application: Account
    arc: Account | None = None
    desk: list[RoleArn] = Field(default_factory=list, max_length=5)


class Endpoint(Strict):
    """What an alias record of a Regional endpoint points at."""

    name: str
    zone: ZoneId


class Routing(Strict):
    """The switch, and the records above it: an ARC cluster with controls and safety rules, or objects.

    switch: `arc`, or `standby`: objects that health checks watch (decision 11). by_hand: of objects, the
    roles of people who may write them; a `*` stands for any part of a name. cluster: of ARC, `new`, or the
    ARN of one that is there. endpoints: Region -> the Regional endpoint's alias target; none for the sample,
    whose stacks say it themselves. top_records: whether to make the records of `name` itself, which are
    refused where it has others (docs/runbooks/moving-a-name.md); None makes none.
    """

    switch: Literal["arc", "standby"] = "arc"
    cluster: Literal["new"] | Arn = "new"
    by_hand: list[Role] = Field(default_factory=list, max_length=20)
    mode: Literal["active-active", "active-passive"] = "active-active"
    name: Domain
    zone: ZoneId
    top_records: bool | None = None
    endpoints: dict[Region, Endpoint] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _of_its_switch(self) -> Self:
        if self.switch == "standby" and "cluster" in self.model_fields_set:
            raise ValueError("cluster: objects need no cluster; leave it out")
        if self.switch == "arc" and self.by_hand:
            raise ValueError("by_hand: ARC asks IAM alone who may move a control; leave it out")
        return self


class Sample(Strict):
    """The sample application. certificates: Region -> ACM certificate of the name and of `*.` the name."""

    certificates: dict[Region, Arn]
    requests_per_second: Annotated[int, Field(ge=1, le=10_000)] = 200
    burst: Annotated[int, Field(ge=1, le=10_000)] = 400


class Address(Strict):
    """A console's own name, and the ACM certificate of it in its Region."""

    name: Domain
    certificate: Arn


class Console(Strict):
    """Where people approve: who signs them in, and the address of the console in each controller Region."""

    issuer: Https
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    hosts: list[Domain] = Field(default_factory=list, max_length=10)
    groups: str = "groups"
    person: str = "email"
    zone: ZoneId
    addresses: dict[Region, Address]


class Watcher(Strict):
    """Who outside pages people when a controller falls silent. host: the only one that is called.

    Address or key lie in a secret of each controller Region, which a person makes.
    """

    kind: Literal["https", "pagerduty"] = "https"
    host: Domain


class Pipeline(Strict):
    """Region that serves no traffic, and the repository that it deploys from.

    file: this configuration's path in the repository, where it lies outside of the working copy.
    """

    region: Region
    connection: Arn
    repository: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    branch: str = "main"
    file: Annotated[str, StringConstraints(pattern=r"^[\w./-]+$")] | None = None


class Reserved(Strict):
    """How many of each function may always run, and never more. quota: the account's, in a controller Region.

    functions: function -> how many, where it is not what `infra.sizes` says.
    """

    quota: Annotated[int, Field(ge=1, le=1_000_000)] = USUAL_QUOTA
    functions: dict[str, Annotated[int, Field(ge=1, le=10_000)]] = Field(default_factory=dict)


class Config(Strict):
    """One deployment. `home`: the controller Region that owns the journal table and the primary keys.

    prefix: what all its names begin with; another one for each deployment that shares an account.

    journal_made: how many times the journal's table was made under its name; another number makes it anew.
    protected: against deletion, once the first deployment stands; None protects what is live.
    """

    tidegate: Literal[1]
    prefix: Prefix = PREFIX
    application: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    policy: str
    arc: str = "arc.json"
    home: Region
    accounts: Accounts
    routing: Routing | None = None
    sample: Sample | None = None
    pipeline: Pipeline | None = None
    console: Console | None = None
    plans: dict[str, Arn] = Field(default_factory=dict)
    heartbeat: Watcher | None = None
    notify: list[Email] = Field(default_factory=list, max_length=20)
    journal_made: Annotated[int, Field(ge=1, le=99)] = 1
    protected: bool | None = None
    audit_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    log_days: Literal[30, 60, 90, 180, 365, 731] = 365
    people_days: Annotated[int, Field(ge=1, le=36_500)] = 400
    reserved_concurrency: bool | Reserved = False

    @field_validator("prefix")
    @classmethod
    def _not_anothers(cls, prefix: str) -> str:
        if prefix in TAKEN:
            raise ValueError(f"`{prefix}` is {TAKEN[prefix]}: take another")
        return prefix

    @model_validator(mode="after")
    def _sample_needs_a_name(self) -> Self:
        if self.sample is not None and self.routing is None:
            raise ValueError("the sample needs `routing`: its custom domain is the name there")
        return self


def beside(config_file: Path, name: str) -> Path:
    """A file that a configuration names, relative to it."""
    return (config_file.parent / name).resolve()
