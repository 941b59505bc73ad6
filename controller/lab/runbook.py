"""The runbook: the `aws` lines that do what break-glass does.

They are for the day when even break-glass cannot run. They are generated from a deployment, so that names,
ARNs and endpoints are those that are packaged.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from shlex import quote

from controller.core.decision.plan import Change, calls, plan
from controller.core.policy.schema import Policy
from controller.core.policy.validation import parse_policy
from controller.settings import Arc, Deployment, Standby

QUICK = "--cli-connect-timeout 2 --cli-read-timeout 5"


def whole(policy: Policy, *, source: str, target: str) -> tuple[Change, ...]:
    """Return every control of both Regions as it should be, whatever it is now."""
    unknown = {name: False for entry in policy.regions.values() for name in entry.controls}
    return plan(policy, source=source, target=target, controls=unknown).goal


def move_lines(deployment: Deployment, changes: Sequence[Change]) -> Iterator[str]:
    """Yield shell lines that make `changes`, all of a slice in one call.

    Each call to an ARC cluster has one line for each endpoint.
    """
    arc, standby = deployment.arc, deployment.standby
    policy = parse_policy(deployment.policy, in_force=True)
    if arc is not None:
        parts = calls(policy, changes)
        for before, part in pairwise(((), *parts)):
            if before:
                yield f"sleep {arc.wait_period_s + 1:.0f}    # the rules' wait period, and a second"
            yield from _arc_call(deployment, arc, part)
    elif standby is not None:
        yield from _object_calls(standby, policy, changes)


def read_lines(deployment: Deployment) -> Iterator[str]:
    """Yield shell lines that show the present states.

    For an ARC cluster there is one line for each endpoint.
    """
    arc, standby = deployment.arc, deployment.standby
    if arc is not None:
        query = quote("RoutingControls[].[RoutingControlName,RoutingControlState]")
        for region, url in _endpoints(deployment, arc):
            yield (
                f"aws route53-recovery-cluster list-routing-controls {QUICK} --region {region} "
                f"--endpoint-url {quote(url)} --control-panel-arn {quote(arc.panel)} "
                f"--query {query} --output text"
            )
    elif standby is not None:
        for region, name in sorted({(b.region, b.name) for b in standby.bucket_by_region.values()}):
            yield f"aws s3api list-objects-v2 {QUICK} --region {region} --bucket {name} --output text"


def _endpoints(deployment: Deployment, arc: Arc) -> list[tuple[str, str]]:
    """Return the endpoints, those in guarded Regions last.

    One of these Regions may be the one that is failing.
    """
    guarded = parse_policy(deployment.policy, in_force=True).regions
    return sorted(arc.endpoints.items(), key=lambda endpoint: endpoint[0] in guarded)


def _arc_call(deployment: Deployment, arc: Arc, part: Sequence[Change]) -> Iterator[str]:
    entries = [
        json.dumps({"RoutingControlArn": arc.controls[name], "RoutingControlState": "On" if on else "Off"})
        for name, on in part
    ]
    yield "ENTRIES='["
    yield ",\n".join(f"  {entry}" for entry in entries)
    yield "]'"
    for region, url in _endpoints(deployment, arc):
        yield (
            f"aws route53-recovery-cluster update-routing-control-states {QUICK} --region {region} "
            f'--endpoint-url {quote(url)} --update-routing-control-state-entries "$ENTRIES"'
        )


def _object_calls(standby: Standby, policy: Policy, changes: Sequence[Change]) -> Iterator[str]:
    homes = {name: region for region, entry in policy.regions.items() for name in entry.controls}
    for name, on in sorted(changes, key=lambda change: not change[1]):
        key = standby.objects.get(name)
        if key is None:
            continue
        bucket = standby.bucket_by_region[homes[name]]
        verb = "delete-object" if on else "put-object"
        place = f"--region {bucket.region} --bucket {bucket.name} --key {quote(key)}"
        yield f"aws s3api {verb} {QUICK} {place}    # {name} {'On' if on else 'Off'}"


def runbook(deployment: Deployment, *, source: str, target: str) -> str:
    """Return the page, in Markdown.

    Raises `KeyError` for a Region or a control that the deployment lacks.
    """
    policy = parse_policy(deployment.policy, in_force=True)
    goal = whole(policy, source=source, target=target)
    objects = deployment.standby is not None
    return "\n".join(
        [
            f"# Break glass: leave {source} for {target}",
            "",
            f"`{policy.application}` in account {deployment.account}. Printed by `tidegate runbook {source}`",
            "from the deployment's config; print it again whenever that changes.",
            "",
            "When nothing of tidegate runs, these lines do what `tidegate break-glass` does. They need the",
            "`aws` command and credentials " + _needs(deployment),
            "No console, no sign-in Region and no other service is on the way.",
            "",
            "## 1. See what is On",
            "",
            _one("answers", objects),
            "",
            *_shell(read_lines(deployment)),
            "",
            *_judge(policy, source, target, objects),
            "",
            "## 2. Move",
            "",
            _one("takes the change (it prints nothing)", objects),
            "",
            *_shell(move_lines(deployment, goal)),
            "",
            *_refused(deployment, objects),
            "",
            "## 3. Read back",
            "",
            *_read_back(objects),
            "",
            "| control | must be |",
            "|---|---|",
            *(f"| {name} | {_word(name, on, deployment)} |" for name, on in goal),
            "",
            "## 4. Check, and tell",
            "",
            *_afterwards(source, target),
            "",
        ]
    )


def _afterwards(source: str, target: str) -> tuple[str, ...]:
    return (
        "- Customers follow within a DNS lifetime (60 s) and a health check's interval. Watch your own",
        f"  success rate in {target}, not tidegate.",
        "- tidegate shows what you did as drift and does not fight it. Disarm it first if it must not",
        "  act: `tidegate disarm --reason TEXT`.",
        "- Write down who, when and why. These lines leave no record but CloudTrail's, so tidegate does",
        f"  not know that {source} was left: bring it home the same way. `tidegate break-glass` keeps a",
        "  record, and the journal takes it in.",
    )


def _needs(deployment: Deployment) -> str:
    if deployment.standby is not None:
        return "that may list, write and delete the objects below."
    access = deployment.arc_access
    whose = f"of account {access.account} for the routing controls,\n" if access is not None else ""
    needed = "`route53-recovery-cluster:ListRoutingControls` and `UpdateRoutingControlStates`."
    return f"{whose}that may call\n{needed}"


def _one(does: str, objects: bool) -> str:
    if objects:
        return "All lines, in their order."
    return f"One line is enough: go down until one {does}. An endpoint that hangs is normal."


def _judge(policy: Policy, source: str, target: str, objects: bool) -> list[str]:
    least = policy.limits.min_regions_on
    elsewhere = [
        "",
        f"Leave the lines out, here and in step 3, of each slice that is Off in {source} and On in a Region",
        f"other than {target}: it stays there, and a rule that allows one Region at a time would refuse it.",
    ]
    reading = ["An object in the list means *Off*; a control without one is On.", ""] if objects else []
    return [
        *reading,
        f"Go on only if {target} can carry the traffic. Afterwards every slice must be On somewhere, and",
        f"{least} {'Region' if least == 1 else 'Regions'} at least must carry traffic (`minRegionsOn`).",
        *(elsewhere if len(policy.regions) > 2 else ()),
    ]


def _refused(deployment: Deployment, objects: bool) -> list[str]:
    if objects or deployment.arc is None:
        return [
            "If a line fails, run it again; the lines before it hold, and every slice is On somewhere still."
        ]
    wait = f"{deployment.arc.wait_period_s + 1:.0f}"
    return [
        f"If a safety rule refuses: wait {wait} seconds, read, and try once more. Never override a rule",
        "alone: that takes two people.",
    ]


def _read_back(objects: bool) -> list[str]:
    if objects:
        return ["With the lines of step 1. S3 shows the latest write at once."]
    return [
        "With a line of step 1, from *another* endpoint than the one that took the change. It takes 5 s on",
        "average and 15 s at most.",
    ]


def _word(name: str, on: bool, deployment: Deployment) -> str:
    if deployment.standby is None:
        return "On" if on else "Off"
    if name not in deployment.standby.objects:
        return "On, always: it has no object" if on else "On, always: IT CANNOT BE TURNED OFF"
    return "On (no object)" if on else "Off (object)"


def _shell(lines: Iterator[str]) -> list[str]:
    return ["```sh", *lines, "```"]
