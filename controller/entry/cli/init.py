"""The command `tidegate init`: a first policy and `arc.json` from an existing account."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from controller.core.text import sanitize
from controller.entry.cli.options import ContextName, open_context
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, stdout
from controller.lab.draft.write import POLICY, NoDraft, draft, refused, write
from controller.ports.errors import OutsideUnreachable

REGIONS = "Regions to look at, with commas; by default those of the context."


def init(
    from_account: Annotated[
        bool, typer.Option("--from-account", help="Read alarms, canaries, controls and health checks.")
    ] = False,
    regions: Annotated[str | None, typer.Option("--regions", help=REGIONS)] = None,
    application: Annotated[str, typer.Option("--application", help="Its name.")] = "application",
    panel: Annotated[
        str | None, typer.Option("--panel", help="The control panel, where there are several.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    context: ContextName = None,
    as_json: AsJson = False,
) -> None:
    """Draft policy.yaml and arc.json from an account. Reads only, and changes nothing in it.

    With --regions and without --context it is the account of the AWS credentials at hand.
    """
    if not from_account:
        fail(ExitCode.BAD_INPUT, "say --from-account: there is nothing else to draft from yet")
    from controller import wiring

    wanted, endpoint = _where(regions, context)
    try:
        facts = wiring.account_of(wanted, endpoint).facts()
        made = draft(facts, application, panel)
        files = write(made, out, force=force)
    except NoDraft as error:
        fail(ExitCode.BAD_INPUT, str(error))
    except OutsideUnreachable as error:
        fail(ExitCode.UNREACHABLE, str(error))
    problems = refused(out / POLICY)
    fill_in = [*made.missing, *problems]
    written, unread = [str(path) for path in files], list(facts.unread)
    fields = {"files": written, "regions": list(wanted), "loads": not problems, "fill_in": fill_in,
              "unread": unread}  # fmt: skip
    emit("init", fields, lambda _: _print(written, unread, fill_in, out), as_json=as_json)
    if fill_in:
        raise typer.Exit(ExitCode.NO)


def _print(written: Sequence[str], unread: Sequence[str], fill_in: Sequence[str], out: Path) -> None:
    console = stdout()
    for path in written:
        console.print(Text(f"wrote {path}"))
    for sentence in unread:
        console.print(Text(f"  not read: {sanitize(sentence, 300)}"))
    for sentence in fill_in:
        console.print(Text(f"  to fill in: {sanitize(sentence, 300)}"))
    if not fill_in:
        console.print(Text(f"it loads; now read it, then: tidegate policy check {out / POLICY}"))


def _where(regions: str | None, context: str | None) -> tuple[tuple[str, ...], str | None]:
    """Return the Regions, and the endpoint of a rehearsal."""
    named = tuple(dict.fromkeys(part.strip() for part in (regions or "").split(",") if part.strip()))
    if named and context is None:
        return named, None
    deployment = open_context(context).deployment
    policy = deployment.policy
    known = (*_listed(policy.get("regions")), *_listed(policy.get("controllers")))
    return named or tuple(dict.fromkeys(known)), deployment.endpoint_url


def _listed(found: object) -> tuple[str, ...]:
    return tuple(map(str, found)) if isinstance(found, dict | list) else ()
