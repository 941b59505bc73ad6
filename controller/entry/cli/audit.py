"""The commands `tidegate audit …`: keep and check the record, and count.

The record is for others to keep and check; the counts are figures over time.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.text import sanitize
from controller.entry.cli.audit_export import export, key
from controller.entry.cli.audit_report import report
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, stdout

group = typer.Typer(help="The record: export it, check it, figures over time.", rich_markup_mode=None)
group.command()(export)
group.command()(report)
group.command()(key)


@group.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle that `audit export` wrote.")],
    key: Annotated[
        Path | None, typer.Option("--key", metavar="PEM", help="The public key that must have signed it.")
    ] = None,
    earlier: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An earlier bundle that its journals must go on from.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a bundle, offline: exit 0 if whole; 1 and the first place that is wrong; 2 if it is none."""
    from controller.audit.bundle.signature import NoKey
    from controller.audit.bundle.verify import NotABundle, Verified
    from controller.audit.bundle.verify import verify as check

    try:
        pem = None if key is None else _small(key)
        with file.open("rb") as bundle:
            found: Verified = check(bundle, pem, _earlier(earlier, pem))
    except OSError as error:
        fail(ExitCode.BAD_INPUT, f"{error.filename}: {error.strerror}")
    except NoKey as error:
        fail(ExitCode.BAD_INPUT, f"{key}: {error}")
    except NotABundle as error:
        fail(ExitCode.BAD_INPUT, f"{file}: {error}")
    fields = _fields(found)
    emit("audit-verify", fields, lambda: _print(fields), as_json=as_json)
    if found.wrong is not None:
        raise typer.Exit(ExitCode.NO)


def _earlier(file: Path | None, pem: bytes | None) -> Any:
    """Return the manifest of an earlier bundle.

    Exit 1 where that bundle is not whole.
    """
    from controller.audit.bundle.verify import verify as check

    if file is None:
        return None
    with file.open("rb") as bundle:
        found = check(bundle, pem)
    if found.wrong is not None:
        wrong = found.wrong
        fail(
            ExitCode.NO,
            f"{file}, the earlier one, is not whole: {wrong.file} {wrong.where}: {wrong.sentence}",
        )
    return found.manifest


def _small(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1 << 16)


def _fields(found: Any) -> dict[str, Any]:
    seal, manifest, wrong = found.seal, found.manifest, found.wrong
    return {
        "whole": wrong is None,
        "wrong": None if wrong is None else {"file": wrong.file, "at": wrong.where, "says": wrong.sentence},
        "application": seal.application,
        "from": seal.begin,
        "to": seal.to,
        "signed_by": {
            "key": seal.key,
            "fingerprint": found.key,
            "known": found.key is not None and not found.own_key,
        },
        "events": manifest.journal.last if manifest else None,
        "assessments": {r: log.records for r, log in manifest.assessments.items()} if manifest else None,
        "unlinked": {r: len(log.unlinked) for r, log in manifest.assessments.items()} if manifest else None,
        "policies_missing": [p.digest for p in manifest.policies if p.file is None] if manifest else None,
        "unread": list(manifest.unread) if manifest else None,
    }


def _print(fields: dict[str, Any]) -> None:
    out, wrong = stdout(), fields["wrong"]
    out.print(Text(sanitize(f"{fields['application']}, {fields['from']} to {fields['to']}", 300)))
    if wrong is not None:
        place = ", ".join(part for part in (wrong["file"], wrong["at"]) if part)
        out.print(Text(sanitize(f"NOT WHOLE: {place}: {wrong['says']}", 600), style="bold red"))
        return
    held = ", ".join(f"{count} of {region}" for region, count in fields["assessments"].items()) or "none"
    out.print(Text("  " + sanitize(f"{fields['events']} journal events; assessments: {held}", 600)))
    for line in _notes(fields):
        out.print(Text("  " + sanitize(line, 600)))
    signed = fields["signed_by"]
    out.print(Text("  " + sanitize(f"signed by {signed['key']}, fingerprint {signed['fingerprint']}", 400)))
    if not signed["known"]:
        told = "checked with the key inside the bundle: compare its fingerprint, or pass --key"
        out.print(Text(f"  {told}", style="yellow"))
    out.print(Text("whole", style="bold"))


def _notes(fields: dict[str, Any]) -> list[str]:
    """Return facts that are no fault of the bundle, but that people must know."""
    lost = [f"{n} assessments of {region} follow records that were gone when it was exported"
            for region, n in fields["unlinked"].items() if n]  # fmt: skip
    missing = [f"the text of policy {digest[:12]} was not at hand" for digest in fields["policies_missing"]]
    return [*lost, *missing, *(f"could not be read: {each}" for each in fields["unread"])]
