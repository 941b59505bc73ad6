"""What no single key of a move can know: what it names must be there."""

from collections.abc import Iterator, Mapping, Sequence

from controller.core import checks_admission, conditions_admission, holding, reach_admission
from controller.core.checks import FamilyCheck, ReadyCheck
from controller.core.conditions import Condition, Leaf
from controller.core.conditions_admission import ends, leaves
from controller.core.moves import Evacuate, EvacuateHere, Restore, RestoreHere, Target, TargetHere
from controller.core.names_admission import twice
from controller.core.policy import Policy
from controller.core.problems import Path, Problem
from controller.core.reach_admission import Use
from controller.core.sources import never_plainly_false

Move = Evacuate | EvacuateHere | Restore | RestoreHere | Target | TargetHere


def move_problems(policy: Policy) -> Iterator[Problem]:
    """What is wrong with the common moves, and with those that a Region says otherwise."""
    moves = dict(_moves(policy))
    whens = {(*at, "when"): move.when for at, move in moves.items()
             if not isinstance(move, Target | TargetHere) and move.when is not None}  # fmt: skip
    broken = list(conditions_admission.condition_problems(whens, policy.conditions))
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
            for where, sentence in checks_admission.check_problems(checks, path, policy.approvals):
                yield Problem(where, sentence)
    written = [
        *_plainly(policy, moves),
        *(use for at, when in {**_named(policy), **whens}.items() for use in _direct(when, at)),
    ]
    yield from _leaves(policy, written)
    if not broken:
        yield from _once(reach_admission.reach_problems(policy, _used(policy, moves)))
        yield from _once(holding.hold_problems(_holds(policy)))


def every_hold(policy: Policy) -> Iterator[tuple[Path, Leaf | FamilyCheck, float]]:
    """Each `for` that what is remembered must prove: its path, whose it is, its seconds.

    Silence has only our clock: it is known from the last observation alone.
    """
    for path, leaf, _ in _used(policy, dict(_moves(policy))):
        if leaf.for_ is not None and leaf.is_ != "silent":
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
    """What stands in a list: `unless`, `abortWhen`, and the families that must be well in a target."""
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
    """Every leaf, and who may be left when it is asked: a Region's own word takes the common one's place."""
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
