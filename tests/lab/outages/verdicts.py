"""Expected verdicts beside what a replay, or the backtest's evaluator, made of the same events."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from controller.core.policy.schema import Policy
from controller.lab.policy_files.loader import load_policy
from tests.lab.outages.derive import STORIES, lines
from tests.lab.outages.events import Event, moment
from tests.support.corpus import corpus

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One replay, whole or in part, and what must come of it."""

    name: str
    data: Mapping[str, Any]

    @property
    def policy(self) -> Policy:
        return load_policy(HERE / self.data["policy"]).policy

    def span(self, *, whole: bool) -> tuple[float, float]:
        span = self.data if whole else self.data["part"]
        return _seconds(span["from"]), _seconds(span["to"])

    def events(self, *, whole: bool) -> Sequence[Event]:
        facts = json.loads(corpus("outages/named_outages.json").read_text(encoding="utf-8"))
        outage = {each["id"]: each for each in facts["outages"]}
        return _events(self.name, outage[self.data["outage"]], *self.span(whole=whole))


def _events(name: str, outage: Mapping[str, Any], begin: float, end: float) -> Sequence[Event]:
    return lines(STORIES[name](outage, begin, end))


@cache
def cases() -> Mapping[str, Case]:
    text = (HERE / "expected.yaml").read_text(encoding="utf-8")
    return {each["replay"]: Case(each["replay"], each) for each in YAML(typ="safe", pure=True).load(text)}


def misses(case: Case, told: Mapping[str, Any], *, whole: bool) -> list[str]:
    """What a document `tidegate.replay/v1` says that was not expected; empty if all is well."""
    begin, end = case.span(whole=whole)
    return [*_moves(case, told, end), *_codes(case, told, begin, end)]


def _moves(case: Case, told: Mapping[str, Any], end: float) -> Iterator[str]:
    data, policy = case.data, case.policy
    homes = {name: region for region, entry in policy.regions.items() for name in entry.controls}
    opened = [i for i in told["final"]["incidents"] if i["intent"] == "evacuate"]
    if len(opened) != data["opened"]:
        yield f"{len(opened)} incidents opened, not {data['opened']}"
    expected = 0
    for key, state in (("left", "Off"), ("returned", "On")):
        happened = [(moment(s["at"]), homes[s["control"]]) for s in told["shifts"] if s["state"] == state]
        wanted = data[key]
        if wanted is None or _seconds(wanted["after"]) > end:
            if happened:
                yield f"{key}: {happened[0][1]} at {happened[0][0]}; expected never"
            continue
        expected += len(policy.regions[wanted["region"]].controls)
        if not happened:
            yield f"{key}: never"
        elif {region for _, region in happened} != {wanted["region"]}:
            yield f"{key}: {happened}"
        elif not _seconds(wanted["after"]) <= happened[0][0] <= _seconds(wanted["before"]):
            yield f"{key}: at {_clock(happened[0][0])}"
        if "to" in wanted and opened and opened[0]["target"] != wanted["to"]:
            yield f"{key}: towards {opened[0]['target']}"
    if len(told["shifts"]) != expected:
        yield f"{len(told['shifts'])} changes of controls, not {expected}"


def _codes(case: Case, told: Mapping[str, Any], begin: float, end: float) -> Iterator[str]:
    for wanted in case.data["codes"]:
        at = _seconds(wanted["at"])
        if not begin + 120.0 <= at <= end:
            continue
        known = [d for d in told["decisions"] if d["region"] == wanted["region"] and moment(d["at"]) <= at]
        allowed = wanted["code"] if isinstance(wanted["code"], list) else [wanted["code"]]
        if not known or known[-1]["code"] not in allowed:
            found = known[-1]["code"] if known else "nothing"
            yield f"{_clock(at)} {wanted['region']}: {found}, not {' or '.join(allowed)}: {wanted['why']}"


def _seconds(found: object) -> float:
    """YAML 1.1 reads times for us, without their zone."""
    if isinstance(found, datetime):
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    return moment(str(found))


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
