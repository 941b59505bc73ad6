"""The rules of a policy that no single key can check.

- Moves: what a move names must be there.
- Leaves: a leaf that asks for more than can ever be counted would never be true, and nobody would know.
- Names: none may make two things one, or mean something else already.
- Limits and drills: a time of day needs a time zone.
- Traffic: the Regions of `traffic.dimensions` must be those of the policy.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from controller.core.model import Verdict
from controller.core.policy import conditions, readiness_checks, retention
from controller.core.policy.conditions import Condition, Leaf, ends, leaves
from controller.core.policy.readiness_checks import FamilyCheck, ReadyCheck
from controller.core.policy.schema import (
    LAG,
    OVERRIDE,
    Evacuate,
    EvacuateHere,
    HealthSignal,
    Policy,
    Restore,
    RestoreHere,
    Target,
    TargetHere,
)
from controller.core.policy.signals import countable, kind_of, names_of, never_plainly_false, observers_of
from controller.core.policy.terms import Path, Problem
from controller.core.text import format_duration

Use = tuple[Path, Leaf | FamilyCheck, Sequence[str]]
"""(path in the file, the leaf or check that asks, the Regions whose leaving it may be asked about)."""
MINUTE, LATEST = 60.0, 3600.0
"""Seconds: the pace of the tick, and how long at most a Region may stand still untold."""
MOST_SIGNALS = 2000
"""Signals of a policy: all are read for each decision, and those that are alarms polled once a minute."""


def reach_problems(policy: Policy, used: Iterable[Use]) -> Iterator[Problem]:
    """Yield each leaf that asks for more signals or observers than may ever count."""
    known: dict[tuple[str, str, bool, bool, tuple[str, ...]], tuple[int, str]] = {}
    for path, leaf, sources in used:
        if leaf.family not in policy.signals:
            continue
        asks = leaf if isinstance(leaf, Leaf) else None
        of_source = asks is not None and asks.in_ == "source"
        by_observer = asks is not None and asks.observers is not None
        wanted = (asks.observers or asks.signals) if asks else None
        case = (leaf.family, leaf.is_, of_source, by_observer, tuple(sources))
        if case not in known:
            known[case] = min(
                (_counted(policy, leaf, {subject, source}, by_observer=by_observer), subject)
                for subject in policy.regions
                for source in sources
                if (subject == source) == of_source
            )
        fewest, region = known[case]
        if fewest < (wanted if isinstance(wanted, int) else 1):
            noun = "observing Regions" if by_observer else "signals"
            message = (
                f"only {fewest} {noun} of {leaf.family} can ever be counted for {region}; "
                f"{_passed_over(policy, leaf)}"
            )
            yield Problem((*path, "observers" if by_observer else "signals" if wanted else "family"), message)


def _counted(policy: Policy, leaf: Leaf | FamilyCheck, inside: set[str], *, by_observer: bool) -> int:
    found = [countable(source, inside, Verdict(leaf.is_)) for source in policy.signals[leaf.family]]
    if by_observer:
        own = any(count and not observers for count, observers in found)
        return len(frozenset[str]().union(*(observers for _, observers in found))) + own
    return sum(count for count, _ in found)


def _passed_over(policy: Policy, leaf: Leaf | FamilyCheck) -> str:
    accuses = any(isinstance(source, HealthSignal) for source in policy.signals[leaf.family])
    if accuses and leaf.is_ != "breaching":
        return f"AWS Health only ever accuses, so it never says {leaf.is_}"
    return "a canary inside a Region under judgement is not"


def name_problems(policy: Policy) -> Iterator[Problem]:
    yield from _signals(policy)
    yield from _too_many(policy)
    yield from twice(policy.controllers, ("controllers",))
    if "all" in policy.signals:
        message = "`all` means every family; expected another name for a family"
        yield Problem(("signals", "all"), message, at_key=True)
    if "none" in policy.approvals:
        message = "`none` means that nobody is asked; expected another name for a gate"
        yield Problem(("approvals", "none"), message, at_key=True)
    for index, ask in enumerate(policy.approvals.get(OVERRIDE, ())):
        if ask.people < 2:
            message = "to set aside a safety rule takes two people; expected at least 2"
            yield Problem(("approvals", OVERRIDE, index, "people"), message)


def _signals(policy: Policy) -> Iterator[Problem]:
    for family, sources in policy.signals.items():
        names: set[str] = set()
        for index, source in enumerate(sources):
            at, kind = ("signals", family, index), kind_of(source)
            for name in names_of(source):
                if kind == "canary" and "{region}" not in name:
                    message = (
                        f"expected {{region}} in {name!r}: one canary cannot tell which Region it is about"
                    )
                    yield Problem((*at, kind), message)
                if f"{kind} {name}" in names:
                    yield Problem((*at, kind), f"{name!r} is already a signal of {family}")
                names.add(f"{kind} {name}")
            yield from twice(observers_of(source), (*at, "runsIn"))


def _too_many(policy: Policy) -> Iterator[Problem]:
    sources = [source for sources in policy.signals.values() for source in sources]
    about_one = sum(len(names_of(source)) * max(1, len(observers_of(source))) for source in sources)
    count = about_one * len(policy.regions)
    if count > MOST_SIGNALS:
        message = f"{count} signals, Regions and observers counted; expected at most {MOST_SIGNALS}"
        yield Problem(("signals",), message)


def twice(regions: Sequence[str], path: Path) -> Iterator[Problem]:
    for index, region in enumerate(regions):
        if region in regions[:index]:
            yield Problem((*path, index), f"{region} is written twice")


Move = Evacuate | EvacuateHere | Restore | RestoreHere | Target | TargetHere


def move_problems(policy: Policy) -> Iterator[Problem]:
    """Yield what is wrong with the moves, both common ones and a Region's own."""
    moves = dict(_moves(policy))
    whens = {(*at, "when"): move.when for at, move in moves.items()
             if not isinstance(move, Target | TargetHere) and move.when is not None}  # fmt: skip
    broken = list(conditions.condition_problems(whens, policy.conditions))
    yield from broken
    for region, entry in policy.regions.items():
        if entry.restore is not None and policy.restore is None:
            message = "no common `restore` is written that this could change; expected one"
            yield Problem(("regions", region, "restore"), message, at_key=True)
    for at, move in moves.items():
        yield from _gate(policy, at, move)
        if isinstance(move, Target | TargetHere):
            yield from _preferred(policy, move.prefer or (), (*at, "prefer"))
        for path, checks in _ready(at, move):
            for where, sentence in readiness_checks.check_problems(checks, path, policy.approvals):
                yield Problem(where, sentence)
    written = [
        *_plainly(policy, moves),
        *(use for at, when in {**_named(policy), **whens}.items() for use in _direct(when, at)),
    ]
    yield from _leaves(policy, written)
    if not broken:
        yield from _once(reach_problems(policy, _used(policy, moves)))
        yield from _once(retention.hold_problems(_holds(policy)))


def settle_problems(policy: Policy) -> Iterator[Problem]:
    """Yield each `settle` that is over before every ARC endpoint shows the wave."""
    for at, move in _moves(policy):
        said = None if isinstance(move, Target | TargetHere) else move.settle
        if said is not None and said < LAG:
            message = (
                f"expected at least {format_duration(LAG)}, found {format_duration(said)!r}: "
                "until then another ARC endpoint may show what was before the wave"
            )
            yield Problem((*at, "settle"), message)


def every_hold(policy: Policy) -> Iterator[tuple[Path, Leaf | FamilyCheck, float]]:
    """Yield each `for` that kept observations must prove: path, owner and seconds.

    A silence is proved by what is kept of others: that they were heard all along (S21).
    """
    for path, leaf, _ in _used(policy, dict(_moves(policy))):
        if leaf.for_ is not None:
            yield (*path, "for"), leaf, leaf.for_


def _holds(policy: Policy) -> Iterator[tuple[Path, float, float]]:
    for path, leaf, seconds in every_hold(policy):
        families = policy.signals if leaf.family == "all" else {leaf.family} & set(policy.signals)
        quiet = [source.silent_after for family in families for source in policy.signals[family]]
        asks = leaf.signals if isinstance(leaf, Leaf) else None
        everyone = asks == "all" or (leaf.is_ == "healthy" and asks is None)
        if quiet:
            yield path, seconds, min(quiet) if everyone else max(quiet)


def _moves(policy: Policy) -> Iterator[tuple[Path, Move]]:
    for key in ("evacuate", "target", "restore"):
        if (common := getattr(policy, key)) is not None:
            yield (key,), common
        for region, entry in policy.regions.items():
            if (here := getattr(entry, key)) is not None:
                yield ("regions", region, key), here


def _gate(policy: Policy, at: Path, move: Move) -> Iterator[Problem]:
    if isinstance(move, Target | TargetHere) or move.approval in (None, "none", *policy.approvals):
        return
    gates = ", ".join(["none", *policy.approvals])
    message = f"no gate is named {move.approval!r} under `approvals`; expected one of: {gates}"
    yield Problem((*at, "approval"), message)


def _preferred(policy: Policy, prefer: Sequence[str], at: Path) -> Iterator[Problem]:
    known = ", ".join(policy.regions)
    for index, region in enumerate(prefer):
        if region not in policy.regions:
            yield Problem((*at, index), f"unknown Region {region}; expected one of: {known}")
    yield from twice(prefer, at)


def _ready(at: Path, move: Move) -> Iterator[tuple[Path, Sequence[ReadyCheck]]]:
    if not isinstance(move, Evacuate | EvacuateHere) and move.ready is not None:
        yield (*at, "ready"), move.ready


def _named(policy: Policy) -> dict[Path, Condition]:
    return {("conditions", name): condition for name, condition in policy.conditions.items()}


def _direct(condition: Condition, at: Path) -> Iterator[tuple[Path, Leaf]]:
    return ((path, end) for path, end in ends(condition, at) if isinstance(end, Leaf))


def _plainly(policy: Policy, moves: Mapping[Path, Move]) -> Iterator[tuple[Path, Leaf | FamilyCheck]]:
    """Yield the leaves and family checks that stand in a list, with their paths.

    These are `unless`, `abortWhen`, and the families that must be healthy in `ready`.
    """
    for at, move in moves.items():
        if isinstance(move, Evacuate | EvacuateHere):
            yield from (((*at, "unless", i), leaf) for i, leaf in enumerate(move.unless or ()))
        for path, checks in _ready(at, move):
            yield from (((*path, i), c) for i, c in enumerate(checks) if isinstance(c, FamilyCheck))
    for index, leaf in enumerate(policy.drills.abort_when if policy.drills else ()):
        yield ("drills", "abortWhen", index), leaf


def _leaves(policy: Policy, written: Sequence[tuple[Path, Leaf | FamilyCheck]]) -> Iterator[Problem]:
    families = ", ".join(policy.signals)
    for path, leaf in written:
        if leaf.family not in policy.signals and leaf.family != "all":
            message = f"no family is named {leaf.family!r} under `signals`; expected one of: {families}"
            yield Problem((*path, "family"), message)
        if not isinstance(leaf, Leaf):
            continue
        if leaf.observers is not None and leaf.signals is not None:
            yield Problem((*path, "signals"), "expected either `observers` or `signals`, not both")
        if "unless" in path and never_plainly_false(policy, leaf):
            message = (
                "where AWS Health sent no notice nothing is known, so this would forbid every target; "
                "expected a family without `health`"
            )
            yield Problem((*path, "family"), message)
        if leaf.in_ == "target" and not {"unless", "abortWhen"} & set(path):
            yield Problem((*path, "in"), "`when` judges one Region alone; expected `source`")


def _used(policy: Policy, moves: Mapping[Path, Move]) -> Iterator[Use]:
    """Yield every leaf, and the Regions that may be left when it is asked.

    A Region's own value takes the place of the common one.
    """
    everywhere = tuple(policy.regions)
    for at, move in moves.items():
        own = at[0] == "regions"
        for key in ("when", "unless", "ready"):
            said = getattr(move, key, None)
            if said is None:
                continue
            others = [
                r for r, e in policy.regions.items() if getattr(getattr(e, str(at[-1])), key, None) is None
            ]
            sources = (str(at[1]),) if own else tuple(others)
            if not sources:
                continue
            if key == "when":
                yield from (
                    (path, leaf, sources) for path, leaf in leaves(said, (*at, key), policy.conditions)
                )
            else:
                found = (((*at, key, i), each) for i, each in enumerate(said))
                yield from ((path, c, sources) for path, c in found if isinstance(c, Leaf | FamilyCheck))
    for index, leaf in enumerate(policy.drills.abort_when if policy.drills else ()):
        yield ("drills", "abortWhen", index), leaf, everywhere


def _once(problems: Iterator[Problem]) -> Iterator[Problem]:
    yield from dict.fromkeys(problems)


def limit_problems(policy: Policy) -> Iterator[Problem]:
    """Yield each cron expression without a time zone, and an `askAgain` too late."""
    again, most = policy.limits.ask_again, policy.limits.cooldown / 2
    if again is not None and again > most:
        message = f"expected at most half the cooldown ({most:g}s), found {again:g}s"
        yield Problem(("limits", "askAgain"), message)
    elif again is not None and again < MINUTE:
        message = f"expected at least {MINUTE:g}s, which is how often anybody looks; found {again:g}s"
        yield Problem(("limits", "askAgain"), message)
    tells = policy.limits.tell_after
    if not MINUTE <= tells <= LATEST:
        message = f"expected {MINUTE:g}s to {LATEST:g}s, found {tells:g}s: people would hear of it too late"
        yield Problem(("limits", "tellAfter"), message)
    written: list[Path] = [("limits", "blackout", i, "cron") for i in range(len(policy.limits.blackout))]
    if policy.drills is not None and policy.drills.cron is not None:
        written.append(("drills", "cron"))
    if policy.timezone is None:
        for path in written:
            yield Problem(path, "in which time zone? expected the key `timezone`, such as Europe/Berlin")


def traffic_problems(policy: Policy) -> Iterator[Problem]:
    """Yield the Regions that `traffic.dimensions` lacks or does not know.

    Every Region counts by dimensions, or none does: a Region left out would count nothing for ever.
    """
    if policy.traffic is None or policy.traffic.dimensions is None:
        return
    at, known = ("traffic", "dimensions"), ", ".join(policy.regions)
    for region in policy.traffic.dimensions:
        if region not in policy.regions:
            yield Problem((*at, region), f"unknown Region {region}; expected one of: {known}", at_key=True)
    for region in policy.regions:
        if region not in policy.traffic.dimensions:
            yield Problem(at, f"{region} has no dimensions; expected some for each of: {known}")
