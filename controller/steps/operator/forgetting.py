"""The deletion of a person's name: what they did stays, under an id that belongs to nobody.

Nothing of it is journalled. A record of who wished to be forgotten would be a record of that person, and a
deletion must not wait for a journal that is busy. CloudTrail's data events show who deleted which key.
"""

from controller.core.incident.approval import among, same_person
from controller.core.incident.state import Incident
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import read_state
from controller.steps.operator.commands import Done

NONE_KEPT = "no name of that spelling is kept"


def forget(deps: Deps, name: str) -> Done:
    """Delete the name; refused while the person has a say in what is in progress.

    Else they could ask for a move, have themselves forgotten, and approve it as somebody new (A5). Raises
    `OutsideUnreachable`: then the name may be gone or not, and it is safe to ask again.
    """
    person = deps.people.known(name)
    if person is None:
        return Done(False, NONE_KEPT)
    incident = read_state(deps).open
    if incident is not None and _has_a_say(person, incident):
        ends = "ask again once it has ended"
        return Done(False, f"{incident.id} is in progress, and {person} has a say in it; {ends}")
    deps.people.forget(name)
    return Done(True, f"deleted; what they did stays, under {person}")


def _has_a_say(person: str, incident: Incident) -> bool:
    request = incident.request
    asked = same_person(incident.requested_by, person)
    return asked or (request is not None and among(person, request.agreed))
