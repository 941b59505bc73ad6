"""A validated decision beside what people would write: from stored evidence to yes, no or unknown.

```
 18 texts (3 Regions x 6 signals, 30 observations each, as the evidence table keeps them)
   tidegate          texts ─> observations ─> view ─> truth of `when`, for each Region
   pydantic          texts ─> models ─> the rule written out in Python
   zen-engine        texts ─> models ─> each signal's state by Python ─> the rule as a decision model
```
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from controller.aws.evidence import observations
from controller.core.admission import expected_signals, parse_policy
from controller.core.assess import judge, view
from controller.core.journal import canonical
from controller.core.model import Observation, Signal, Verdict
from controller.core.policy import Policy
from controller.core.truth import truth
from tests.bench import decision_peers as peers
from tests.core.scene import ACCOUNT, T0, policy_data

REGIONS = ("us-east-1", "us-west-2", "us-east-2")
KEPT, SNAPSHOTS = 30, 400
NOW = T0 + 5.0

Texts = dict[str, str]
"""Signal's id -> its observations, as the evidence table keeps them."""


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


def text_of(seen: Sequence[Observation]) -> str:
    return canonical([asdict(each) for each in seen])


@dataclass(frozen=True)
class Ours:
    policy: Policy
    signals: tuple[Signal, ...]

    def __call__(self, texts: Texts) -> list[str]:
        evidence = {key: observations(text) for key, text in texts.items()}
        looked = view(self.policy, ACCOUNT, evidence, NOW, signals=self.signals)
        when = self.policy.evacuate.when
        return [str(truth(when, looked, source=region)) for region in REGIONS]

    def with_tree(self, texts: Texts) -> list[str]:
        evidence = {key: observations(text) for key, text in texts.items()}
        looked = view(self.policy, ACCOUNT, evidence, NOW, signals=self.signals)
        when = self.policy.evacuate.when
        return [str(judge(when, looked, source=r, target=None, path="when").value) for r in REGIONS]


def snapshots(signals: Sequence[Signal], rng: random.Random, *, changed: int) -> list[Texts]:
    """Random ones, each with `changed` signals drawn anew since the one before."""
    texts = {signal.id: text_of(drawn(rng, KEPT)) for signal in signals}
    found = []
    for _ in range(SNAPSHOTS):
        for signal in rng.sample(list(signals), changed):
            texts[signal.id] = text_of(drawn(rng, KEPT))
        found.append({key: str(bytes(text, "ascii"), "ascii") for key, text in texts.items()})
    return found


def bench(say: Callable[[str], None]) -> bool:
    """Print one table; whether both bounds held and all answered alike."""
    policy = three_by_six()
    ours = Ours(policy, expected_signals(policy, ACCOUNT))
    plain, zen = peers.Plain(ours.signals, NOW), peers.Zen(ours.signals, NOW)
    works = {
        "tidegate": ours,
        "tidegate, with its tree": ours.with_tree,
        peers.PYDANTIC: plain,
        peers.ZEN: zen,
    }
    rng = random.Random(9)
    all_new = _timed(works, snapshots(ours.signals, rng, changed=len(ours.signals)), say)
    one_new = _timed(works, snapshots(ours.signals, rng, changed=1), say)
    say(f"A validated decision, 3 Regions x 6 signals x {KEPT} observations, {SNAPSHOTS} random snapshots.")
    say("Microseconds, the median: every signal is new, and one event came since the last decision.")
    first, good = one_new["tidegate"], True
    for name in works:
        ratio, bound = one_new[name] / first, BOUNDS.get(name)
        told = f"x {ratio:>5.1f}" + ("" if bound is None else f" (bound {bound:.0f}) {_ok(ratio >= bound)}")
        good = good and (bound is None or ratio >= bound)
        say(f"  {name:<36} {all_new[name]:>7.0f} {one_new[name]:>7.0f}   {told}")
    say("")
    return good


BOUNDS = {peers.PYDANTIC: 3.0, peers.ZEN: 5.0}


def _ok(good: bool) -> str:
    return "ok" if good else "NO"


def _timed(
    works: Mapping[str, Callable[[Texts], list[str]]], shots: Sequence[Texts], say: Callable[[str], None]
) -> dict[str, float]:
    """Microseconds of processor time of a decision, the median; differing answers are told."""
    found = {}
    answers = {}
    for name, work in works.items():
        observations.cache_clear()
        took = []
        answers[name] = []
        for shot in shots:
            began = time.process_time()
            answers[name].append(work(dict(shot)))
            took.append(time.process_time() - began)
        found[name] = median(took) * 1e6
    if len({tuple(map(tuple, each)) for each in answers.values()}) != 1:
        say("THE ANSWERS DIFFER")
        return found | {"tidegate": float("inf")}
    return found


__all__ = ["bench"]
