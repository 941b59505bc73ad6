"""The identity of whoever acts: an id from here on, by whichever door they came.

```
 page: a claim   terminal: an STS session   a record of break-glass
        └───────────────────┼───────────────────┘
                    identify ─> Person(id, name) ─> steps.operator, with `who=person.id`
```
The name goes no further than a comparison with what a journal of format 1 says: that holds names.
"""

from dataclasses import dataclass, replace

from controller.core.incident.approval import SignedIn
from controller.core.person import folded, opaque
from controller.steps.context.deps import Deps
from controller.steps.context.names import id_or_nobodys

UNPROVEN = SignedIn()


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
