"""A validated decision beside what people would write: from stored evidence to yes, no or unknown.

```
 18 texts (3 Regions x 6 signals, 30 observations each, or one)
   tidegate          its table's text ─> columns ─> view ─> truth of `when`, for each Region
   pydantic          list of objects  ─> models  ─> the rule written out in Python
   zen-engine        list of objects  ─> models  ─> each signal's state by Python ─> the rule as a model
```
"""

import gc
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from controller.aws.dynamodb.evidence import Reader, text_of
from controller.core.canonical_json import ascii_json
from controller.core.evidence.evaluation import View, judge, truth, view
from controller.core.evidence.registry import Roster
from controller.core.model import Observation, Signal, Verdict
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals, parse_policy
from tests.bench import decision_peers as peers
from tests.support.policy_scene import ACCOUNT, T0, policy_data

REGIONS = ("us-east-1", "us-west-2", "us-east-2")
KEPT, SNAPSHOTS, TURN = 30, 400, 20
NOW = T0 + 5.0

OURS = "tidegate"
Texts = dict[str, str]
"""Signal's id -> its observations, as they are kept."""


def three_by_six() -> Policy:
    """Three Regions, in each three canaries and three alarms; the shipped policy's condition."""
    alarms = [{"alarm": f"shop-{{region}}-{name}", "silentAfter": "5m"} for name in peers.ALARMS]
    canary = {"canary": "shop-{region}-checkout", "runsIn": list(REGIONS), "silentAfter": "5m"}
    data = policy_data() | {
        "regions": {name: {"controls": [f"{name}-a"]} for name in REGIONS},
        "signals": {"customer": [canary], "service": alarms},
        "target": {
            "prefer": list(REGIONS),
            "ready": [{"family": "customer", "is": "healthy", "for": "5m", "ifUnknown": "block"}],
        },
    }
    data["evacuate"] = {
        "when": {
            "all": [
                {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "3m"},
                {
                    "any": [
                        {"in": "source", "family": "service", "is": "breaching", "signals": 1, "for": "2m"},
                        {"in": "source", "family": "service", "is": "silent", "signals": "all", "for": "2m"},
                    ]
                },
            ]
        },
        "approval": "oncall",
    }
    return parse_policy(data)


def drawn(rng: random.Random, count: int) -> tuple[Observation, ...]:
    """A signal's last minutes: well, then one other word, or silence. None turns back within them: of that
    the rules of the peers would have to know more."""
    turned = rng.randint(1, 8) if rng.random() < 0.5 else 0
    word = rng.choice([Verdict.BREACHING, Verdict.BREACHING, Verdict.UNKNOWN, Verdict.SILENT])
    found = []
    for minute in range(count, 0, -1):
        verdict = word if minute <= turned else Verdict.HEALTHY
        if verdict is not Verdict.SILENT:
            at = T0 - 60.0 * (minute - 1) - rng.random()
            name = f"{rng.getrandbits(64):016x}"
            found.append(Observation(at, at + rng.random(), verdict, "event", name, "x" * 20))
    return tuple(found)


def rows_of(seen: Sequence[Observation]) -> str:
    return ascii_json([asdict(each) for each in seen])


@dataclass(frozen=True)
class Ours:
    policy: Policy
    roster: Roster
    reader: Reader

    def __call__(self, texts: Texts) -> list[str]:
        looked, when = self._looked(texts), self.policy.evacuate.when
        return [str(truth(when, looked, source=region)) for region in REGIONS]

    def with_tree(self, texts: Texts) -> list[str]:
        looked, when = self._looked(texts), self.policy.evacuate.when
        return [str(judge(when, looked, source=r, target=None, path="when").value) for r in REGIONS]

    def _looked(self, texts: Texts) -> View:
        evidence = {key: self.reader.read(key, text) for key, text in texts.items()}
        return view(self.policy, ACCOUNT, evidence, NOW, roster=self.roster)


Write = Callable[[Sequence[Observation]], str]
Work = tuple[Callable[[Texts], list[str]], Write]


def snapshots(
    signals: Sequence[Signal], *, changed: int, kept: int = KEPT
) -> list[dict[str, tuple[Observation, ...]]]:
    """Random ones, each with `changed` signals drawn anew since the one before."""
    rng = random.Random(9)
    now = {signal.id: drawn(rng, kept) for signal in signals}
    found = []
    for _ in range(SNAPSHOTS):
        now = now | {signal.id: drawn(rng, kept) for signal in rng.sample(list(signals), changed)}
        found.append(now)
    return found


def bench(say: Callable[[str], None]) -> bool:
    """Print one table; whether the bounds held and all answered alike."""
    policy = three_by_six()
    signals = expected_signals(policy, ACCOUNT)
    ours = Ours(policy, Roster(signals), Reader())
    works: dict[str, Work] = {
        OURS: (ours, text_of),
        "tidegate, with its tree": (ours.with_tree, text_of),
        peers.PYDANTIC: (peers.Plain(signals, NOW), rows_of),
        peers.ZEN: (peers.Zen(signals, NOW), rows_of),
        "pydantic on tidegate's columns": (peers.OnColumns(signals, NOW), text_of),
    }
    columns = [
        _timed(works, snapshots(signals, changed=len(signals)), say),
        _timed(works, snapshots(signals, changed=1), say),
        _timed(works, snapshots(signals, changed=len(signals), kept=1), say),
    ]
    say(f"A validated decision, 3 Regions x 6 signals, {SNAPSHOTS} random snapshots; microseconds, median.")
    say(
        f"{KEPT} observations a signal, all new; the same, one signal new; one observation a signal, all new."
    )
    good = all(OURS in column for column in columns)
    for name in works if good else ():
        bound = BOUNDS.get(name)
        told = "".join(f"{column[name]:>8.0f} x {column[name] / column[OURS]:>4.1f}" for column in columns)
        held = bound is None or min(column[name] / column[OURS] for column in columns[:2]) >= bound
        good = good and held
        say(f"  {name:<36}{told}" + ("" if bound is None else f"   (bound {bound:.0f}) {_ok(held)}"))
    say("")
    return good


BOUNDS = {peers.PYDANTIC: 3.0, peers.ZEN: 5.0}


def _ok(good: bool) -> str:
    return "ok" if good else "NO"


def _timed(
    works: Mapping[str, Work],
    shots: Sequence[Mapping[str, Sequence[Observation]]],
    say: Callable[[str], None],
) -> dict[str, float]:
    """Microseconds of processor time of a decision, the median; in turns, so that all meet the same machine.
    Differing answers are told; then empty."""
    texts = {name: list(_written(shots, write)) for name, (_, write) in works.items()}
    took: dict[str, list[float]] = {name: [] for name in works}
    told: dict[str, list[list[str]]] = {name: [] for name in works}
    gc.collect()
    gc.freeze()
    for begin in range(0, len(shots), TURN):
        for name, (work, _) in works.items():
            for text in texts[name][begin : begin + TURN]:
                began = time.process_time()
                told[name].append(work(text))
                took[name].append(time.process_time() - began)
    gc.unfreeze()
    if all(answers == told[OURS] for answers in told.values()):
        return {name: median(each) * 1e6 for name, each in took.items()}
    say("THE ANSWERS DIFFER")
    return {}


def _written(shots: Sequence[Mapping[str, Sequence[Observation]]], write: Write) -> Iterator[Texts]:
    """Each snapshot as texts of its own, as they come from a table."""
    known: dict[int, str] = {}
    for shot in shots:
        for seen in shot.values():
            if id(seen) not in known:
                known[id(seen)] = write(seen)
        yield {key: str(bytes(known[id(seen)], "utf-8"), "utf-8") for key, seen in shot.items()}


__all__ = ["bench"]
