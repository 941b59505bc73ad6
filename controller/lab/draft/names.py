"""The reading of an account's names, for a draft.

A name says of which Region a control is, and which alarms and canaries are alike in all Regions.
```
 alarms     shop-us-east-1-5xx in us-east-1, shop-us-west-2-5xx in us-west-2     ─> shop-{region}-5xx
 controls   use1-a, usw2-a   or   shop-us-east-1-a   (short: first letters and the number)
```
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.ports.account import AccountFacts, AlarmFact, Panel, PlanFact

OWN, WATCH = "tidegate-", "watch-"
"""Prefixes of what tidegate itself made, which is no evidence.

These are the alarms that ring its state machine, and the alarms by which it is watched.
"""
CANARIES = "CloudWatchSynthetics"
TEMPLATE = re.compile(r"[A-Za-z0-9_.{}/-]{1,200}")


@dataclass(frozen=True, slots=True)
class Canaries:
    """Holds a canary by its template, and the Regions where it runs.

    From each of these Regions every Region is tested.
    """

    template: str
    runs_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Holds what can be drafted.

    controls: Region -> names. unplaced: controls whose Region is not known. alarms: template -> period in
    seconds. plans: those of Region switch that know every guarded Region. readiness: templates of ARC's
    readiness checks. tables: those whose lag is measured between all guarded Regions. left_out: a sentence
    each about something that was not used.
    """

    controls: Mapping[str, tuple[str, ...]]
    unplaced: tuple[str, ...]
    alarms: Mapping[str, float]
    canaries: tuple[Canaries, ...]
    left_out: tuple[str, ...]
    plans: tuple[PlanFact, ...] = ()
    readiness: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


def found(facts: AccountFacts, panel: Panel | None) -> Found:
    """Return the parts of a policy that names alone give away."""
    controls, unplaced = placed(panel.controls if panel else (), facts.regions)
    guarded = tuple(controls) or facts.regions
    left_out: list[str] = []
    alarms = _alarms(facts.alarms, guarded, left_out)
    canaries = _canaries(facts, guarded, left_out)
    plans = tuple(plan for plan in facts.plans if set(guarded) <= set(plan.regions))
    readiness, tables = _readiness(facts, guarded), _tables(facts, guarded)
    return Found(controls, unplaced, alarms, canaries, tuple(left_out), plans, readiness, tables)


def placed(
    controls: Iterable[str], regions: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return the controls by the Region in their name, in the order of names.

    The second part holds the controls with no Region in their name, or with two.
    """
    by_region: dict[str, list[str]] = {region: [] for region in regions}
    unplaced = []
    for name in sorted(controls):
        homes = [region for region in regions if _speaks_of(name, region)]
        if len(homes) == 1:
            by_region[homes[0]].append(name)
        else:
            unplaced.append(name)
    return {region: tuple(names) for region, names in by_region.items() if names}, tuple(unplaced)


def _speaks_of(name: str, region: str) -> bool:
    """Return True where `name` holds the Region as a word.

    The word is `us-east-1`, `useast1` or `use1`.
    """
    parts = region.split("-")
    short = parts[0] + "".join(part[0] for part in parts[1:-1]) + parts[-1]
    words = (region, "".join(parts), short)
    return any(re.search(rf"(?<![a-z0-9]){word}(?![0-9])", name.lower()) for word in words)


def _alarms(alarms: Sequence[AlarmFact], guarded: Sequence[str], left_out: list[str]) -> dict[str, float]:
    """Return template -> the longest period, of alarms that stand in every guarded Region."""
    seen: defaultdict[str, dict[str, AlarmFact]] = defaultdict(dict)
    for alarm in alarms:
        ours = alarm.own or alarm.name.startswith((OWN, WATCH))
        if ours or alarm.namespace == CANARIES or alarm.region not in guarded:
            continue
        seen[alarm.name.replace(alarm.region, "{region}")][alarm.region] = alarm
    whole = {}
    for template, by_region in sorted(seen.items()):
        missing = [region for region in guarded if region not in by_region]
        if missing:
            left_out.append(f"alarm {template} is missing in {', '.join(missing)}")
        elif TEMPLATE.fullmatch(template) is None:
            left_out.append(f"alarm {template}: a policy cannot write that name")
        else:
            whole[template] = max(alarm.period or 60.0 for alarm in by_region.values())
    if any(alarm.name.startswith(WATCH) for alarm in alarms):
        left_out.append(f"alarms named {WATCH}…: by these tidegate itself is watched (docs/watching.md)")
    return whole


def _canaries(facts: AccountFacts, guarded: Sequence[str], left_out: list[str]) -> tuple[Canaries, ...]:
    """Return the canaries that have the tested Region in their name.

    Each comes with the Regions from which all guarded Regions are tested.
    """
    seen: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for canary in facts.canaries:
        subject = next((region for region in guarded if region in canary.name), None)
        if subject is None:
            left_out.append(f"canary {canary.name} in {canary.region}: which Region does it test?")
        elif not canary.running:
            left_out.append(f"canary {canary.name} in {canary.region} does not run")
        else:
            seen[canary.name.replace(subject, "{region}")][subject].add(canary.region)
    whole = []
    for template, by_subject in sorted(seen.items()):
        everywhere = set.intersection(*(by_subject[region] for region in guarded))
        runs_in = tuple(region for region in facts.regions if region in everywhere)
        if runs_in:
            whole.append(Canaries(template, runs_in))
        else:
            left_out.append(f"canary {template} tests only {', '.join(by_subject)}, or each from elsewhere")
    return tuple(whole)


def _readiness(facts: AccountFacts, guarded: Sequence[str]) -> tuple[str, ...]:
    """Return the templates of readiness checks that stand for every guarded Region."""
    about = {name: next((r for r in guarded if r in name), None) for name in facts.readiness}
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for name, region in about.items():
        if region is not None:
            seen[name.replace(region, "{region}")].add(region)
    whole = (template for template, regions in sorted(seen.items()) if regions == set(guarded))
    return tuple(template for template in whole if TEMPLATE.fullmatch(template))


def _tables(facts: AccountFacts, guarded: Sequence[str]) -> tuple[str, ...]:
    """Return the tables that are measured from each guarded Region to each other, but for tidegate's own."""
    seen: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for each in facts.replicas:
        seen[each.table].add((each.source, each.target))
    ways = {(source, target) for source in guarded for target in guarded if source != target}
    return tuple(
        table
        for table, measured in sorted(seen.items())
        if ways <= measured and not table.startswith(OWN) and TEMPLATE.fullmatch(table)
    )
