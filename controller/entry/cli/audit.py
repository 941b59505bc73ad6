"""The commands `tidegate audit …`: keep and check the record, and count.

The record is for others to keep and check; the counts are figures over time.
"""

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.text import sanitize
from controller.entry.cli.audit_export import export, key, wrong_place
from controller.entry.cli.audit_report import report
from controller.entry.cli.names_file import NamesFile, read_names
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
    fingerprint: Annotated[
        str | None, typer.Option(metavar="HEX", help="Or that key's fingerprint, as `audit key` prints it.")
    ] = None,
    earlier: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="An earlier bundle that it must go on from, and hold the records of."
        ),
    ] = None,
    names: NamesFile = None,
    as_json: AsJson = False,
) -> None:
    """Check a bundle, offline: exit 0 if whole; 1 if not, or if nobody vouches for the key; 2 if none."""
    from controller.audit.bundle.signature import NoKey
    from controller.audit.bundle.verify import NotABundle, Verified
    from controller.audit.bundle.verify import verify as check

    vouched = None if fingerprint is None else _hex(fingerprint)
    try:
        pem = None if key is None else _small(key)
        before = _earlier(earlier, pem, vouched)
        with file.open("rb") as bundle:
            found: Verified = check(bundle, pem, before, vouched=vouched)
    except OSError as error:
        fail(ExitCode.BAD_INPUT, f"{error.filename}: {error.strerror}")
    except NoKey as error:
        fail(ExitCode.BAD_INPUT, f"{key}: {error}")
    except NotABundle as error:
        fail(ExitCode.BAD_INPUT, f"{file}: {error}")
    fields = _fields(found) | ({} if names is None else {"names_as_claimed": read_names(names)})
    emit("audit-verify", fields, _print, as_json=as_json)
    if found.verdict != "whole":
        raise typer.Exit(ExitCode.NO)


def _hex(fingerprint: str) -> str:
    """Return a fingerprint in the one spelling; colons, spaces and capitals are left to people."""
    found = fingerprint.replace(":", "").replace(" ", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", found):
        fail(ExitCode.BAD_INPUT, "--fingerprint: expected the 64 hex digits that `tidegate audit key` prints")
    return found


def _earlier(file: Path | None, pem: bytes | None, vouched: str | None) -> Any:
    """Return what is known of an earlier bundle.

    Exit 1 where that bundle is not whole.
    """
    from controller.audit.bundle.verify import NotABundle
    from controller.audit.bundle.verify import verify as check

    if file is None:
        return None
    try:
        with file.open("rb") as bundle:
            found = check(bundle, pem, vouched=vouched, keep=True)
    except NotABundle as error:
        fail(ExitCode.BAD_INPUT, f"{file}, the earlier one: {error}")
    wrong = found.wrong or found.broken
    if wrong is not None:
        fail(
            ExitCode.NO,
            f"{file}, the earlier one, is not whole: {wrong.file} {wrong.where}: {wrong.sentence}",
        )
    return found.as_earlier


def _small(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1 << 16)


def _place(wrong: Any) -> dict[str, str] | None:
    return None if wrong is None else {"file": wrong.file, "at": wrong.where, "says": wrong.sentence}


def _fields(found: Any) -> dict[str, Any]:
    seal, manifest = found.seal, found.manifest
    return {
        "whole": found.verdict == "whole",
        "verdict": found.verdict,
        "wrong": _place(found.wrong),
        "broken": _place(found.broken),
        "notes": list(found.notes),
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
    out, wrong, broken = stdout(), fields["wrong"], fields["broken"]
    signed = fields["signed_by"]
    about = f"{fields['application']}, {fields['from']} to {fields['to']}"
    out.print(Text(sanitize(about if signed["known"] else f"says that it is of {about}", 300)))
    if wrong is not None:
        out.print(Text(sanitize(f"NOT WHOLE: {wrong_place(wrong)}", 600), style="bold red"))
        return
    held = ", ".join(f"{count} of {region}" for region, count in fields["assessments"].items()) or "none"
    out.print(Text("  " + sanitize(f"{fields['events']} journal events; assessments: {held}", 600)))
    for line in _notes(fields):
        out.print(Text("  " + sanitize(line, 600)))
    signer = f"{signed['key']}, fingerprint {signed['fingerprint']}"
    out.print(
        Text("  " + sanitize(f"{'signed' if signed['known'] else 'says it was signed'} by {signer}", 400))
    )
    if broken is not None:
        out.print(
            Text(sanitize(f"exported as broken evidence: {wrong_place(broken)}", 600), style="bold red")
        )
    if signed["known"]:
        if broken is None:
            out.print(Text("whole", style="bold"))
        return
    out.print(Text("unproven: all of it fits together, and nobody vouches for its key", style="bold yellow"))
    out.print(Text("  pass --key PEM or --fingerprint HEX, as the deployment's `tidegate audit key` gave it"))


def _notes(fields: dict[str, Any]) -> list[str]:
    """Return facts that are no fault of the bundle, but that people must know."""
    lost = [f"{n} assessments of {region} follow records that were gone when it was exported"
            for region, n in fields["unlinked"].items() if n]  # fmt: skip
    missing = [f"the text of policy {digest[:12]} was not at hand" for digest in fields["policies_missing"]]
    unread = [f"could not be read: {each}" for each in fields["unread"]]
    named = [f"{each} is {name}, as claimed" for each, name in fields.get("names_as_claimed", {}).items()]
    return [*lost, *missing, *unread, *fields["notes"], *named]
