"""Deployments in mid-move: a policy that changes, a stack that is rolled back, and how the move stands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.incident.state import Phase
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.core.policy.schema import Policy
from controller.core.policy.validation import compiled, parse_policy
from controller.steps.context.deps import Deps
from controller.steps.operator import commands
from tests.support.journal_events import said
from tests.support.policy_scene import EAST, OTHER, WEST, policy_data
from tests.support.restore_policy import HOME
from tests.support.world import FREE, World, build_controller, deploy, failing, world

Data = dict[str, Any]
SLICES = "abcd"
BEGAN: Data = (
    policy_data()
    | HOME
    | {
        "evacuate": FREE | {"waves": [1], "settle": "20s"},
        "controllers": [OTHER],
        "limits": HOME["limits"] | {"cooldown": "5m", "evacuationsPerDay": 9},
        "restore": HOME["restore"] | {"waves": [1], "settle": "90s"},
        "drills": {"stay": "3m", "abortWhen": []},
    }
)
"""A policy without approvals that moves one slice at a time, there and back."""


def changed(**news: Any) -> Data:
    """The policy with some of its keys otherwise; of a mapping only the keys that are named."""
    return {
        **BEGAN,
        **{key: {**BEGAN[key], **value} if isinstance(value, dict) and key in BEGAN else value
           for key, value in news.items()},
    }  # fmt: skip


def with_slices(slices: str, prefix: Mapping[str, str] | None = None) -> Data:
    """The policy with these slices alone; prefix: Region -> the first part of its controls' names."""
    names = {EAST: "use1", WEST: "usw2"} | dict(prefix or {})
    return {**BEGAN, "regions": {r: {"controls": [f"{n}-{s}" for s in slices]} for r, n in names.items()}}


def without(region: str) -> Data:
    """The policy with another Region in place of `region`."""
    data = with_slices(SLICES)
    kept = {r: entry for r, entry in data["regions"].items() if r != region}
    kept[OTHER] = {"controls": [f"use2-{s}" for s in SLICES]}
    return {**data, "regions": kept, "target": data["target"] | {"prefer": list(kept)}}


def in_mid_move(intent: str, began: Data = BEGAN) -> World:
    """A world in which the first slice of an evacuation, a restore or a drill has moved."""
    if intent == "drill":
        w = world(**began)
        w.advance(130)
        assert commands.drill(w.hand, EAST, who="ann", reason="training").done
        assert w.until(w.has(Kind.SHIFT_VERIFIED), 300, step=0.25)
        return w
    w = failing(**began)
    if intent == "restore":
        assert w.until(w.has(Kind.SETTLED), 600)
        w.say(east=Verdict.HEALTHY)
        assert w.until(w.has(Kind.RESTORE_OPENED), 2000)
    verified = w.count(Kind.SHIFT_VERIFIED)
    assert w.until(lambda: w.count(Kind.SHIFT_VERIFIED) > verified, 300, step=0.25)
    return w


def redeploy(w: World, data: Data, *, at: float | None = None, home: str | None = None) -> Deps:
    """Deploy a policy to one controller; `at`: when, for a stack that was rolled back to an older one."""
    policy = parse_policy(data)
    when = w.stage.kernel.now() if at is None else at
    deps = build_controller(w, home or w.deps.here, policy=compiled(policy), deployed=when)
    deploy(w, deps)
    return deps


def policy_of(data: Data) -> Policy:
    return parse_policy(data)


def errors(w: World) -> list[str]:
    """What the handlers logged as errors."""
    return [line for line in w.log.getvalue().splitlines() if '"ERROR"' in line]


def codes_told(w: World) -> list[str]:
    """The codes of which people were told about an incident, in order."""
    return [str(said(e)["code"]) for e in w.events if e.kind is Kind.ESCALATED and e.draft.incident]


def loaded(w: World) -> list[str]:
    return [str(said(e)["digest"]) for e in w.events if e.kind is Kind.POLICY_LOADED]


@dataclass(frozen=True)
class Outcome:
    """How a move stands: phase and outcome, the slices that are On in each Region, and what was told."""

    phase: Phase
    outcome: str
    east: str
    west: str
    told: tuple[str, ...]


def outcome(w: World) -> Outcome:
    incident = list(w.state.incidents.values())[-1]
    on = w.controls
    carried = ["".join(s for s in SLICES if on.get(f"{name}-{s}")) for name in ("use1", "usw2")]
    east, west = carried
    return Outcome(incident.phase, incident.outcome, east, west, tuple(codes_told(w)))


def forge(w: World, digest: str, document: Any) -> None:
    """Overwrite what is kept under a digest, as somebody who may write to the table could."""
    text = document if isinstance(document, str) else json.dumps(document)
    item = {"application": {"S": f"policy#{digest}"}, "seq": {"N": "0"}, "document": {"S": text}}
    call = {"TableName": w.stage.deployment.journal_table, "Item": item}
    w.stage.cloud.call("dynamodb", "PutItem", w.deps.here, call)
