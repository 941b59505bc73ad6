"""A small language for the core's tests: evidence minute by minute, and a situation around it."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from controller.core.decision.decide import Situation
from controller.core.incident.fold import fold
from controller.core.incident.state import State
from controller.core.journal.event import Event, seal
from controller.core.journal.kind import Kind
from controller.core.model import Observation, Verdict
from controller.core.policy.schema import Policy
from controller.core.policy.validation import expected_signals, parse_policy
from tests.support.journal_events import drafted

ACCOUNT = "123456789012"
T0 = 1_800_000_000.0
EAST, WEST, OTHER = "us-east-1", "us-west-2", "us-east-2"
LETTERS = {"B": Verdict.BREACHING, "H": Verdict.HEALTHY, "?": Verdict.UNKNOWN}


def policy_data() -> dict[str, Any]:
    """The shipped policy made live, but for what it asks of ARC and of the data: who wants that, adds it.

    A scene about another guard has nobody who would answer.
    """
    data = shipped_data()
    ready = [check for check in data["target"]["ready"] if "family" in check]
    return data | {"target": data["target"] | {"ready": ready}}


def shipped_data() -> dict[str, Any]:
    """The shipped policy made live, whole."""
    return deepcopy(_shipped_data())


@cache
def _shipped_data() -> dict[str, Any]:
    text = (Path(__file__).parents[2] / "policies" / "storefront.yaml").read_text(encoding="utf-8")
    return dict(YAML(typ="safe", pure=True).load(text)) | {"enforcement": "live"}


def storefront(**changes: Any) -> Policy:
    return parse_policy(policy_data() | changes)


def history(minutes: str, until: float = T0) -> tuple[Observation, ...]:
    """One observation a minute, the last at `until`: B breaching, H healthy, ? unknown, - none."""
    start = until - 60.0 * (len(minutes) - 1)
    return tuple(
        Observation(start + 60.0 * i, start + 60.0 * i + 1, LETTERS[letter], "event", f"{i}{letter}")
        for i, letter in enumerate(minutes)
        if letter != "-"
    )


def evidence(
    policy: Policy, seen: Mapping[tuple[str, str, str], str], calm: str = "H" * 12
) -> dict[str, tuple[Observation, ...]]:
    """`seen`: (part of the signal's name, Region it is about, observer) -> minutes; "" matches any."""

    def minutes(name: str, subject: str, observer: str) -> str:
        for (part, about, by), text in seen.items():
            if part in name and about in ("", subject) and by in ("", observer):
                return text
        return calm

    return {s.id: history(minutes(s.name, s.subject, s.observer)) for s in expected_signals(policy, ACCOUNT)}


def dark_east(policy: Policy) -> dict[str, tuple[Observation, ...]]:
    """us-east-1 failed five minutes ago: two canaries outside see it, its own alarms say so too."""
    return evidence(
        policy,
        {
            ("checkout", EAST, EAST): "HHHHHH------",
            ("checkout", EAST, ""): "HHHHHHBBBBBB",
            ("5xx", EAST, ""): "HHHHHHBBBBBB",
            ("checkout", WEST, EAST): "HHHHHH------",
        },
    )


def later(found: Mapping[str, tuple[Observation, ...]], seconds: float) -> dict[str, tuple[Observation, ...]]:
    """The same evidence, all of it `seconds` later."""
    return {
        key: tuple(replace(o, at=o.at + seconds, received=o.received + seconds) for o in seen)
        for key, seen in found.items()
    }


def journal(*drafts: tuple[Kind, dict[str, Any]], incident: str = "storefront-us-east-1-2") -> list[Event]:
    """Events one minute apart, the last at T0; all but policy and kill switch are about `incident`."""
    events: list[Event] = []
    plain = (Kind.POLICY_LOADED, Kind.ARMED, Kind.DISARMED)
    for index, (kind, data) in enumerate(drafts):
        about = None if kind in plain else incident
        at = T0 - 60.0 * (len(drafts) - 1 - index)
        draft = drafted(f"id{index}", kind, at, "test", 0 if kind in plain else 1, about, data)
        events.append(seal("storefront", draft, events[-1] if events else None))
    return events


def loaded(policy: Policy) -> tuple[Kind, dict[str, Any]]:
    return Kind.POLICY_LOADED, {"digest": policy.digest, "deployed": T0 - 86400}


def state(policy: Policy, *drafts: tuple[Kind, dict[str, Any]]) -> State:
    return fold("storefront", journal(loaded(policy), *drafts))


def all_on(policy: Policy, *off: str) -> dict[str, bool]:
    """Every control On, but for those of the Regions `off`."""
    return {c: region not in off for region, entry in policy.regions.items() for c in entry.controls}


def situation(
    policy: Policy, drafts: Iterable[tuple[Kind, dict[str, Any]]] = (), **changes: Any
) -> Situation:
    """us-east-1 is dark and nothing stands in the way, but for `changes`."""
    found = Situation(
        policy, ACCOUNT, OTHER, T0 + 5, state(policy, *drafts), dark_east(policy), all_on(policy)
    )
    return replace(found, **changes)


OPENED = (Kind.INCIDENT_OPENED, {"source": EAST})
CONFIRMED = (Kind.CONFIRMED, {"target": WEST})
