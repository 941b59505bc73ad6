"""A configuration with everything that it names, checked. What is wrong is a sentence, before any
synthesis."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from controller.core.policy.review_record import Review, review_of
from controller.core.policy.schema import CanarySignal, EventSignal, Policy
from controller.core.policy.validation import compiled
from controller.lab.cases.review_record import review_file
from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.positions import PolicyRefused
from controller.settings import Arc, Bucket, Heartbeat, SignIn, Standby
from infra import names
from infra.config import Config, beside
from infra.geography import ARC_ENDPOINTS, HEALTH_BACKUPS
from infra.names import Names
from infra.rules import panel_owner, problems_of, reservations

ROOT = Path(__file__).resolve().parents[1]


class ConfigRefused(ValueError):  # noqa: N818
    """The deployment is not synthesised. `problems`: one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Project:
    """A configuration, its policy, and ARC's names where there are any.

    deployed: seconds since 1970. file: the configuration's path in the repository.
    """

    config: Config
    policy: Policy
    arc: Arc | None
    deployed: float
    review: Review | None = None
    file: str | None = None

    @property
    def account(self) -> str:
        return self.config.accounts.controller

    @cached_property
    def names(self) -> Names:
        return Names(self.config.prefix)

    def account_of(self, place: str) -> str:
        """The account of the evidence (`evidence`: alarms, canaries, metrics, quotas), or of ARC (`arc`)."""
        accounts = self.config.accounts
        return accounts.application if place == "evidence" else accounts.arc or accounts.controller

    @property
    def external_id(self) -> str:
        """What the roles in other accounts ask for; it is no secret."""
        return self.names.of(self.policy.application)

    @property
    def live(self) -> bool:
        return self.policy.enforcement == "live"

    @property
    def protected(self) -> bool:
        """Whether nobody can delete tables and stacks before they take that off: not at a first try.

        CloudFormation could not take a failed one back, and what it leaves has the names that the next needs.
        """
        chosen = self.config.protected
        return self.live if chosen is None else chosen

    @cached_property
    def reserved(self) -> dict[str, int]:
        """Function -> its reserved concurrency; empty where none is reserved."""
        return reservations(self.config)

    @cached_property
    def watchers(self) -> tuple[str, ...]:
        """Every Region where a canary runs."""
        sources = [s for entries in self.policy.signals.values() for s in entries]
        found = [r for s in sources if isinstance(s, CanarySignal) for r in s.runs_in]
        found += [r for s in sources if isinstance(s, EventSignal) for r in s.runs_in or ()]
        return tuple(dict.fromkeys(found))

    @cached_property
    def probed(self) -> tuple[str, ...]:
        """Every Region that forwards: the guarded ones, those of canaries, and where AWS Health repeats
        itself."""
        places = (*self.policy.regions, *self.watchers, *HEALTH_BACKUPS)
        return tuple(dict.fromkeys(places))

    @property
    def forwarding(self) -> tuple[str, ...]:
        """Of `probed`, those whose forward letters lie in the controllers' account: all, or none."""
        return self.probed if self.config.accounts.application == self.account else ()

    @property
    def objects_move(self) -> bool:
        """Whether traffic moves by objects that health checks watch, and never by an ARC cluster."""
        return self.config.routing is not None and self.config.routing.switch == "standby"

    @property
    def switch_later(self) -> bool:
        """Whether the stack `routing` makes an ARC cluster that nothing uses yet: no arc.json names it."""
        return self.config.routing is not None and not self.objects_move and self.arc is None

    @cached_property
    def standby(self) -> Standby | None:
        """Without ARC: objects in buckets. A shadow deployment that waits for its cluster writes none."""
        if self.arc is not None:
            return None
        homes = {region: self.switch_home(region) for region in self.policy.regions}
        buckets = {
            r: Bucket(name=self.names.switch_bucket(self.account, r), region=home)
            for r, home in homes.items()
        }
        every = [control for entry in self.policy.regions.values() for control in entry.controls]
        return Standby(
            bucket_by_region=buckets,
            objects={c: f"{c}.off" for c in every},
            health_checks=self.objects_move,
        )

    def switch_home(self, region: str) -> str:
        """The controller Region that holds the bucket which stands for the switch of `region`.

        One that serves no traffic, where there is one: else what stays could not be read without what fails.
        """
        elsewhere = [here for here in self.policy.controllers if here != region]
        return next((here for here in elsewhere if here not in self.policy.regions), elsewhere[0])

    @property
    def heartbeat(self) -> Heartbeat | None:
        """Who outside is told that a controller is well, and the name of the secret that says where."""
        told = self.config.heartbeat
        secret = self.names.of(names.HEARTBEAT)
        return Heartbeat(kind=told.kind, host=told.host, secret=secret) if told else None

    @property
    def consoles(self) -> dict[str, str]:
        """Controller Region -> the address of its console."""
        console = self.config.console
        return {r: f"https://{a.name}" for r, a in console.addresses.items()} if console else {}

    def signing_in(self, region: str) -> dict[str, Any]:
        """`sign-in.json` of the console in `region`."""
        console = self.config.console
        assert console is not None
        chosen = console.model_dump(include={"issuer", "client_id", "hosts", "groups", "person"})
        return SignIn.model_validate(chosen | {"origin": self.consoles[region]}).model_dump(mode="json")

    def packaged(self) -> dict[str, dict[str, Any]]:
        """The files of the function package, by name."""
        files: dict[str, dict[str, Any]] = {"policy.json": compiled(self.policy)}
        if self.review is not None:
            files["review.json"] = self.review.data()
        if self.config.plans:
            files["plans.json"] = dict(self.config.plans)
        if self.heartbeat is not None:
            files["heartbeat.json"] = self.heartbeat.model_dump(mode="json")
        if self.consoles:
            files["consoles.json"] = dict(self.consoles)
        if self.arc is not None:
            return files | {"arc.json": self.arc.model_dump(mode="json")}
        assert self.standby is not None
        return files | {"standby.json": self.standby.model_dump(mode="json")}


def load(path: Path, *, deployed: float) -> Project:
    """Raises `ConfigRefused` with every problem that could be found."""
    config = _config(path)
    file = beside(path, config.policy)
    try:
        policy = load_policy(file).policy
    except PolicyRefused as refused:
        raise ConfigRefused([f"policy: {problem}" for problem in refused.problems]) from refused
    arc, problems = _arc(beside(path, config.arc), config, policy)
    problems += problems_of(config, policy)
    review, doubts = _review(file, policy)
    problems += doubts
    within = _within(path, config)
    if config.pipeline and within is None:
        problems.append("pipeline.file: missing; this file lies outside of the repository that is built")
    if problems:
        raise ConfigRefused([f"{path.name}: {problem}" for problem in problems])
    return Project(config, policy, arc, deployed, review, within)


def _within(path: Path, config: Config) -> str | None:
    """Return the configuration's path in the repository."""
    if config.pipeline and config.pipeline.file:
        return config.pipeline.file
    whole = path.resolve()
    return whole.relative_to(ROOT).as_posix() if whole.is_relative_to(ROOT) else None


def _review(policy_file: Path, policy: Policy) -> tuple[Review | None, list[str]]:
    """What `tidegate policy reviewed` wrote beside the policy; one of another version is refused."""
    file = review_file(policy_file)
    if not file.is_file():
        return None, []
    try:
        return review_of(json.loads(file.read_text(encoding="utf-8")), policy.digest), []
    except (ValueError, OSError, TypeError) as error:
        return None, [f"{file.name}: {error}"]


def _config(path: Path) -> Config:
    try:
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigRefused([f"{path}: {error.strerror}"]) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigRefused([f"{path}: not YAML: {' '.join(str(error).split())[:300]}"]) from error
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        told = [
            f"{path.name}: {'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors()
        ]
        raise ConfigRefused(told) from error


def _arc(file: Path, config: Config, policy: Policy) -> tuple[Arc | None, list[str]]:
    if config.routing is not None and config.routing.switch == "standby":
        told = f"arc: {config.arc} is there, and `routing.switch` is standby; take one of them away"
        return None, [told] if file.is_file() else []
    if not file.is_file():
        if policy.enforcement == "shadow":
            return None, []
        return None, [
            f"arc: {config.arc} is missing, and the policy says `enforcement: live`; deploy `routing` and "
            "the shadow controllers first, then write the file with `tidegate doctor --write-arc`"
        ]
    try:
        arc = Arc.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, OSError) as error:
        return None, [
            f"arc: {config.arc} is not as schemas/arc.v1.json says: {' '.join(str(error).split())[:400]}"
        ]
    wanted = {c for entry in policy.regions.values() for c in entry.controls}
    lost = sorted(wanted - set(arc.controls))
    problems = [f"arc: {config.arc} has no ARN for {names.listed(lost)}"] if lost else []
    problems += panel_owner(config, arc)
    if set(arc.endpoints) != set(ARC_ENDPOINTS):
        problems.append(f"arc: {config.arc} must name the endpoints in {names.listed(ARC_ENDPOINTS)}")
    return arc, problems
