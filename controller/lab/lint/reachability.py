"""The proof by trying: each Region in each situation, on the real core.

Is each Region left, and once it is well again, brought home? The core decides, minute by minute, on evidence
made up for the situation. A situation is what a Region's failure looks like to us, as a worked case that a
policy must be able to answer.
```
                  seen from outside   its own instruments   whoever looks from there   AWS Health
 dark, bus deaf   breaching           silent                silent                     says nothing yet
 dark, bus alive  breaching           breaching             silent                     says nothing yet
 gray             breaching           one a family agrees   well                       says nothing yet
```
Regions that stand alike in a policy are tried once: what one of them does, each of them does. Everything in a
policy is said of all Regions (`{region}`) but three things: what a Region says under its own name, where
canaries run, and where tidegate runs. Two Regions alike in these, and with targets alike in them, may be
swapped, and nothing that is decided changes but the names.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.core.decision.decide import decide
from controller.core.decision.limits import open_window
from controller.core.evidence.evaluation import truth, view
from controller.core.evidence.registry import Roster, kept_of
from controller.core.explanation import flip_set, format_time
from controller.core.model import Decision, Signal, Truth
from controller.core.policy.schema import Policy
from controller.core.policy.signals import observers_of
from controller.core.policy.validation import expected_signals
from controller.lab.cases.evidence import MINUTE, Feed, Script, needed_minutes
from controller.lab.cases.model import DAY, Case, Says
from controller.lab.cases.play import ACCOUNT, Played, Scope, as_live, near, play
from controller.lab.lint.finding import Finding, in_file
from controller.lab.policy_files.leaves import waits
from controller.lab.policy_files.positions import Path


def alike(policy: Policy) -> tuple[tuple[str, ...], ...]:
    """Return the Regions that stand alike in groups, in the order of the file."""
    groups: dict[Hashable, list[str]] = {}
    for region in policy.regions:
        groups.setdefault(_standing(policy, region), []).append(region)
    return tuple(map(tuple, groups.values()))


def _standing(policy: Policy, region: str) -> Hashable:
    entry = policy.regions[region]
    if entry.target:
        return region
    runs = [observers_of(source) for sources in policy.signals.values() for source in sources]
    own = [said.model_dump_json() if said else "" for said in (entry.evacuate, entry.restore)]
    return *own, *(
        (each in policy.controllers, *(each in observers for observers in runs))
        for each in near(policy, region)
    )


DARK_DEAF = "dark with its bus deaf"
DARK = "dark with its bus alive"
GRAY = "gray: customers fail, and one of its own instruments in each family agrees"
SITUATIONS = (DARK_DEAF, DARK, GRAY)


def failing(
    policy: Policy, region: str, situation: str, about: Collection[str] | None = None
) -> dict[str, str]:
    """Return signal's id -> what is said from minute 0 on, where `region` fails.

    situation: the way in which it fails. about: signals of these Regions alone; by default of every Region. A
    signal that is not named says that all is well.
    """
    found: dict[str, str] = {}
    agreed: set[str] = set()
    for signal in expected_signals(policy, ACCOUNT, about):
        word = _word(signal, region, situation, agreed)
        if word != "healthy":
            found[signal.id] = word
    return found


def steady(words: Mapping[str, str]) -> dict[str, Script]:
    """Return scripts of signals that say one thing from minute 0 on."""
    return {key: ((0.0, word),) for key, word in words.items()}


def _word(signal: Signal, region: str, situation: str, agreed: set[str]) -> str:
    about, there = signal.subject == region, signal.observer == region
    if signal.kind == "health":
        return "healthy"  # AWS's first post comes a median 78 minutes late
    if about and not there:
        return "breaching"
    if not there:
        return "healthy"
    if situation == GRAY:
        first = about and signal.own and signal.family not in agreed
        agreed |= {signal.family} if first else set()
        return "breaching" if first else "healthy"
    return "breaching" if situation == DARK and about and signal.own else "silent"


def spoken(policy: Policy, words: Mapping[str, str]) -> tuple[Says, ...]:
    """Return the same signals as the author of a case writes them."""
    named = [signal for signal in expected_signals(policy, ACCOUNT) if signal.id in words]
    return tuple(
        Says.model_validate({"at": "0m", "say": words[s.id], "family": s.family, "about": s.subject,
                             "from": s.observer, "signal": s.name})
        for s in named
    )  # fmt: skip


def as_case(name: str, signals: tuple[Says, ...] = (), *, begins: str, lasts: float) -> Case:
    """Return a case of these signals, in which people say yes."""
    blank = Case.model_validate({"case": "x", "shifts": "nothing", "start": begins})
    return blank.model_copy(update={"case": name, "signals": signals, "until": lasts})


MARGIN = 5 * MINUTE
EVERY = 5
"""Minutes between looks where the exact minute does not matter."""
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
"""The key that sets a guard, by the guard's code."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Records the result for a Region in a situation.

    after: seconds until it was left; None: never. when: the value of its condition at the end. code, reason:
    what kept it.
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
    groups = alike(live)
    found = [_try(live, group, situation, begins, lasts) for group in groups for situation in SITUATIONS]
    proofs = {(proof.region, proof.situation): (proof, kept) for tried in found for proof, kept in tried}
    findings: list[Finding] = []
    back = {} if live.restore is None else {group: [*_return(live, group[0], begins)] for group in groups}
    stuck = {region for group, kept in back.items() if kept for region in group}
    for region in live.regions:
        findings += (finding for situation in SITUATIONS for finding in proofs[region, situation][1])
        if region in stuck:
            findings += _return(live, region, begins)
    ordered = (proofs[region, situation][0] for region in live.regions for situation in SITUATIONS)
    return Proved(tuple(ordered), tuple(dict.fromkeys(findings)))


def _try(
    live: Policy, group: Sequence[str], situation: str, begins: float, lasts: float
) -> Iterator[tuple[Proof, tuple[Finding, ...]]]:
    """Try a group of Regions that stand alike in a situation.

    Where the first is left all are. Where it is not, each says what keeps it.
    """
    for region in group:
        said = steady(failing(live, region, situation, near(live, region)))
        case = as_case(situation, begins=format_time(begins), lasts=lasts)
        called = _ever_true(live, region, said, begins, Scope(), lasts)
        # Without a cause nothing moves, whatever the guards say: then only the end is told.
        scope = Scope(only=region, first=True, every=1 if called else int(lasts), tree=False)
        played = play(live, case, scope, said)
        last = decide(played.moments[-1].situation, region)
        proof = _outcome(played, region, situation, last)
        if proof.after is not None:
            yield from ((replace(proof, region=other), ()) for other in group)
            return
        yield proof, tuple(_kept(live, proof, last))


class Tries:
    """Tries a Region where some of its signals break and all others are well.

    No guard looks at the Region's own signals, except those leaves of `unless` that are about it. So where
    there is no such leaf, the guards say of one cause what they say of any.
    """

    def __init__(self, policy: Policy, region: str, begins: float) -> None:
        self._policy, self._region, self._begins = policy, region, begins
        self._lasts = patience(policy)
        self._free: bool | None = None

    def moved_by(self, signals: Iterable[str]) -> bool:
        """Return True where the Region is left.

        signals: the ids of those that break.
        """
        scripts = steady(dict.fromkeys(signals, "breaching"))
        scope = Scope(only=self._region, first=True, every=EVERY, tree=False)
        if not _ever_true(self._policy, self._region, scripts, self._begins, scope, self._lasts):
            return False
        unless = self._policy.about(self._region).evacuate.unless
        if self._free is None or any(leaf.in_ == "source" for leaf in unless):
            case = as_case("", begins=format_time(self._begins), lasts=self._lasts)
            self._free = bool(play(self._policy, case, scope, scripts).moved)
        return self._free


def _ever_true(
    policy: Policy, region: str, scripts: Mapping[str, Script], begins: float, scope: Scope, lasts: float
) -> bool:
    """Return True where the condition for leaving `region` is true at some minute.

    The minutes are those of `scope`. Nothing moves without this condition, and it looks at the Region's own
    signals alone, and at whether others are heard.
    """
    when = policy.about(region).evacuate.when
    named = policy.derived(f"signals that judge {region}", lambda: _judging(policy, region))
    feed = Feed(named, kept_of(policy, named), begins, needed_minutes(waits(policy)), scripts)
    roster = Roster(named)
    for minute in scope.minutes(lasts):
        seen = view(policy, ACCOUNT, feed.evidence(minute), feed.decided(minute), roster=roster)
        if truth(when, seen, source=region) is Truth.TRUE:
            return True
    return False


def _judging(policy: Policy, region: str) -> tuple[Signal, ...]:
    """Return the signals about a Region, and those that prove that we can look.

    Of these, one of each kind and observer: its silence counts only while others are heard.
    """
    others = expected_signals(policy, ACCOUNT, [each for each in near(policy, region) if each != region])
    proving = {(signal.kind, signal.observer): signal for signal in others}
    return (*expected_signals(policy, ACCOUNT, [region]), *proving.values())


def free_start(policy: Policy, lasts: float) -> float | None:
    """Return a moment of some week from which no blackout comes for `lasts` seconds.

    A day is enough where `lasts` is longer. None where there is no such moment.
    """
    lasts = min(DAY, lasts)
    hours = (START + 3600.0 * hour for hour in range(7 * 24))
    return next(
        (at for at in hours if not policy.limits.blackout or open_window(policy, at, lasts) is None), None
    )


def _no_free_hour() -> Finding:
    message = "in a whole week no hour is free of a blackout: this limit forbids every evacuation"
    return Finding("forbids-all", ("limits", "blackout"), message, "expected shorter or rarer windows")


def patience(policy: Policy) -> float:
    """Return the seconds until no condition can wait for more; whole minutes."""
    quiet = [
        s.silent_after for sources in policy.signals.values() for s in sources if not hasattr(s, "health")
    ]
    longest = max(waits(policy), default=0.0) + max(quiet, default=0.0) + MARGIN
    return MINUTE * (longest // MINUTE)


def _outcome(played: Played, region: str, situation: str, last: Decision) -> Proof:
    left = next((each for each in played.moved if each.from_ == region), None)
    if left is not None:
        return Proof(region, situation, left.at)
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
    """Yield findings where a Region that was left and is well does not return.

    The cooldown is a matter of time, and is cut short.
    """
    soon = policy.model_copy(update={"limits": policy.limits.model_copy(update={"cooldown": MINUTE})})
    out = patience(policy)
    ill = failing(policy, region, DARK, near(policy, region))
    scripts = {key: ((0.0, word), (out, "healthy")) for key, word in ill.items()}
    case = as_case("", begins=format_time(begins), lasts=3 * out)
    played = play(soon, case, Scope(only=region, every=EVERY, tree=False), scripts)
    if not played.moved or any(each.to == region for each in played.moved):
        return
    last = decide(played.moments[-1].situation, region)
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
