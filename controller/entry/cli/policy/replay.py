"""The command `tidegate policy replay`: raw past events through the real controller.

They go through the real workflow file and the real handlers.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from controller.core.text import sanitize
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, stdout
from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.shipped import shipped

if TYPE_CHECKING:
    from controller.lab.replay.events import Recording

SHIPPED = shipped("policies/storefront.yaml")
SHOWN = 5
"""Lines that cannot be used and that stderr names; the document has all of them."""


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSONL of raw EventBridge events.")],
    policy: Annotated[
        Path, typer.Option("--policy", metavar="P", help="The policy that decides, as it is written.")
    ] = SHIPPED,
    approve: Annotated[
        Literal["auto", "deny", "never"], typer.Option(help="What people answer who are asked.")
    ] = "auto",
    ready: Annotated[
        Literal["yes", "no", "unknown"],
        typer.Option(help="What replication, plans, ARC readiness and quotas say."),
    ] = "yes",
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose events count; by default the first event's.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Play the first controller without those that take over.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at a line that cannot be read.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a policy would have done on a past day: every event in order of arrival, in virtual time."""
    from controller.entry.replay import composition
    from controller.lab.replay.events import BadFile, read_recording
    from controller.lab.replay.play import replay as play

    loaded = load_policy(policy).policy
    shown = sanitize(str(file), 200)
    try:
        recording = read_recording(file)
        _tell_refused(recording, shown, strict=strict)
        fields = play(
            loaded, recording, composition(), approve=approve, ready=ready, account=account, alone=alone
        )
    except BadFile as error:
        fail(ExitCode.BAD_INPUT, f"{shown} {error}")
    emit("replay", fields, _print, as_json=as_json)


def _tell_refused(recording: "Recording", shown: str, *, strict: bool) -> None:
    refused = recording.refused
    if strict and refused:
        problems = [{"line": each.line, "message": each.reason} for each in refused]
        fail(ExitCode.BAD_INPUT, f"{shown}:{refused[0].line}: {refused[0].reason}", problems)
    for each in refused[:SHOWN]:
        note(f"{shown}:{each.line}: {each.reason}")
    if len(refused) > SHOWN:
        note(f"{shown}: {len(refused) - SHOWN} more lines cannot be read")


def _print(fields: dict[str, Any]) -> None:
    console = stdout()
    events, final = fields["events"], fields["final"]
    console.print(
        Text(f"{events['read']} events read, {events['used']} used, {len(events['ignored'])} ignored")
    )
    told = [
        *((d["at"], f"{d['region']}  {d['code']}  {d['reason']}") for d in fields["decisions"]),
        *((s["at"], f"{s['control']} -> {s['state']}") for s in fields["shifts"]),
        *((a["at"], f"approval {a['outcome']}  {a['incident']}") for a in fields["approvals"]),
    ]
    for at, text in sorted(told, key=lambda each: each[0]):
        console.print(Text(f"{at}  {sanitize(text, 300)}"))
    off = [name for name, state in final["controls"].items() if state == "Off"]
    console.print(
        Text(f"at the end Off: {', '.join(off) or 'nothing'}; incidents: {len(final['incidents'])}")
    )
