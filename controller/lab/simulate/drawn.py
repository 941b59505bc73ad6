"""The application of a run, drawn from its seed: Regions, slices, gates, waves, limits, a way home."""

import random
from typing import Any

from controller.core.admission import parse_policy
from controller.core.policy import Policy

CONTROLLERS = ("us-east-2", "us-west-2", "us-east-1")
PLACES = ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1")
OBSERVERS = ("us-east-2", "us-west-2", "eu-central-1")
"""Where canaries run: two of them remain when both Regions of a small application are dark."""
ASKS: dict[str, list[dict[str, Any]]] = {
    "one": [{"ask": ["group:oncall"], "people": 1, "within": "8m"}],
    "in-turn": [
        {"ask": ["group:oncall"], "people": 1, "within": "3m"},
        {"ask": ["group:leads"], "people": 2, "within": "8m"},
    ],
}


def drawn_policy(rng: random.Random) -> Policy:
    """Short periods, so that a run of an hour sees whole lives; the rules are those of any policy."""
    regions = PLACES[: rng.choice((2, 2, 2, 3, 4))]
    slices = rng.choice((1, 2, 4))
    gate = rng.choice(("none", "none", "one", "in-turn"))
    waves = rng.choice((None, None, [1], [1, 2]))
    data: dict[str, Any] = {
        "tidegate": 1,
        "application": "storefront",
        "enforcement": "live",
        "regions": {r: {"controls": [f"{r}-{n}" for n in range(slices)]} for r in regions},
        "controllers": list(CONTROLLERS),
        "signals": {
            "customer": [{"canary": "shop-{region}-buy", "runsIn": list(OBSERVERS), "silentAfter": "3m"}],
            "service": [{"alarm": "shop-{region}-5xx", "silentAfter": "3m"}],
        },
        "evacuate": {
            "when": {
                "all": [
                    _leaf("source", "customer", "breaching", observers=2, **{"for": "3m"}),
                    {
                        "any": [
                            _leaf("source", "service", "breaching", signals=1, **{"for": "1m"}),
                            _leaf("source", "service", "silent", signals="all", **{"for": "2m"}),
                        ]
                    },
                ]
            },
            "unless": [_leaf("target", "customer", "breaching")],
            "approval": gate,
            **({"waves": waves, "settle": "20s"} if waves else {}),
            "ifVerifyFails": rng.choice(("hold", "rollback")),
        },
        "target": {
            "prefer": list(reversed(regions)),
            "ready": [{"family": "customer", "is": "healthy", "for": "3m", "ifUnknown": "block"}],
        },
        "limits": {
            "minRegionsOn": 1,
            "cooldown": rng.choice(("5m", "20m")),
            "evacuationsPerDay": rng.choice((1, 2, 3)),
        },
        "approvals": ASKS,
    }
    if rng.random() < 0.4:
        data["restore"] = {
            "when": _leaf("source", "all", "healthy", **{"for": "5m"}),
            "approval": rng.choice(("none", "one")),
            "waves": [1, 2],
            "settle": "20s",
        }
    return parse_policy(data)


def _leaf(about: str, family: str, verdict: str, **more: Any) -> dict[str, Any]:
    return {"in": about, "family": family, "is": verdict, **more}
