"""The application of a run, drawn from its seed, and the run's length.

Drawn are Regions, slices, gates, waves and a way home. Most runs are short, so that a night sees many; some
are long.
```
 long        long periods in the policy    25 min of storm, then a core heals
 converging  short periods                  6 min of storm, then a core heals
 short       short periods                  7 min of storm
 aimed       short periods                 calm until what it aims at is met, then 2 min of storm
 brief       the same, and ten seconds of storm
```
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from controller.core.policy.schema import Policy
from controller.core.policy.validation import parse_policy
from controller.lab.policy_files.overlay import overlaid

Name = Literal["long", "converging", "short", "aimed", "brief"]


@dataclass(frozen=True, slots=True)
class Length:
    """Holds the length of a run, in seconds.

    held: for how long customers must have been failing before a Region is left.
    """

    name: Name
    warm_up: float
    storm: float
    converges: bool
    held: float


LENGTHS: dict[Name, Length] = {
    "long": Length("long", 270.0, 1500.0, converges=True, held=180.0),
    "converging": Length("converging", 130.0, 360.0, converges=True, held=60.0),
    "short": Length("short", 130.0, 420.0, converges=False, held=60.0),
    "aimed": Length("aimed", 75.0, 120.0, converges=False, held=60.0),
    "brief": Length("brief", 75.0, 10.0, converges=False, held=60.0),
}


def usual(seed: int) -> Length:
    """Return the usual length of a seed.

    Even seeds aim; see `coverage_goals.Aim`.
    """
    number, odd = divmod(seed, 2)
    if not odd:
        return LENGTHS["aimed"]
    return LENGTHS["long" if number % 16 == 0 else "converging" if number % 3 == 1 else "short"]


CONTROLLERS = ("us-east-2", "us-west-2", "us-east-1")
PLACES = ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1")
OBSERVERS = ("us-east-2", "us-west-2", "eu-central-1")
"""Regions where canaries run.

Two of them remain when both Regions of a small application are dark.
"""
ASKS: dict[str, list[dict[str, Any]]] = {
    "one": [{"ask": ["group:oncall"], "people": 1, "within": "8m"}],
    "in-turn": [
        {"ask": ["group:oncall"], "people": 1, "within": "3m"},
        {"ask": ["group:leads"], "people": 2, "within": "8m"},
    ],
}
SLICES = (1, 2, 4, 1, 2, 4, 12)
"""Slices of an application. Twelve are more controls than one call of ARC changes."""
TWO: list[dict[str, Any]] = [{"ask": ["group:leads"], "people": 2, "within": "8m"}]


def drawn_policy(rng: random.Random, length: Length, *, asked: bool = False, moves: bool = False) -> Policy:
    """Draw a policy with short periods, so that an hour's run sees whole lives.

    The rules are those of any policy. asked: there is a gate, whatever chance says. moves: traffic may leave
    at once: no shadow, no window.
    """
    regions = PLACES[: rng.choice((2, 2, 2, 3, 4) if length.name == "long" else (2, 2, 2, 2, 3))]
    gate = rng.choice(("none", "none", "one", "in-turn"))
    data: dict[str, Any] = {
        **plain_frame(regions, rng.choice(SLICES)),
        "enforcement": "shadow" if rng.random() < 0.06 and not (length.converges or moves) else "live",
        "timezone": "UTC",
        "evacuate": _leave(length)
        | {
            "approval": "one" if asked and gate == "none" else gate,
            **_waves(rng.choice((None, None, [1], [1, 2]))),
            "ifVerifyFails": rng.choice(("hold", "rollback")),
        },
        "target": _target(regions, length.held),
        "limits": {
            "minRegionsOn": 1,
            "cooldown": rng.choice(("5m", "20m") if length.name == "long" else ("2m", "5m", "20m")),
            "evacuationsPerDay": rng.choice((1, 2, 3)),
        },
    }
    checks = _checks(rng, length)
    data["target"]["ready"] += checks
    if rng.random() < 0.4:
        data["restore"] = {
            "when": _leaf("source", "all", "healthy", **{"for": "5m"}),
            "ready": [{"quotas": ["lambda"], "ifUnknown": "block"}],
            "approval": rng.choice(("none", "one")),
            **_waves([1, 2]),
        }
    _more(rng, data, length)
    if moves:
        data["limits"].pop("blackout", None)
    return parse_policy(data)


def _checks(rng: random.Random, length: Length) -> list[dict[str, Any]]:
    """Draw the other readiness checks of the target.

    There are none, or its quotas, or what ARC says of it. ARC says it in us-west-2 alone: where that may stay
    dead, a policy that blocks on its silence would never go on.
    """
    doubt: Any = rng.choice(("block", {"ask": "leads"}))
    perhaps = {"ask": "leads"} if length.converges else doubt
    arc = {"arcReadiness": "storefront-{region}", "maxAge": "2m", "ifUnknown": perhaps}
    return rng.choice(([], [], [{"quotas": ["lambda"], "ifUnknown": doubt}], [arc]))


def _more(rng: random.Random, data: dict[str, Any], length: Length) -> None:
    """Add drills, windows, a proof by metrics, or a gate for safety rules.

    Each is added in some runs.
    """
    if rng.random() < 0.25:
        data["drills"] = {"stay": "2m", "abortWhen": [_leaf("target", "customer", "breaching")]}
        if rng.random() < 0.5:
            data["drills"]["cron"] = "*/10 * * * *"
    if rng.random() < 0.08:
        data["limits"]["blackout"] = [{"cron": "*/20 * * * *", "for": "10m", "reason": "release"}]
    if rng.random() < 0.15 and not length.converges:
        data["traffic"] = {
            "namespace": "Storefront", "metric": "Requests", "atMost": "20%", "within": "1m",
            "ifUnknown": rng.choice(("proceed", "hold")),
        }  # fmt: skip
    if rng.random() < 0.15 and not length.converges:  # where AWS is silent, nobody can know that all is well
        data["signals"]["provider"] = [{"health": ["EC2"]}]
        accused = _leaf("source", "provider", "breaching")
        data["evacuate"]["when"] = {"any": [data["evacuate"]["when"], accused]}
    if rng.random() < 0.5:
        data["approvals"] = data["approvals"] | {"override": TWO}


def plain_policy(
    rng: random.Random, length: Length, changes: Mapping[str, Any], *, thirds: bool = False
) -> Policy:
    """Return a policy that leaves at once and asks nobody.

    `changes` are laid over it. thirds: of three Regions, not of two.
    """
    regions = PLACES[: 3 if thirds else 2]
    leave = {"approval": "none", "ifVerifyFails": rng.choice(("hold", "rollback"))}
    limits = {"minRegionsOn": 1, "cooldown": rng.choice(("2m", "5m", "20m")), "evacuationsPerDay": 3}
    data = {
        **plain_frame(regions, rng.choice((1, 2, 4))),
        "enforcement": "live",
        "timezone": "UTC",
        "evacuate": _leave(length) | leave,
        "target": _target(regions, length.held),
        "limits": limits,
    }
    return overlaid(parse_policy(data), changes)


def matrix_policy(length: Length) -> Policy:
    """Return a policy whose evacuation meets every state in the shortest time.

    It has two Regions, two waves and a gate.
    """
    regions = PLACES[:2]
    leave = _leave(length) | {"approval": "one", **_waves([1])}
    limits = {"minRegionsOn": 1, "cooldown": "20m", "evacuationsPerDay": 3}
    data = {"enforcement": "live", "evacuate": leave, "limits": limits}
    return parse_policy(plain_frame(regions, 2) | data | {"target": _target(regions, length.held)})


def plain_frame(regions: Sequence[str], slices: int) -> dict[str, Any]:
    """Return what every drawn application has in common."""
    return {
        "tidegate": 1,
        "application": "storefront",
        "regions": {r: {"controls": [f"{r}-{n}" for n in range(slices)]} for r in regions},
        "controllers": list(CONTROLLERS),
        "signals": {
            "customer": [{"canary": "shop-{region}-buy", "runsIn": list(OBSERVERS), "silentAfter": "3m"}],
            "service": [{"alarm": "shop-{region}-5xx", "silentAfter": "3m"}],
        },
        "approvals": ASKS | {"leads": TWO},
    }


def _leave(length: Length) -> dict[str, Any]:
    """Return when to leave a Region; short runs leave on customers' word alone.

    An alarm takes four minutes to fire in a dark Region.
    """
    failing = _leaf("source", "customer", "breaching", observers=2, **{"for": f"{length.held:.0f}s"})
    fires = _leaf("source", "service", "breaching", signals=1, **{"for": "1m"})
    silent = _leaf("source", "service", "silent", signals="all", **{"for": "2m"})
    when = {"all": [failing, {"any": [fires, silent]}]} if length.name == "long" else failing
    return {"when": when, "unless": [_leaf("target", "customer", "breaching")]}


def _target(regions: Sequence[str], healthy: float) -> dict[str, Any]:
    ready = {"family": "customer", "is": "healthy", "for": f"{healthy:.0f}s", "ifUnknown": "block"}
    return {"prefer": list(reversed(regions)), "ready": [ready]}


def _waves(waves: list[int] | None) -> dict[str, Any]:
    return {"waves": waves, "settle": "20s"} if waves else {}


def _leaf(about: str, family: str, verdict: str, **more: Any) -> dict[str, Any]:
    return {"in": about, "family": family, "is": verdict, **more}
