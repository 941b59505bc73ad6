"""The largest policy that is let in: three Regions of fifty slices, with the longest names that fit."""

from typing import Any

from controller.core.canonical_json import ascii_json
from controller.core.policy.bounds import CONTROLS, RULE
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data

PLACES = (EAST, WEST, OTHER)
SLICES = 50


def control_bytes(names: list[str]) -> int:
    """Return the bytes of an intent that moves all of them."""
    return len(ascii_json({"changes": [[n, False] for n in names], "before": dict.fromkeys(names, False)}))


def control_names(count: int, size: int = CONTROLS) -> list[str]:
    """Return so many names of controls, as long as `size` bytes of an intent allow: a letter takes two."""
    names = [f"{number:03d}" for number in range(count)]
    left, place = size - control_bytes(names), 0
    while left >= 2:
        names[place % count] += "x"
        left, place = left - 2, place + 1
    return names


def regions(size: int = CONTROLS, places: tuple[str, ...] = PLACES, slices: int = SLICES) -> dict[str, Any]:
    names = control_names(len(places) * slices, size)
    return {place: {"controls": names[n * slices : (n + 1) * slices]} for n, place in enumerate(places)}


def alarms() -> list[str]:
    """Return templates of alarms as many and as long as one composite alarm takes."""
    each = "{region}" + "x" * (255 - len(EAST) - len("-00-5xx"))
    count = RULE // (255 + len('ALARM("") OR '))
    return [f"{each}-{number:02d}-5xx" for number in range(count)]


def largest(**changes: Any) -> dict[str, Any]:
    """Return the keys that make a policy as large as its events may get, for `world` and `parse_policy`."""
    service = [{"alarm": name, "silentAfter": "3m"} for name in alarms()]
    leaf = {"in": "source", "family": "service", "is": "breaching", "for": "2m"}
    leaves = [{"any": [leaf | {"signals": n + 1} for n in range(20)]} for _ in range(9)]
    customer = {"in": "source", "family": "customer", "is": "breaching", "observers": 2, "for": "3m"}
    lost = {"maxLag": "30s", "ifUnknown": {"ask": "g" * 63}}
    checks = [{"replication": "t" * 250 + f"-{number:03d}", **lost} for number in range(18)]
    groups = ["group:" + "g" * 62 + f"{number:02d}" for number in range(20)]
    asks = [{"ask": groups, "people": 1, "within": "20m"}]
    family = policy_data()["target"]["ready"]
    return {
        "regions": regions(),
        "signals": policy_data()["signals"] | {"service": service},
        "evacuate": {
            "when": {"all": [customer, *leaves]}, "unless": [], "approval": "g" * 63, "waves": [50],
            "settle": "30s",
        },
        "target": {"prefer": [WEST, OTHER, EAST], "ready": [*family, *checks]},
        "approvals": {"g" * 63: asks, "override": [asks[0] | {"people": 2}], "oncall": asks},
        **changes,
    }  # fmt: skip
