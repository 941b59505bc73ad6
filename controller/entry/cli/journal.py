"""The command `tidegate journal restore`: the journal comes back from a backup of its table.

Before it, people restore the backup into a table of its own and make the journal's table anew, as the runbook
says. What is missing then is told here, in the journal and to everybody on call.
"""

from typing import Annotated, Any

import typer
from rich.text import Text

from controller.core.journal.recovery import Recovery
from controller.core.text import sanitize
from controller.entry.cli.options import ActAs, ContextName, Reason, Yes, acting, confirm, open_context
from controller.entry.cli.output import AsJson, Bar, ExitCode, emit, fail, note, stdout
from controller.steps.operator import journal_restore
from controller.steps.operator.identity import identify_to_stop
from controller.steps.operator.journal_restore import Outlook

group = typer.Typer(help="The journal itself.", rich_markup_mode=None)


@group.callback()
def _journal() -> None:
    """Options of every command about the journal: none yet."""


@group.command()
def restore(
    source: Annotated[
        str, typer.Option("--from", metavar="TABLE", help="The table that the backup was restored into.")
    ],
    reason: Reason,
    region: Annotated[
        str | None, typer.Option("--region", help="Its Region; by default the first controller's.")
    ] = None,
    context: ContextName = None,
    act_as: ActAs = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put back what the journal's table lacks; say what is missing. Nothing moves then until you arm."""
    found = open_context(context)
    if source == found.deployment.journal_table:
        fail(ExitCode.BAD_INPUT, f"--from {sanitize(source, 255)} is the journal's own table")
    claimed, deps = acting(found, act_as), found.deps()
    backup = deps.recovery.backup(source, region or found.deployment.region)
    outlook = journal_restore.look(deps, backup, reason=reason)
    who = None  # whoever restores nothing has done nothing
    if outlook.refusal is None and outlook.items:
        for line in _lines(outlook):
            note(sanitize(line, 600))
        confirm(found, f"{outlook.items} items will be put back", deps.application, yes=yes)
        who = identify_to_stop(deps, claimed).id  # nothing moves then; and names may be lost as well
    with Bar("putting back", outlook.items) as bar:
        done = journal_restore.restore(deps, backup, outlook, who=who or "", tell=bar.step)
    fields = {
        "ok": done.done,
        "sentence": sanitize(done.sentence, 1000),
        "by": who,
        "table": sanitize(source, 255),
        "silent": list(outlook.silent),
        "journals": [_fields(each) for each in outlook.journals],
    }
    emit("journal-restore", fields, _print, as_json=as_json, names=deps.names)
    if not done.done:
        raise typer.Exit(ExitCode.NO)


def _lines(outlook: Outlook) -> list[str]:
    """Return what a person must know before they agree."""
    silent = [
        f"{region} could not be asked how far it saw the journal: what it alone saw will be missing unsaid, "
        "and its controller will not read the journal until this is run again"
        for region in outlook.silent
    ]
    return [*outlook.sentences(), *silent]


def _fields(journal: Recovery) -> dict[str, Any]:
    said = journal.said
    missing = None if said is None else {"first": said.first, "last": said.last, "witness": said.witness}
    return {
        "name": journal.name,
        "events": len(journal.events),
        "put_back": len(journal.lacking),
        "missing": missing,
    }


def _print(fields: dict[str, Any]) -> None:
    stdout().print(Text(fields["sentence"], style="" if fields["ok"] else "bold red"))
