"""The identity of whoever acts: an id from here on, by whichever door they came.

```
 page: a claim   terminal: an STS session   a record of break-glass
        └───────────────────┼───────────────────┘
                    identify ─> Person(id, name) ─> steps.operator, with `who=person.id`
```
The name goes no further than a comparison with what a journal of format 1 says: that holds names.
"""

from dataclasses import dataclass

from controller.core.person import person_id
from controller.ports.errors import OutsideUnreachable
from controller.steps.context.deps import Deps


@dataclass(frozen=True, slots=True)
class Person:
    """A person who acts.

    id: written down for all that they do. name: as the door knows them; never written.
    """

    id: str
    name: str


def identify(deps: Deps, name: str) -> Person:
    """Return the person of this name, who is about to act.

    Raises `OutsideUnreachable` where the table of names does not answer: who cannot be told apart from others
    decides nothing.
    """
    return Person(deps.people.id_of(name), name)


def identify_to_stop(deps: Deps, name: str) -> Person:
    """Return the person who stops everything; the brake needs no name.

    Where the table of names does not answer they act by an id that belongs to nobody.
    """
    try:
        return identify(deps, name)
    except OutsideUnreachable:
        return Person(person_id(deps.new_id()), name)
