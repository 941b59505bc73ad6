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
from controller.core.journal.moves import AnswerRefused, ApprovalDenied, ApprovalGiven
from controller.core.person import folded, is_id, opaque
from controller.steps.context.deps import Deps
from controller.steps.context.journalling import read_state
from controller.steps.context.names import id_or_nobodys
from controller.steps.operator.commands import Done

UNPROVEN = SignedIn()
"""Nothing is known of how a person showed who they are."""
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


def ids_of(deps: Deps, name: str) -> tuple[str, ...]:
    """Return the ids of a person: their own, then the subjects of their sign-ins.

    name: as the sign-in gives it, or the id. Empty where no such name is kept. Raises `OutsideUnreachable`.
    """
    person = name if is_id(name) else deps.people.known(name)
    if person is None:
        return ()
    said = (event.body for event in deps.journal.read(deps.application) if event.draft.by == person)
    subjects = (
        each.subject for each in said if isinstance(each, ApprovalGiven | ApprovalDenied | AnswerRefused)
    )
    return tuple(dict.fromkeys((person, *filter(is_id, subjects))))


def forget(deps: Deps, name: str) -> Done:
    """Delete a person's names, unless they have a say in what is in progress.

    Else they could ask for a move, have themselves forgotten, and approve it as somebody new (A5). The
    subjects go first: they are found by the person. Raises `OutsideUnreachable`: then names may be gone or
    not, and it is safe to ask again. name: as in `ids_of`.
    """
    ids = ids_of(deps, name)
    if not ids:
        deps.people.forget(name)  # what is over, or was damaged, still says who they were
        return Done(False, NONE_KEPT)
    incident = read_state(deps).open
    if incident is not None and _has_a_say((*ids, name), incident):
        ends = "ask again once it has ended"
        return Done(False, f"{incident.id} is in progress, and {ids[0]} has a say in it; {ends}")
    person, *subjects = ids
    also = [each for each in subjects if deps.people.forget(each)]
    if not deps.people.forget(name) and not also:
        return Done(False, NONE_KEPT)
    told = f"; the subject of their sign-in went too: {', '.join(also)}" if also else ""
    return Done(True, f"deleted; what they did stays, under {person}{told}")


def _has_a_say(identities: tuple[str, ...], incident: Incident) -> bool:
    agreed = incident.request.agreed if incident.request is not None else ()
    return any(same_person(incident.requested_by, each) or among(each, agreed) for each in identities)
