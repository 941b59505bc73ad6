"""The commands `tidegate people`: the name behind an id, and its deletion."""

from typing import Annotated

import typer
from rich.text import Text

from controller.core.person import LONGEST, is_id, plain
from controller.core.text import sanitize
from controller.entry.cli.operate import emit_result
from controller.entry.cli.options import ContextName, Yes, confirm, open_context
from controller.entry.cli.output import AsJson, ExitCode, emit, fail, stdout
from controller.steps.operator.identity import forget as forgotten
from controller.steps.operator.identity import ids_of

PersonId = Annotated[str, typer.Argument(metavar="ID", help="Such as person-k3vqz7mhs2fbo4xd.")]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="As the sign-in gives it, the ARN of the AWS session, or an id.")
]
group = typer.Typer(help="The names behind the ids of people: show one, delete one.", rich_markup_mode=None)


@group.command()
def show(person: PersonId, context: ContextName = None, as_json: AsJson = False) -> None:
    """The name behind an id; exit 1 where none is kept."""
    if not is_id(person):
        fail(ExitCode.BAD_INPUT, f"{sanitize(person, 60)!r} is not the id of a person")
    name = open_context(context).deps().people.name_of(person)
    told = f"{person}: no name is kept" if name is None else f"{person} is {plain(name)}"
    fields = {"id": person, "name": None if name is None else plain(name)}
    emit("people-show", fields, lambda _: stdout().print(Text(told)), as_json=as_json)
    if name is None:
        raise typer.Exit(ExitCode.NO)


@group.command()
def forget(name: Name, context: ContextName = None, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a name for good, and the subject of their sign-in. What they did stays, under bare ids."""
    found = open_context(context)
    asked = sanitize(name, LONGEST)
    deps = found.deps()
    subjects = ids_of(deps, name)[1:]
    called = [deps.people.name_of(each) for each in subjects]
    also = "".join(f", and {each}, which their sign-in calls them," for each in called if each)
    question = f"The name {asked}{also} will be deleted in all Regions, and cannot be had back"
    confirm(found, question, asked, yes=yes)
    done = forgotten(deps, name)
    fields = {"subjects": list(subjects)}
    emit_result("people-forget", done.done, done.sentence, fields, as_json=as_json, names=deps.names)
