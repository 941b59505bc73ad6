"""The command `tidegate doctor`: it examines a deployment's fitness to evacuate.

It also writes the file of ARC's names, once.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from controller.entry.cli.options import ContextName, Yes, confirm, open_context
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, stdout
from controller.entry.context import Context

CONTROL_PLANES = ("iam", "lambda", "route53", "route53-recovery-control-config", "synthetics")
STYLES = {"ok": "green", "bad": "bold red", "unknown": "yellow", "skipped": "dim"}


def doctor(
    context: ContextName = None,
    write_arc: Annotated[
        Path | None, typer.Option(help="Write the cluster's endpoints and the controls' ARNs to this file.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="The ARC cluster's ARN, where there are several.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Examine a deployment: switch, records, permissions, versions, alarms, canaries, tables, last drill."""
    found = open_context(context)
    if write_arc is not None:
        _write_arc(found, write_arc, cluster, yes=yes, as_json=as_json)
        return
    from controller import wiring
    from controller.aws.errors import OUTSIDE
    from controller.entry.doctor import Patient, examine

    deployments = (found.deployment, *found.others)
    quick, patient = wiring.looking(1.0), wiring.looking(10.0, tries=5)

    def ask(service: str, region: str, url: str | None, *keys: Any) -> Any:
        """Return a client that waits one second, or ten for a control plane.

        An evacuation needs the quick ones. Control planes are slow and throttled, so they get several tries.
        """
        return (patient if service in CONTROL_PLANES else quick)(service, region, url, *keys)

    patients = [Patient(each, wiring.build(each), ask, OUTSIDE) for each in deployments]
    findings = examine(patients)
    rows = [{"check": f.check, "where": f.where, "verdict": f.verdict, "says": f.says} for f in findings]
    well = all(f.verdict in ("ok", "skipped") for f in findings)
    fields = {"context": found.name, "application": deployments[0].policy.get("application"), "well": well,
              "findings": rows}  # fmt: skip
    names = patients[0].deps.names
    emit("doctor", fields, _print, as_json=as_json, names=names)
    if not well:
        raise typer.Exit(ExitCode.NO)


def _print(fields: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "check", "where", "says"):
        table.add_column(heading, overflow="fold")
    for row in fields["findings"]:
        verdict = Text(row["verdict"], style=STYLES[row["verdict"]])
        table.add_row(verdict, Text(row["check"]), Text(row["where"]), Text(row["says"]))
    console = stdout()
    console.print(table)
    console.print(Text("fit to evacuate" if fields["well"] else "NOT fit: see above", style="bold"))


def _write_arc(found: Context, file: Path, cluster: str | None, *, yes: bool, as_json: bool) -> None:
    from controller import wiring
    from controller.aws.arc.config import NotThere, read_arc
    from controller.aws.readiness import ARC_REGION
    from controller.ports.errors import OutsideUnreachable

    if found.deployment.standby is not None and found.deployment.standby.health_checks:
        fail(ExitCode.NO, "this deployment moves objects: it needs no file of ARC's names")
    policy = found.deployment.policy
    names = [c for entry in dict(policy["regions"]).values() for c in entry["controls"]]  # type: ignore[call-overload]
    if file.exists():
        confirm(found, f"{file} is there already and will be replaced", "replace", yes=yes)
    url = found.deployment.endpoint_url
    client = wiring.looking(20.0)("route53-recovery-control-config", ARC_REGION, url)
    try:
        arc = read_arc(client, panel=str(policy["application"]), controls=names, cluster=cluster)
    except NotThere as error:
        fail(ExitCode.NO, str(error))
    except OutsideUnreachable as error:
        fail(ExitCode.UNREACHABLE, str(error))
    try:
        file.write_text(json.dumps(arc, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as error:
        fail(ExitCode.BAD_INPUT, f"{file} cannot be written: {error.strerror}")
    note(f"{file}: {len(arc['controls'])} controls, {len(arc['endpoints'])} endpoints; commit it")
    emit("arc", {"file": str(file), "arc": arc}, lambda _: None, as_json=as_json)
