"""The names of people, put in the place of their ids for whoever reads.

```
 journal, assessments, sentences: person-k3vqz…  ─> Names ─┬─> pages, terminals, reports
                                                           └─> NamedNotices ─> notices, events on the bus
```
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from controller.core.person import NAMELESS, person_id, plain, replaced
from controller.core.text import sanitize, shorten
from controller.ports.errors import OutsideUnreachable
from controller.ports.outside import Notices
from controller.ports.storage import People

T = TypeVar("T")
KEPT = 30.0
"""Seconds for which a name is shown without looking again. A deleted one is gone within a minute."""
UNREAD = 10.0
"""Seconds for which nobody is asked after the table did not answer: who is told of a failure waits for no
name."""
MOST = 1_000
"""Names that are kept at once."""
SHORT = 256
"""Characters up to which a member of an event may grow by the names in it: the contract allows as many."""


class Names:
    """The names behind ids, each looked up once in half a minute.

    name_of: as `ports.storage.People.name_of`. monotonic: seconds on a clock that never steps.
    """

    def __init__(self, name_of: Callable[[str], str | None], monotonic: Callable[[], float]) -> None:
        self._name_of, self._monotonic = name_of, monotonic
        self._kept: dict[str, tuple[float, str]] = {}
        self._silent = float("-inf")

    def shown(self, person: str) -> str:
        """Return the name of a person; the bare id where nobody can tell."""
        now = self._monotonic()
        kept = self._kept.get(person)
        if kept is not None and 0 <= now - kept[0] < KEPT:
            return kept[1]
        if 0 <= now - self._silent < UNREAD:
            return person
        try:
            name = self._name_of(person)
        except OutsideUnreachable:
            self._silent = now
            return person
        told = f"{person} {NAMELESS}" if name is None else plain(name)
        fresh = {each: entry for each, entry in self._kept.items() if 0 <= now - entry[0] < KEPT}
        self._kept = {
            **dict(list(fresh.items())[1 - MOST :]),
            person: (now, told),
        }  # at once: others look too
        return told

    def known(self, ids: Iterable[str]) -> dict[str, str]:
        """Return id -> name, of those whose name is kept.

        It is what can be shown once the table is gone.
        """
        told = {person: self.shown(person) for person in sorted(set(ids))}
        return {person: name for person, name in told.items() if not name.startswith(person)}

    def text(self, text: str, escape: Callable[[str], str] = str) -> str:
        """Return `text` with names in place of ids.

        escape: makes a name fit for the place, such as a page.
        """
        return replaced(text, lambda person: escape(self.shown(person)))

    def data(self, value: T) -> T:
        """Return plain data with names in place of ids, at any depth.

        Keys of mappings stay.
        """
        return self._data(value)  # type: ignore[no-any-return]

    def _data(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {key: self._data(each) for key, each in value.items()}
            case list() | tuple():
                return type(value)(self._data(each) for each in value)
            case _:
                return value


def id_or_nobodys(people: People, new_id: Callable[[], str], name: str) -> str:
    """Return the id of a person, or one that belongs to nobody.

    It belongs to nobody where the table of names does not answer: for what may wait for no name.
    """
    try:
        return people.id_of(name)
    except OutsideUnreachable:
        return person_id(new_id())


class NamedNotices:
    """`ports.outside.Notices` by which people read names.

    What could not be sent stands in the journal with ids, and is named when it is sent.
    """

    def __init__(self, notices: Notices, names: Names) -> None:
        self._notices, self._names = notices, names

    def send(self, subject: str, text: str, *, path: str = "", key: str = "") -> None:
        """Page people, as `ports.outside.Notices.send` says."""
        told = self._names.text(text)
        told = told if told == text else shorten(told)
        self._notices.send(self._names.text(subject), told, path=path, key=key)

    def publish(self, kind: str, detail: Mapping[str, Any]) -> None:
        """Put an event on the bus, as `ports.outside.Notices.publish` says."""
        named = {key: self._member(value) for key, value in detail.items()}
        self._notices.publish(kind, named)

    def _member(self, value: Any) -> Any:
        if not isinstance(value, str):
            return self._names.data(value)
        named = self._names.text(value)
        return value if named == value else sanitize(named, max(len(value), SHORT))
