"""The commands `tidegate status`, `incidents` and `why`: they look, and change nothing.

One exception: `status` brings this machine's break-glass record into the journal.
"""

from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.explanation import format_time, tree_lines
from controller.core.incident.state import GLASS, Incident, as_data
from controller.core.journal.body import members
from controller.core.journal.event import Event, broken_at
from controller.core.text import sanitize
from controller.entry.break_glass import RecordStanding, journal_waiting, standing
from controller.entry.cli.options import ContextName, moment, open_archive, open_context
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, stdout
from controller.entry.context import Context
from controller.entry.status import (
    drift_data,
    drill_lines,
    drills_data,
    last_probes,
    restored_data,
    stuck_step_data,
    watching_lines,
)
from controller.ports.errors import ControllerError
from controller.readmodel.run import sentence
from controller.settings import Deployment
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import folded, read_state
from controller.steps.context.situation import fleet_stopped, read_switch
from controller.steps.operator.past_moments import PastMoment, recall_moment

WHEN = "2030-01-01T08:14:00Z, 08:14 or -5m; by default now."


def status(context: ContextName = None, as_json: AsJson = False) -> None:
    """What is On, what is open, and what was last decided about each Region."""
    found = open_context(context)
    deps = found.deps()
    read_state(deps)  # what is written to a journal that lost its end would stand in its way
    glass = _bring_in_break_glass(found, deps)
    archive = open_archive(context)
    seen, controls = recall_moment(archive.policy, archive, archive.now), read_switch(deps)
    regions = {region: _region(deps, region, seen, controls) for region in deps.policy.regions}
    open_ = seen.state.open
    drills = drills_data(archive.policy, seen.state, archive.now)
    fields = {
        "at": format_time(seen.at),
        "application": deps.application,
        "enforcement": deps.policy.enforcement,
        "armed": seen.state.armed,
        "fleet": fleet_stopped(deps),
        "muted": {
            what: format_time(until) for what, until in seen.state.muted.items() if until > archive.now
        },
        "gates": _gates(deps),
        "policy": seen.state.policy,
        "regions": regions,
        "incident": _incident(open_) if open_ else None,
        "watching": seen.blind is None,
        "last_drill": drills["last_success"],
        "drills": drills,
        "probes": last_probes(archive.newest_first, deps.application, deps.policy.regions, archive.now),
        "dead_letters": _dead_letters(found.deployment),
        "drift": drift_data(seen.state),
        "restored": restored_data(seen.state),
        "stuck": stuck_step_data(seen.state, archive.now),
        "break_glass": {"lines": glass.lines, "waiting": glass.waiting, "amiss": list(glass.sentences)},
    }
    emit("status", fields, _print_status, as_json=as_json, names=deps.names)


def _dead_letters(deployment: Deployment) -> int | None:
    from controller import wiring

    return wiring.dead_letters(deployment)


def _gates(deps: Deps) -> dict[str, str]:
    """Return the state of each master switch of the panel.

    While one is Off, ARC refuses the changes that its gating rule guards.
    """
    if not deps.gates:
        return {}
    try:
        states = deps.switch.read(tuple(deps.gates))
    except ControllerError:
        return dict.fromkeys(deps.gates, "unreadable")
    return {name: "On" if on else "Off" for name, on in states.items()}


def _bring_in_break_glass(context: Context, deps: Deps) -> RecordStanding:
    """Bring into the journal what was done on this machine without it; return how its record stands."""
    try:
        brought = journal_waiting(context, deps)
        if brought.added:
            note(f"{brought.added} records of break-glass were brought into the journal")
        return standing(context.deployment, deps.journal.read(deps.application))
    except (ControllerError, OSError, ValueError) as error:
        note(f"break-glass is not journalled yet: {sanitize(str(error), 200)}")
        return standing(context.deployment, None)


def _region(deps: Deps, region: str, seen: PastMoment, controls: Any) -> dict[str, Any]:
    decided = seen.regions.get(region)
    names = deps.policy.regions[region].controls
    return {
        "controls": None if controls is None else {c: "On" if controls[c] else "Off" for c in names},
        "code": decided[1]["code"] if decided else None,
        "reason": decided[1]["reason"] if decided else None,
        "decided_at": format_time(decided[0]) if decided else None,
    }


def _print_status(fields: dict[str, Any]) -> None:
    console = stdout()
    armed = "armed" if fields["armed"] else "DISARMED"
    console.print(Text(f"{fields['application']}  {fields['enforcement']}  {armed}  at {fields['at']}"))
    if fields["fleet"]:
        console.print(Text(f"  {sanitize(fields['fleet'], 300)}", style="bold red"))
    for name, state in fields["gates"].items():
        console.print(Text(f"  master switch {sanitize(name, 60)}: {state}"))
    for what, until in fields["muted"].items():
        console.print(Text(f"  {sanitize(what, 200)} is muted until {until}"))
    for region, found in fields["regions"].items():
        controls = found["controls"]
        on = (
            "controls unreadable"
            if controls is None
            else f"{list(controls.values()).count('On')}/{len(controls)} On"
        )
        said = (
            f"{found['code']}: {sanitize(str(found['reason']), 300)}"
            if found["code"]
            else "nothing decided lately"
        )
        console.print(Text(f"  {region:<14} {on:<8} {said}"))
    incident = fields["incident"]
    console.print(Text(_headline(incident) if incident else "  no incident is open"))
    for line, alarming in [*watching_lines(fields), *drill_lines(fields["drills"])]:
        console.print(Text("  " + sanitize(line, 500), style="bold red" if alarming else ""))
    for line in fields["break_glass"]["amiss"]:
        console.print(Text("  " + sanitize(line, 600), style="bold red"))
    if not fields["watching"]:
        console.print(Text("  nobody is watching: nothing was decided in the last minutes", style="bold red"))


def _incident(incident: Incident) -> dict[str, Any]:
    return {**as_data(incident), "opened": format_time(incident.opened)}


def _headline(data: dict[str, Any]) -> str:
    asked = data["approval"]
    waits = f", approval {asked['id']} {asked['status']}" if asked else ""
    to = f" -> {data['target']}" if data["target"] else ""
    hand = f", break-glass by {sanitize(data['requested_by'] or '', 80)}" if data["intent"] == GLASS else ""
    return f"  {data['id']}  {data['phase']}  {data['source']}{to}  opened {data['opened']}{waits}{hand}"


incidents = typer.Typer(help="Incidents, open and ended.", invoke_without_command=True, rich_markup_mode=None)


@incidents.callback()
def list_all(ctx: typer.Context, context: ContextName = None, as_json: AsJson = False) -> None:
    """All incidents of the journal, newest first."""
    if ctx.invoked_subcommand is not None:
        return
    archive = open_archive(context)
    application = archive.policy.application
    state = folded(application, archive.read(application))
    found = [_incident(i) for i in sorted(state.incidents.values(), key=lambda i: -i.opened)]

    def human(told: dict[str, Any]) -> None:
        for data in told["incidents"]:
            stdout().print(Text(_headline(data)))
        if not found:
            stdout().print(Text("no incident yet"))

    fields = {"application": application, "incidents": found}
    emit("incidents", fields, human, as_json=as_json, names=archive.names)


@incidents.command()
def show(
    incident: Annotated[str, typer.Argument(metavar="ID")],
    context: ContextName = None,
    as_json: AsJson = False,
) -> None:
    """One incident's journal: what happened, when, by whom."""
    archive = open_archive(context)
    events = archive.read(archive.policy.application)
    state = folded(archive.policy.application, events)
    if incident not in state.incidents:
        fail(ExitCode.NO, f"the journal knows no incident {sanitize(incident, 120)!r}")
    headline = _incident(state.incidents[incident])
    told = [event_data(e) for e in events if e.draft.incident == incident]
    broken = broken_at(events)

    def human(named: dict[str, Any]) -> None:
        console = stdout()
        console.print(Text(_headline(named["incident"])))
        for data in named["events"]:
            console.print(Text(f"  {data['at']:<24} {data['kind']:<20} {data['by']:<22} {data['says']}"))
        whole = "the chain is whole" if broken is None else f"THE CHAIN IS BROKEN at event {broken}"
        console.print(Text(f"  {len(events)} events in the journal; {whole}"))

    fields = {"incident": headline, "events": told, "chain_whole": broken is None}
    emit("incident", fields, human, as_json=as_json, names=archive.names)


def event_data(event: Event) -> dict[str, Any]:
    """Return an event for people and `--json`.

    The stored decision stays in the journal.
    """
    data = {key: value for key, value in members(event.body, whole=True).items() if key != "decision"}
    return {
        "seq": event.seq,
        "at": format_time(event.at),
        "kind": str(event.kind),
        "by": sanitize(event.draft.by, 80),
        "says": sanitize(sentence(event), 300),
        "data": data,
    }


def why(
    at: Annotated[str | None, typer.Option("--at", help=WHEN)] = None,
    region: Annotated[str | None, typer.Option("--region", help="Only this Region.")] = None,
    context: ContextName = None,
    as_json: AsJson = False,
) -> None:
    """Why it acted, or did not, at any moment: the leaf of the policy that kept it, and the whole tree."""
    archive = open_archive(context)
    if region is not None and region not in archive.policy.regions:
        known = f"expected one of: {', '.join(archive.policy.regions)}"
        fail(ExitCode.BAD_INPUT, f"{sanitize(region, 60)} is not a Region of the policy; {known}")
    seen = recall_moment(
        archive.policy, archive, archive.now if at is None else moment(at, archive.now, "--at")
    )
    told = {r: found for r, found in seen.regions.items() if region in (None, r)}
    fields = {
        "at": format_time(seen.at),
        "application": archive.policy.application,
        "sentences": seen.sentences(region),
        "blind": None if seen.blind is None else [None if e is None else format_time(e) for e in seen.blind],
        "regions": [{**record, "decided_at": format_time(when)} for when, record in told.values()],
        "incident": _incident(seen.state.open) if seen.state.open else None,
        "journal": [event_data(event) for event in seen.events],
    }
    emit("why", fields, _print_why, as_json=as_json, names=archive.names)


def _print_why(fields: dict[str, Any]) -> None:
    console = stdout()
    for line in fields["sentences"]:
        console.print(Text(sanitize(line, 2000), style="bold"))
    for record in fields["regions"]:
        console.print(Text(f"\n{record['region']}, decided {record['decided_at']}:"))
        for line in tree_lines(record["tree"], "  ") if record.get("tree") else ():
            console.print(Text(" " * (len(line) - len(line.lstrip())) + sanitize(line, 400)))
        if isinstance(record.get("cut"), str):
            console.print(Text(f"  {sanitize(record['cut'], 400)}"))
        for check in record["checks"]:
            mark = {"true": "+", "false": "-", "unknown": "?"}[check["value"]]
            console.print(Text(f"  {mark} {check['guard']}: {sanitize(check['sentence'], 300)}"))
    if fields["incident"]:
        console.print(Text("\n" + _headline(fields["incident"])))
