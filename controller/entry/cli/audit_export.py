"""The commands `tidegate audit export` and `audit key`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.explanation import format_time
from controller.core.text import sanitize
from controller.entry.cli.names_file import write_names
from controller.entry.cli.options import ContextName, moment, open_context
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, note, stdout
from controller.steps.context.names import Names

AS_IT_IS = "`--broken` exports it as it stands, as evidence"
Broken = Annotated[
    bool, typer.Option("--broken", help="Export a journal that cannot be read, as evidence that it is so.")
]
NamesOut = Annotated[
    Path | None,
    typer.Option("--names", metavar="FILE", help="Write the names that are known beside it; never archived."),
]
WHEN = "2030-01-01T08:14:00Z, 08:14 or -30d."


def export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The bundle; a file there is replaced.")],
    since: Annotated[str, typer.Option("--from", help=f"{WHEN} By default 30 days ago.")] = "-30d",
    to: Annotated[str | None, typer.Option("--to", help=f"{WHEN} By default now.")] = None,
    incident: Annotated[
        str | None, typer.Option(metavar="ID", help="From just before this incident to just after it.")
    ] = None,
    policy: Annotated[
        list[Path] | None, typer.Option(help="A policy file that was in force once; several may be given.")
    ] = None,
    archive: Annotated[
        bool, typer.Option("--archive", help="Put it into the deployment's locked bucket too.")
    ] = False,
    broken: Broken = False,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Without a signature; `audit verify` will say no to it.")
    ] = False,
    names: NamesOut = None,
    context: ContextName = None,
    as_json: AsJson = False,
) -> None:
    """Write a signed bundle of the record: what was known, decided and done, by which policy, by whom."""
    from controller.audit.bundle.write import TooLarge
    from controller.audit.bundle.write import export as write
    from controller.entry.audit_sources import record_of, signer_of, store_of
    from controller.lab.policy_files.loader import load_policy
    from controller.ports.errors import JournalUnreadable

    found = open_context(context)
    store = store_of(found.deployment) if archive else None
    if archive and store is None:
        fail(ExitCode.BAD_INPUT, "the deployment names no locked bucket (`audit_bucket`)")
    try:
        record = record_of(found, [load_policy(path).policy for path in policy or ()], broken=broken)
        period = _period(record.events, found.deps().runtime.now(), since, to, incident)
        signer = None if unsigned else signer_of(found)
        manifest = write(record, period, signer, out)
    except JournalUnreadable as error:
        fail(ExitCode.NO, f"nothing was exported, the journal is not whole: {error}; {AS_IT_IS}")
    except (OSError, TooLarge) as error:
        told = f"cannot be written: {error.strerror}" if isinstance(error, OSError) else str(error)
        fail(ExitCode.BAD_INPUT, f"{sanitize(str(out), 300)}: {told}")
    wrong = _checked(out, None if signer is None else signer.public_key().pem.encode())
    kept = _keep(store, manifest.application, manifest.begin, out) if store is not None else None
    fields = _fields(manifest) | {"file": str(out), "whole": wrong is None, "wrong": wrong, "archived": kept}
    fields |= {} if names is None else {"names": _named(names, record, found.deps().names)}
    emit("audit-export", fields, _print, as_json=as_json)
    if wrong is not None and not unsigned:
        raise typer.Exit(ExitCode.NO)


def _named(file: Path, record: Any, names: Names) -> dict[str, Any]:
    """Write the names of the people in the record beside it."""
    texts = (event.text for event in (*record.events, *record.fleet))
    return {"file": str(file), "known": write_names(file, texts, names)}


def _fields(manifest: Any) -> dict[str, Any]:
    return {
        "application": manifest.application,
        "from": manifest.begin,
        "to": manifest.to,
        "events": manifest.journal.last,
        "assessments": {region: log.records for region, log in manifest.assessments.items()},
        "policies_missing": [p.digest for p in manifest.policies if p.file is None],
        "unread": list(manifest.unread),
        "broken": manifest.broken is not None,
    }


def _period(events: Any, now: float, since: str, to: str | None, incident: str | None) -> Any:
    from controller.audit.bundle.write import Period, period_of

    if incident is not None:
        found = period_of(events, incident, now)
        if found is None:
            fail(ExitCode.NO, f"the journal knows no incident {sanitize(incident, 120)!r}")
        return found
    begin, end = moment(since, now, "--from"), now if to is None else min(now, moment(to, now, "--to"))
    if begin > end:
        fail(ExitCode.BAD_INPUT, f"--from {format_time(begin)} is after --to {format_time(end)}")
    return Period(begin, end)


def _checked(out: Path, pem: bytes | None) -> dict[str, str] | None:
    """Return what `audit verify` would find wrong.

    A record that somebody changed is exported as it is, and the output says so.
    """
    from controller.audit.bundle.verify import verify

    with out.open("rb") as file:
        found = verify(file, pem)
    wrong = found.wrong or found.broken
    return None if wrong is None else {"file": wrong.file, "at": wrong.where, "says": wrong.sentence}


def _keep(store: Any, application: str, begin: str, out: Path) -> dict[str, str]:
    import hashlib

    from controller.ports.audit import NotLocked

    with out.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        kept = store.keep(f"{application}/{begin[:10]}-{digest[:16]}.tar", out)
    except NotLocked as error:
        fail(ExitCode.NO, str(error))
    return {"place": kept.place, "locked_until": format_time(kept.until)}


def _print(fields: dict[str, Any]) -> None:
    out = stdout()
    held = ", ".join(f"{count} of {region}" for region, count in fields["assessments"].items()) or "none"
    out.print(
        Text(sanitize(f"{fields['file']}: {fields['application']}, {fields['from']} to {fields['to']}", 500))
    )
    out.print(Text("  " + sanitize(f"{fields['events']} journal events; assessments: {held}", 500)))
    for digest in fields["policies_missing"]:
        note(f"policy {digest[:12]} was in force, but its text is not at hand: name its file with --policy")
    for each in fields["unread"]:
        note(f"could not be read, and is not in it: {sanitize(each, 400)}")
    if fields["archived"]:
        kept = fields["archived"]
        out.print(Text("  " + sanitize(f"{kept['place']}, locked until {kept['locked_until']}", 500)))
    if fields["wrong"]:
        wrong = fields["wrong"]
        how = "exported as broken evidence" if fields["broken"] else "NOT WHOLE"
        note(sanitize(f"{how}: {wrong_place(wrong)}", 600))


def wrong_place(wrong: dict[str, str]) -> str:
    """Return what is wrong with a bundle, after its place where it has one."""
    place = ", ".join(part for part in (wrong["file"], wrong["at"]) if part)
    return f"{place}: {wrong['says']}" if place else wrong["says"]


def key(context: ContextName = None, as_json: AsJson = False) -> None:
    """Print the public key that bundles are signed by, to be handed on by another way than they are."""
    from controller.audit.bundle.signature import fingerprint, public_key
    from controller.entry.audit_sources import signer_of

    told = signer_of(open_context(context)).public_key()
    found = fingerprint(public_key(told.pem.encode()))
    note(f"{sanitize(told.name, 200)}, fingerprint {found}")
    fields = {"key": told.name, "algorithm": told.algorithm, "pem": told.pem, "fingerprint": found}
    emit("audit-key", fields, lambda _: stdout().print(told.pem, end=""), as_json=as_json)
