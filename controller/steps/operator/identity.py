"""The identity of whoever acts: from here on an id, by every door.

```
 page: a claim   terminal: an STS session   a record of break-glass
        └───────────────────┼───────────────────┘
                    identify ─> Person(id, name) ─> steps.operator, with `who=person.id`
```
The name goes no further than a comparison with what a journal of format 1 says: that holds names.

A name can be deleted; nothing of that is journalled. A record of who wished to be forgotten would be a record
of that person, and a deletion must not wait for a journal that is busy. CloudTrail shows who deleted a key.
"""

from dataclasses import dataclass, replace

from controller.core.incident.approval import SignedIn, among, same_person
from controller.core.incident.state import Incident
from controller.core.person import folded, opaque
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import read_state
from controller.steps.context.names import id_or_nobodys
from controller.steps.operator.commands import Done

UNPROVEN = SignedIn()
NONE_KEPT = "no name of that spelling is kept"


@dataclass(frozen=True, slots=True)
class Person:
    """A person who acts.

    id: written down for all that they do. name: as the door knows them; never written. proof: how they showed
    who they are, as it may be kept.
    """

    id: str
    name: str
    proof: SignedIn = UNPROVEN


def identify(deps: Deps, name: str, proof: SignedIn = UNPROVEN) -> Person:
    """Return the person of this name, who is about to act.

    proof: as the door knows it; a subject that is a name becomes an id. Raises `OutsideUnreachable` where the
    table of names does not answer: who cannot be told apart from others decides nothing.
    """
    person = deps.people.id_of(name)
    subject = proof.subject
    # What STS calls a role or a user is drawn by lot.
    if proof.door == "console" and subject and not opaque(subject, name):
        subject = person if folded(subject) == folded(name) else deps.people.id_of(subject)
    return Person(person, name, replace(proof, subject=subject))


def identify_to_stop(deps: Deps, name: str) -> Person:
    """Return the person who stops everything; the brake needs no name.

    Where the table of names does not answer they act by an id that belongs to nobody.
    """
    return Person(id_or_nobodys(deps.people, deps.new_id, name), name)


def forget(deps: Deps, name: str) -> Done:
    """Delete a name, unless its person has a say in what is in progress.

    Else they could ask for a move, have themselves forgotten, and approve it as somebody new (A5). Raises
    `OutsideUnreachable`: then the name may be gone or not, and it is safe to ask again.
    """
    person = deps.people.known(name)
    if person is None:
        deps.people.forget(name)  # what is over, or was damaged, still says who they were
        return Done(False, NONE_KEPT)
    incident = read_state(deps).open
    if incident is not None and _has_a_say(person, name, incident):
        ends = "ask again once it has ended"
        return Done(False, f"{incident.id} is in progress, and {person} has a say in it; {ends}")
    deps.people.forget(name)
    return Done(True, f"deleted; what they did stays, under {person}")


def _has_a_say(person: str, name: str, incident: Incident) -> bool:
    agreed = incident.request.agreed if incident.request is not None else ()
    asked = incident.requested_by
    return any(same_person(asked, each) or among(each, agreed) for each in (person, name))
