"""A checkpoint: the state at one event, from which a fresh process goes on.

```
 {"application":…,"deployed":…,"form":1,"last":"the event's text"}
 {"armed":true,"incidents":{…},…}
```
The text is plain data: a process believes it only where its SHA-256 is the one that an assessment names,
which is kept in another table (`steps.context.journal_head`), and where the journal's event is still `last`.
It is made and read by one deployment alone: another version may fold the same events into another state.
"""

import hashlib
import json
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from controller.core.canonical_json import canonical
from controller.core.incident.state import State
from controller.core.journal.event import UNREADABLE, event_of

FORM = 1
"""Number of the form of the state below; another is not read."""
OF_OTHERS = frozenset({"last", "fleet", "fleet_left", "fleet_unread", "fleet_review"})
"""Members of the state that are not kept here: the first line holds `last`, the rest is the fleet's."""


class NoCheckpoint(ValueError):  # noqa: N818
    """The text is no checkpoint for this process. It reads the whole journal."""


class Checkpoints:
    """The writer and reader of checkpoints of one deployment."""

    def __init__(self) -> None:
        self._states: TypeAdapter[State] | None = None

    def text_of(self, state: State, deployed: float) -> str:
        """Return the checkpoint of a state that ends with an event.

        deployed: the time of the deployment, in seconds since 1970.
        """
        if state.last is None:
            raise ValueError("an empty journal needs no checkpoint")
        first = {
            "form": FORM,
            "application": state.application,
            "deployed": deployed,
            "last": state.last.text,
        }
        return f"{canonical(first)}\n{self._form().dump_json(state, exclude=set(OF_OTHERS)).decode()}"

    def state_of(self, text: str, application: str, deployed: float) -> State:
        """Return the state that the checkpoint holds. Raises `NoCheckpoint`."""
        line, _, rest = text.partition("\n")
        try:
            first = json.loads(line)
            of = first["form"], first["application"], first["deployed"]
            last = event_of(first["last"]) if of == (FORM, application, deployed) else None
            state = None if last is None else self._form().validate_json(rest)
        except (ValidationError, *UNREADABLE) as error:
            raise NoCheckpoint(f"it cannot be read: {type(error).__name__}") from error
        if state is None:
            raise NoCheckpoint("it is of another form, application or deployment")
        return replace(state, last=last)

    def _form(self) -> TypeAdapter[State]:
        if self._states is None:  # it takes as long to make as thousands of events to read
            self._states = TypeAdapter(State)
        return self._states


def seal_of(text: str) -> str:
    """Return the hash by which an assessment names the checkpoint."""
    return hashlib.sha256(text.encode()).hexdigest()
