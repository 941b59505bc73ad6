"""The peers of `tests.bench.decision`: what somebody would write in an afternoon."""

import json
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, Literal

import zen
from pydantic import BaseModel, TypeAdapter

from controller.core.model import Signal

PYDANTIC = f"pydantic {metadata.version('pydantic')}, plain Python"
ZEN = f"the same reading, zen-engine {metadata.version('zen-engine')}"
ALARMS = ("5xx", "latency", "writes")
SILENT_AFTER = 300.0


class Seen(BaseModel):
    at: float
    received: float
    verdict: Literal["breaching", "healthy", "unknown"]
    via: Literal["event", "poll", "relay"]
    id: str
    reason: str = ""


SEEN = TypeAdapter(list[Seen])


class Kept(BaseModel):
    """The first line of what tidegate keeps of a signal."""

    at: list[float]
    received: list[float]
    said: str
    via: str
    words: int


class State(BaseModel):
    """What a signal says, since when by its own clock and by ours, and when it said so last."""

    verdict: str
    since: float
    heard: float
    confirmed: float


def state_of(history: Sequence[Seen], now: float) -> State:
    if not history:
        return State(verdict="unknown", since=now, heard=now, confirmed=now)
    last = history[-1]
    quiet = last.received + SILENT_AFTER
    if now > quiet:
        return State(verdict="silent", since=quiet, heard=quiet, confirmed=now)
    first = last
    for seen in reversed(history):
        if seen.verdict != last.verdict:
            break
        first = seen
    return State(verdict=last.verdict, since=first.at, heard=first.received, confirmed=last.at)


class Signals:
    """Which texts are about which Region, and who counts."""

    def __init__(self, signals: Sequence[Signal], now: float) -> None:
        self.now = now
        self.regions = list(dict.fromkeys(s.subject for s in signals))
        self.customer = {r: [s.id for s in signals if s.subject == r and s.family == "customer"
                             and s.observer != r] for r in self.regions}  # fmt: skip
        self.service = {r: [s.id for s in signals if s.subject == r and s.family == "service"]
                        for r in self.regions}  # fmt: skip

    def states(self, texts: Mapping[str, str]) -> dict[str, State]:
        return {key: state_of(self.read(text), self.now) for key, text in texts.items()}

    def read(self, text: str) -> Sequence[Seen]:
        return SEEN.validate_json(text)


class Plain(Signals):
    """pydantic for what is read, and the rule in plain Python."""

    def __call__(self, texts: Mapping[str, str]) -> list[str]:
        states = self.states(texts)
        return [
            self.rule([states[key] for key in self.customer[r]], [states[key] for key in self.service[r]])
            for r in self.regions
        ]

    def rule(self, customer: Sequence[State], service: Sequence[State]) -> str:
        fails = self.leaf(customer, "breaching", 2, 180.0)
        if fails == "false":
            return "false"
        agrees = (self.leaf(service, "breaching", 1, 120.0), self.leaf(service, "silent", 3, 120.0))
        backed = "true" if "true" in agrees else "unknown" if "unknown" in agrees else "false"
        return "false" if backed == "false" else "true" if fails == backed == "true" else "unknown"

    def leaf(self, states: Sequence[State], verdict: str, wanted: int, patience: float) -> str:
        yes = [state for state in states if state.verdict == verdict]
        if len(yes) >= wanted:
            since = sorted(state.since for state in yes)[wanted - 1]
            heard = sorted(state.heard for state in yes)[wanted - 1]
            confirmed = sorted(state.confirmed for state in yes)[-wanted]
            ours = self.now - heard
            held = ours if verdict == "silent" else min(ours, confirmed - since)
            return "true" if held >= patience else "false"
        unclear = ("silent", "unknown") if verdict != "silent" else ()
        open_ = sum(state.verdict in unclear for state in states)
        return "unknown" if len(yes) + open_ >= wanted else "false"


class OnColumns(Plain):
    """The same rule on what tidegate keeps, which nobody would have come upon in an afternoon."""

    def states(self, texts: Mapping[str, str]) -> dict[str, State]:
        return {
            key: self.state(Kept.model_validate_json(text.partition("\n")[0])) for key, text in texts.items()
        }

    def state(self, kept: Kept) -> State:
        if not kept.at:
            return state_of((), self.now)
        said, quiet = kept.said, kept.received[-1] + SILENT_AFTER
        if self.now > quiet:
            return State(verdict="silent", since=quiet, heard=quiet, confirmed=self.now)
        first = len(said.rstrip(said[-1]))
        word = {"b": "breaching", "h": "healthy", "u": "unknown"}[said[-1]]
        return State(verdict=word, since=kept.at[first], heard=kept.received[first], confirmed=kept.at[-1])


class Zen(Signals):
    """The same reading, and the rule as a model of zen-engine, which knows no histories."""

    def __init__(self, signals: Sequence[Signal], now: float) -> None:
        super().__init__(signals, now)
        self._decision = zen.ZenEngine().create_decision(json.dumps(model()))

    def __call__(self, texts: Mapping[str, str]) -> list[str]:
        states = {key: state.model_dump() for key, state in self.states(texts).items()}
        context = {
            "now": self.now,
            "regions": [
                {"customer": [states[key] for key in self.customer[r]],
                 "service": [states[key] for key in self.service[r]]}
                for r in self.regions
            ]
        }  # fmt: skip
        return list(self._decision.evaluate(context)["result"]["leave"])


def model() -> dict[str, Any]:
    dim = "#.verdict in ['silent', 'unknown']"

    def leaf(family: str, says: str, wanted: int, patience: int, doubt: str) -> str:
        """One of them, or all of them: whoever began first, or last."""
        first, last = ("min", "max") if wanted == 1 else ("max", "min")
        red = f"filter(#.{family}, #.verdict == '{says}')"
        yes = f"count(#.{family}, #.verdict == '{says}')"
        ours = f"$root.now - {first}(map({red}, #.heard)) >= {patience}"
        theirs = f"{last}(map({red}, #.confirmed)) - {first}(map({red}, #.since)) >= {patience}"
        long = ours if says == "silent" else f"{ours} and {theirs}"
        open_ = f"{yes} + count(#.{family}, {doubt}) >= {wanted} ? 'unknown' : 'false'"
        return f"({yes} >= {wanted} ? ({long} ? 'true' : 'false') : ({open_}))"

    fails = leaf("customer", "breaching", 2, 180, dim)
    backed = leaf("service", "breaching", 1, 120, dim)
    silent = leaf("service", "silent", 3, 120, "false")
    either = "('true' in [#.r, #.s] ? 'true' : 'unknown' in [#.r, #.s] ? 'unknown' : 'false')"
    both = (
        "(#.c == 'false' or #.b == 'false' ? 'false' : #.c == 'true' and #.b == 'true' ? 'true' : 'unknown')"
    )
    steps = [
        ("leaves", f"map(regions, {{c: {fails}, r: {backed}, s: {silent}}})"),
        ("parts", f"map($.leaves, {{c: #.c, b: {either}}})"),
        ("leave", f"map($.parts, {both})"),
    ]
    place = {"x": 0, "y": 0}
    content = {"expressions": [{"id": key, "key": key, "value": value} for key, value in steps]}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": place},
        {"id": "rule", "type": "expressionNode", "name": "rule", "position": place, "content": content},
        {"id": "out", "type": "outputNode", "name": "out", "position": place},
    ]
    edges = [
        {"id": f"{a}-{b}", "sourceId": a, "targetId": b, "type": "edge"}
        for a, b in (("in", "rule"), ("rule", "out"))
    ]
    return {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}
