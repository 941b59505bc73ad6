"""The examination of the switch: endpoints, routing controls and safety rules.

Five endpoints answer, every slice is On somewhere, and ARC's safety rules are as configured.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from controller.aws.assumed_role import AssumedRole
from controller.aws.errors import code, refuses
from controller.entry.doctor.accounts import role_of
from controller.entry.doctor.finding import Finding, Patient, judged, short, tried
from controller.ports.errors import ControllerError, EvidenceUnavailable
from controller.settings import Arc

ARC_REGION = "us-west-2"
"""The Region where ARC's configuration is read (Recovery Control Configuration API)."""
NOT_THERE = "ResourceNotFoundException"


def endpoints(patient: Patient) -> Iterator[Finding]:
    """Check each endpoint alone.

    The switch works with one of five, so it would hide that the other four fail.
    """
    arc = patient.deployment.arc
    if arc is None:
        objects = patient.deployment.has_switch
        why = "this deployment moves objects, not routing controls" if objects else "shadow has no switch yet"
        yield Finding("arc endpoints", "", "skipped", why)
        return
    access = patient.deployment.arc_access
    role = role_of(patient, access) if access is not None else None
    for region, url in arc.endpoints.items():
        yield _endpoint(patient, arc, role, region, url)


def _endpoint(patient: Patient, arc: Arc, role: AssumedRole | None, region: str, url: str) -> Finding:
    """Ask one endpoint. That it does not let you ask says nothing of it."""
    says = partial(Finding, "arc endpoint", region)
    keys = () if role is None else (role.keys,)
    try:
        if role is not None:
            role.ready()
        client = patient.ask("route53-recovery-cluster", region, url, *keys)
        pages = client.get_paginator("list_routing_controls").paginate(ControlPanelArn=arc.panel)
        there = {c["RoutingControlArn"] for page in pages for c in page["RoutingControls"]}
    except EvidenceUnavailable as error:
        return says("unknown", f"you may not ask it: {short(error)}")
    except patient.failures as error:
        if code(error) == NOT_THERE:
            return says("bad", f"does not know our control panel: {short(error)}")
        if refuses(error):
            return says("unknown", f"you may not ask it: {short(error)}")
        return says("bad", f"does not answer: {short(error)}")
    lost = len(set(arc.controls.values()) - there)
    return says("bad", f"knows {lost} of our controls not") if lost else says("ok", "answers, knows them all")


def controls(patient: Patient) -> Iterator[Finding]:
    policy = patient.deps.policy
    names = [control for entry in policy.regions.values() for control in entry.controls]
    try:
        states = patient.deps.switch.read(names)
    except ControllerError as error:
        yield Finding("routing controls", "", "unknown", f"cannot be read: {short(error)}")
        return
    for region, entry in policy.regions.items():
        on = sum(states[control] for control in entry.controls)
        yield Finding("routing controls", region, "ok", f"{on} of {len(entry.controls)} On")
    dark = [column for column in slices(patient) if not any(states[control] for control in column.values())]
    if dark:
        yield Finding("routing controls", "", "bad", f"{len(dark)} slices are On nowhere")


def slices(patient: Patient) -> list[dict[str, str]]:
    """Return for each slice: Region -> its control's name."""
    regions = patient.deps.policy.regions
    columns = zip(*(entry.controls for entry in regions.values()), strict=True)
    return [dict(zip(regions, column, strict=True)) for column in columns]


def safety_rules(patient: Patient) -> Finding:
    """Check the safety rules as they are configured.

    Without them a mistake, of ours or of anybody, could take a slice Off everywhere.
    """
    check, arc = "safety rules", patient.deployment.arc
    if arc is None:
        return Finding(check, "", "skipped", "this deployment has no ARC cluster")
    if (access := patient.deployment.arc_access) is not None:
        return Finding(check, "", "skipped", f"ARC lives in account {access.account}: look there")

    def look() -> Finding:
        pages = patient.client("route53-recovery-control-config", ARC_REGION)
        found = pages.get_paginator("list_safety_rules").paginate(ControlPanelArn=arc.panel)
        rules = [rule for page in found for rule in page.get("SafetyRules", ())]
        told = f"{len(rules)} rules: each slice stays On somewhere"
        return judged(check, "", list(_rules_amiss(patient, arc, rules)), told)

    return tried(patient, check, "", look)


def _rules_amiss(patient: Patient, arc: Arc, rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    asserted = [rule["ASSERTION"] for rule in rules if "ASSERTION" in rule]
    gating = {rule["GATING"]["SafetyRuleArn"]: rule["GATING"] for rule in rules if "GATING" in rule}
    records = patient.deployment.records
    for number, column in enumerate(slices(patient), start=1):
        arns = {arc.controls[name] for name in column.values()}
        over = [rule for rule in asserted if set(rule["AssertedControls"]) == arns]
        if not any(_at_least_one(rule["RuleConfig"], len(arns)) for rule in over):
            yield f"nothing keeps slice {number} On somewhere ({', '.join(column.values())})"
        if records and records.mode == "active-passive" and not any(map(_at_most_one, over)):
            yield f"nothing keeps slice {number} from being On twice ({', '.join(column.values())})"
    for name, gate in arc.gates.items():
        rule = gating.get(gate.rule)
        if rule is None:
            yield f"the master switch {name} is gone"
        elif rule["GatingControls"] != [gate.control]:
            yield f"the master switch {name} hangs on another control than arc.json says"
        elif free := sum(arn not in rule["TargetControls"] for arn in arc.controls.values()):
            yield f"the master switch {name} does not hold {free} of our controls"
    slowest = max((rule["WaitPeriodMs"] for pair in rules for rule in pair.values()), default=0) / 1000
    if slowest > arc.wait_period_s:
        yield (
            f"a rule waits {slowest:g} s, arc.json says {arc.wait_period_s:g}: a second call would come too "
            "early; write arc.json again"
        )


def _at_least_one(config: Mapping[str, Any], count: int) -> bool:
    """Return True where the rule keeps at least one control On.

    `AND` over all controls would keep people from ever leaving a Region, so it does not count.
    """
    enough = {"ATLEAST": config["Threshold"], "OR": 1, "AND": count}[config["Type"]]
    return not config["Inverted"] and enough == 1


def _at_most_one(rule: Mapping[str, Any]) -> bool:
    config = rule["RuleConfig"]
    return bool(config["Inverted"] and config["Type"] == "ATLEAST" and config["Threshold"] == 2)
