"""The rules of a configuration: what does not go together, a sentence each."""

from collections.abc import Iterator
from string import ascii_lowercase

from controller.core.policy.schema import CanarySignal, Policy
from controller.settings import Arc
from controller.steps.context.situation import every_query
from infra import names
from infra.config import Config, Reserved
from infra.geography import JOURNAL_SETS, SYNTHETICS
from infra.names import Names
from infra.sizes import CONCURRENCY, SIZES, UNRESERVED, USUAL_QUOTA

PAGERDUTY = ("events.pagerduty.com", "events.eu.pagerduty.com")
"""Where its Events API answers, in its two service regions."""
PANEL_RULES, PANEL_CONTROLS = 20, 100
"""Safety rules and routing controls of one control panel (ARC's quotas for routing control)."""


def problems_of(config: Config, policy: Policy) -> Iterator[str]:
    """Yield a sentence for each thing that does not go together with another, or with the policy."""
    yield from _places(config, policy)
    if config.application != policy.application:
        yield f"application: {config.application} is not the policy's, {policy.application}"
    asked = {name for kind, name, *_ in every_query(policy) if kind == "plan"}
    if lost := sorted(asked - set(config.plans)):
        yield (
            f"plans: no ARN for the Region switch plan {names.listed(lost)}, which the policy's "
            "`planEvaluation` asks: its answer would never be known"
        )
    sources = [s for entries in policy.signals.values() for s in entries]
    ran = {r for s in sources if isinstance(s, CanarySignal) for r in s.runs_in}
    if lost := sorted(ran - SYNTHETICS):
        yield f"policy: {names.listed(lost)} has no CloudWatch Synthetics: no canary can run there"
    guarded = set(policy.regions)
    for key, there in (("sample.certificates", config.sample and config.sample.certificates),
                       ("routing.endpoints", config.routing and config.routing.endpoints)):  # fmt: skip
        if there and set(there) != guarded:
            yield f"{key}: expected exactly the policy's Regions, {names.listed(policy.regions)}"
    if config.pipeline and config.pipeline.region in guarded:
        yield f"pipeline.region: {config.pipeline.region} serves traffic; a pipeline there would fail with it"
    if config.routing and not config.sample and not config.routing.endpoints:
        yield "routing.endpoints: missing; without the sample nothing says where the records lead"
    if config.routing and policy.enforcement == "live" and config.routing.top_records is None:
        yield (
            "routing.top_records: the policy is live; say true if the public name leads to the slices, "
            "else false"
        )
    console = config.console
    if console and set(console.addresses) != set(policy.controllers):
        yield f"console.addresses: expected exactly the controllers, {names.listed(policy.controllers)}"
    for region in guarded:
        if console and f".{region}." in console.issuer:
            yield f"console.issuer: it lies in {region}, which is guarded: nobody could sign in when it fails"
    yield from _panel(config, policy)
    yield from _objects(config, policy)
    yield from _reserved(config)
    if (told := config.heartbeat) and (told.kind == "pagerduty") is not (told.host in PAGERDUTY):
        yield f"heartbeat.host: {told.host} is not where PagerDuty's kind sends: {names.listed(PAGERDUTY)}"
    yield from _same_ids(policy, Names(config.prefix).master)
    yield from _accounts(config)
    if config.routing and config.routing.mode == "active-passive" and len(guarded) != 2:
        yield "routing.mode: active-passive is of two Regions"


def reservations(config: Config) -> dict[str, int]:
    """Return function -> how many of it are reserved; empty where the configuration asks for none."""
    chosen = config.reserved_concurrency
    if chosen is False:
        return {}
    told = chosen.functions if isinstance(chosen, Reserved) else {}
    there = {name: size.at_once for name, size in SIZES.items() if name != "Console" or config.console}
    return there | told


def _reserved(config: Config) -> Iterator[str]:
    """Yield what Lambda would refuse, or what would make a function wait for itself."""
    wanted = reservations(config)
    if unknown := sorted(wanted.keys() - SIZES.keys()):
        yield f"reserved_concurrency.functions: there is no function {names.listed(unknown)}"
    if 0 < wanted.get("Observe", 0) < CONCURRENCY:
        yield (
            f"reserved_concurrency.functions.Observe: {wanted['Observe']} is fewer than the {CONCURRENCY} "
            "batches that the queue hands over at once: what is refused would end in the dead letters"
        )
    chosen = config.reserved_concurrency
    quota = chosen.quota if isinstance(chosen, Reserved) else USUAL_QUOTA
    needed = sum(wanted.values()) + UNRESERVED
    if wanted and needed > quota:
        yield (
            f"reserved_concurrency: {sum(wanted.values())} in all, and {UNRESERVED} must stay unreserved: "
            f"more than the quota of {quota} concurrent executions; reserve fewer, or have it raised"
        )


def _panel(config: Config, policy: Policy) -> Iterator[str]:
    """Yield what does not fit into one control panel of the stack `routing`."""
    if config.routing is None or config.routing.switch == "standby":
        return
    controls = [control for entry in policy.regions.values() for control in entry.controls]
    slices = len(controls) // len(policy.regions)
    each = 2 if config.routing.mode == "active-passive" else 1
    if slices * each + 1 > PANEL_RULES:
        yield (
            f"routing: {slices} slices take {slices * each + 1} safety rules, and a control panel of ARC has "
            f"{PANEL_RULES} at most: {(PANEL_RULES - 1) // each} slices; make the switch yourself, with its "
            "names and canaries, and leave `routing` out"
        )
    if len(controls) + 1 > PANEL_CONTROLS:
        yield (
            f"routing: {len(controls)} controls and the master switch, and a control panel of ARC has "
            f"{PANEL_CONTROLS} at most; make the switch yourself, with its names and canaries, and leave "
            "`routing` out"
        )


def _objects(config: Config, policy: Policy) -> Iterator[str]:
    """Yield what a switch of objects cannot do without, or cannot do."""
    if config.routing is None or config.routing.switch != "standby":
        return
    slices = len(next(iter(policy.regions.values())).controls)
    if slices > len(ascii_lowercase):
        yield f"routing: {slices} slices; {len(ascii_lowercase)} at most, for each is named by a letter"
    if not set(policy.controllers) - set(policy.regions):
        yield (
            "routing.switch: every controller Region serves traffic, and objects need one that does not: the "
            "state of a Region that stays would lie in the one that fails; take `switch: arc`"
        )
    if policy.enforcement == "live" and not config.routing.by_hand:
        yield (
            "routing.by_hand: missing; where no controller runs nobody could move traffic: name the roles of "
            "the people who may"
        )
    for role in config.routing.by_hand:
        if role.split(":")[4] != config.accounts.controller:
            yield f"routing.by_hand: {role} is of another account than the buckets, and could write nothing"


def _same_ids(policy: Policy, master: str) -> Iterator[str]:
    """Yield names that a template cannot tell apart: in its ids `-`, `_` and capital letters are gone."""
    controls = [control for entry in policy.regions.values() for control in entry.controls]
    for what, written in (("control", [*controls, master]), ("family", list(policy.signals))):
        known: dict[str, str] = {}
        for name in written:
            other = known.setdefault(names.capital(name), name)
            if other != name or written.count(name) > 1:
                yield f"policy: a template cannot tell the {what} {name} from {other}; rename one of them"


def _places(config: Config, policy: Policy) -> Iterator[str]:
    controllers = policy.controllers
    if len(controllers) != 3:
        yield (
            f"policy: {len(controllers)} controller Regions; the journal needs three, which agree by "
            "majority (`controllers: [...]`)"
        )
    elif not any(set(controllers) <= those for those in JOURNAL_SETS):
        sets = "; ".join(names.listed(sorted(those)) for those in JOURNAL_SETS)
        yield f"policy: no strongly consistent table spans {names.listed(controllers)}; take three of: {sets}"
    if config.home not in controllers:
        yield f"home: {config.home} is no controller Region ({names.listed(controllers)})"


def _accounts(config: Config) -> Iterator[str]:
    """Yield what does not go together where not all lives in one account."""
    accounts = config.accounts
    arc = accounts.arc or accounts.controller
    split = accounts.application != accounts.controller
    if split and config.routing and not config.routing.endpoints:
        yield "routing.endpoints: needed where the application lives in another account"
    if arc != accounts.controller and config.routing:
        yield (
            f"accounts.arc: {arc} is not the controllers' account, where the stack `routing` makes the "
            "switch; leave `routing` out, and make the switch there yourself, with its names and canaries"
        )
    for name, arn in config.plans.items():
        owner = arn.split(":")[4]
        if accounts.arc not in (None, owner):
            yield (
                f"plans.{name}: the plan lives in account {owner}, and `accounts.arc` is {arc}: nobody would "
                "ever know its answer"
            )
    if accounts.desk and not split and arc == accounts.controller:
        yield "accounts.desk: all lives in one account, so nobody needs a role to look into another"
    for arn in accounts.desk:
        if arn.split(":")[4] != accounts.controller:
            yield f"accounts.desk: {arn} is no role of the controllers' account, {accounts.controller}"


def panel_owner(config: Config, arc: Arc) -> list[str]:
    """Return a problem where the panel is not of the account that `accounts.arc` names.

    Where it names none, ARC is reached from the controllers' account: its own, or shared with it.
    """
    named, parts = config.accounts.arc, arc.panel.split(":")
    owner = parts[4] if len(parts) > 5 else named
    if named in (None, owner):
        return []
    return [f"arc: the control panel of {config.arc} lives in account {owner}, and `accounts.arc` is {named}"]
