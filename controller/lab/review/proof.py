"""Proof by trying: in each situation, is each Region left, and once it is well again, brought home?

The real core decides, minute by minute, on evidence made up for the situation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.core.admission import expected_signals
from controller.core.model import Decision, Truth
from controller.core.policy import Policy
from controller.core.report import flip_set, stamp
from controller.core.windows import open_window
from controller.lab.cases.feed import MINUTE
from controller.lab.cases.model import DAY
from controller.lab.cases.play import ACCOUNT, Played, Scope, as_live, near, play
from controller.lab.leaves import waits
from controller.lab.places import Path
from controller.lab.review.findings import Finding, in_file
from controller.lab.review.situations import DARK, SITUATIONS, as_case, failing, says

MARGIN = 5 * MINUTE
START = 1_893_484_800.0  # 2030-01-01T08:00:00Z, a Tuesday
_GUARDED = {
    "shared-cause": ("evacuate", "unless"),
    "no-target": ("target", "prefer"),
    "target-not-ready": ("target", "ready"),
    "floor": ("limits", "minRegionsOn"),
    "blackout": ("limits", "blackout"),
    "velocity": ("limits", "evacuationsPerDay"),
    "cooldown": ("limits", "cooldown"),
    "cut-off": ("signals",),
}
"""Code of a guard -> the key that sets it."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a Region is left in a situation. after: seconds until it was; None: never.

    when: the value of its condition at the end. code, reason: what kept it.
    """

    region: str
    situation: str
    after: float | None
    when: Truth | None = None
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Proved:
    proofs: tuple[Proof, ...]
    findings: tuple[Finding, ...]


def prove(policy: Policy) -> Proved:
    """Try every Region in every situation, and its return."""
    live = as_live(policy)
    lasts = patience(live)
    begins = free_start(live, lasts)
    if begins is None:
        return Proved((), (_no_free_hour(),))
    proofs: list[Proof] = []
    findings: list[Finding] = []
    for region in live.regions:
        for situation in SITUATIONS:
            said = failing(live, region, situation, near(live, region))
            case = as_case(situation, said, begins=stamp(begins), lasts=lasts)
            played = play(live, case, Scope(only=region, first=True))
            proof = _outcome(played, region, situation)
            proofs.append(proof)
            if proof.after is None:
                findings += _kept(live, proof, played.moments[-1].decisions[region])
        if live.restore is not None:
            findings += _return(live, region, begins)
    return Proved(tuple(proofs), tuple(dict.fromkeys(findings)))


def moves(policy: Policy, region: str, signals: dict[str, str], begins: float) -> bool:
    """Whether `region` is left where these signals (id -> word) speak and all others are well."""
    named = expected_signals(policy, ACCOUNT, [region])
    said = [says(s, signals[s.id]) for s in named if s.id in signals]
    case = as_case("", said, begins=stamp(begins), lasts=patience(policy))
    return bool(play(policy, case, Scope(only=region, first=True, every=5, tree=False)).moved)


def free_start(policy: Policy, lasts: float) -> float | None:
    """A moment of some week from which no blackout comes for so long, or a day; None where there is none."""
    lasts = min(DAY, lasts)
    hours = (START + 3600.0 * hour for hour in range(7 * 24))
    return next(
        (at for at in hours if not policy.limits.blackout or open_window(policy, at, lasts) is None), None
    )


def _no_free_hour() -> Finding:
    message = "in a whole week no hour is free of a blackout: this limit forbids every evacuation"
    return Finding("forbids-all", ("limits", "blackout"), message, "expected shorter or rarer windows")


def patience(policy: Policy) -> float:
    """Seconds until no condition can wait for more; whole minutes."""
    quiet = [
        s.silent_after for sources in policy.signals.values() for s in sources if not hasattr(s, "health")
    ]
    longest = max(waits(policy), default=0.0) + max(quiet, default=0.0) + MARGIN
    return MINUTE * (longest // MINUTE)


def _outcome(played: Played, region: str, situation: str) -> Proof:
    left = next((each for each in played.moved if each.from_ == region), None)
    if left is not None:
        return Proof(region, situation, left.at)
    last = played.moments[-1].decisions[region]
    return Proof(region, situation, None, last.tree.value if last.tree else None, last.code, last.reason)


def _kept(policy: Policy, proof: Proof, last: Decision) -> Iterator[Finding]:
    head = f"{proof.region}, {proof.situation}:"
    if last.tree is not None and proof.when is not Truth.TRUE:
        for leaf in flip_set(last.tree):
            message = f"{head} `when` never becomes true; this stays {leaf.value}: {leaf.sentence}"
            hint = "expected something that can be true then: another family, `is: silent`, fewer observers"
            yield Finding("unreachable", in_file(policy, proof.region, leaf.path), message, hint)
        return
    at: Path = _GUARDED.get(proof.code, ("evacuate",))
    code = "forbids-all" if at[0] == "limits" else "unreachable"
    message = f"{head} `when` becomes true, but nothing moves: {proof.code}: {proof.reason}"
    yield Finding(code, in_file(policy, proof.region, ".".join(map(str, at))), message, "see docs/codes.md")


def _return(policy: Policy, region: str, begins: float) -> Iterator[Finding]:
    """Left, then well again: does it come home? The cooldown is a matter of time, and is cut short."""
    soon = policy.model_copy(update={"limits": policy.limits.model_copy(update={"cooldown": MINUTE})})
    out = patience(policy)
    ill = failing(policy, region, DARK, near(policy, region))
    well = tuple(each.model_copy(update={"at": out, "say": "healthy"}) for each in ill)
    case = as_case("", (*ill, *well), begins=stamp(begins), lasts=3 * out)
    played = play(soon, case, Scope(only=region, every=5))
    if not played.moved or any(each.to == region for each in played.moved):
        return
    last = played.moments[-1].decisions[region]
    if last.tree is not None and last.tree.value is not Truth.TRUE:
        for leaf in flip_set(last.tree):
            message = (
                f"{region}, left and well again: never comes home; this stays {leaf.value}: {leaf.sentence}"
            )
            where = in_file(policy, region, leaf.path)
            yield Finding(
                "no-return", where, message, "expected something that is true of a Region in health"
            )
        return
    message = f"{region}, left and well again: never comes home: {last.code}: {last.reason}"
    yield Finding("no-return", in_file(policy, region, "restore.ready"), message, "see docs/codes.md")
