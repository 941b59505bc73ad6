"""The reading and the writing of what an event says: one dataclass a kind.

```
 class Settled: target, outcome, …   ─members─>  {"target": "us-west-2"}       what is hashed and stored
                                     <─body_of─  the same, or what a later version added to it
```
A member that has its default is left out, so a default never changes its meaning. A name that Python keeps
for itself has an underscore behind it (`from_` is `from`). A member that nobody here knows is let be.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, dataclass_transform

from controller.core.journal.kind import Kind
from controller.core.journal.whole_plan import WholePlan, plan_of

Changes = tuple[tuple[str, bool], ...]
"""Control and its new state, in the order in which they are sent."""
States = Mapping[str, bool]
"""Control -> its state."""
Document = Mapping[str, Any]
"""Plain data that is kept as it is, such as a decision (`core.explanation.decision_record`)."""


LARGEST = 1 << 53
"""Beyond it the numbers of JSON are not exact, and RFC 8785 has no spelling for them."""
B = TypeVar("B")
_Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Member:
    """One member: name here and in JSON, reader, writer and default."""

    name: str
    key: str
    read: _Read
    write: _Read
    default: Any


_KNOWN: dict[Kind, tuple[Callable[..., Any], tuple[_Member, ...]]] = {}
_KINDS: dict[type, Kind] = {}


@dataclass_transform(kw_only_default=True, frozen_default=True)
def body(kind: Kind) -> Callable[[type[B]], type[B]]:
    """Declare a frozen dataclass as what events of `kind` say."""

    def declare(cls: type[B]) -> type[B]:
        made = dataclass(frozen=True, kw_only=True, slots=True)(cls)
        _KNOWN[kind] = (made, tuple(_member(each) for each in fields(made)))  # type: ignore[arg-type]
        _KINDS[made] = kind
        return made

    return declare


def body_of(kind: Kind, raw: object) -> Any:
    """Return the body of `kind` that the JSON object `raw` holds.

    Raises `ValueError` that names the member which is missing, or is not what it must be.
    """
    if not isinstance(raw, dict):
        raise ValueError(f"{kind} says something that is no JSON object")
    make, known = _KNOWN[kind]
    values = {}
    for member in known:
        found = raw.get(member.key, MISSING)
        if found is MISSING:
            if member.default is MISSING:
                raise ValueError(f"{kind} lacks `{member.key}`")
            continue
        try:
            values[member.name] = member.read(found)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{kind}: `{member.key}`: {error}") from error
    return make(**values)


def kind_of(said: object) -> Kind:
    """Return the kind of event that says this."""
    return _KINDS[type(said)]


def members(said: object, *, whole: bool = False) -> dict[str, Any]:
    """Return what an event says as a JSON object.

    whole: with the members that have their default, too, which are not stored.
    """
    found = ((member, getattr(said, member.name)) for member in _KNOWN[kind_of(said)][1])
    return {
        member.key: member.write(value)
        for member, value in found
        if whole or member.default is MISSING or value != member.default
    }


def declared() -> frozenset[Kind]:
    """Return the kinds that have a body."""
    return frozenset(_KNOWN)


def _member(each: Any) -> _Member:
    read, write = _FORMS[each.type]
    default = each.default if each.default_factory is MISSING else each.default_factory()
    return _Member(each.name, each.name.rstrip("_"), read, write, default)


def as_text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError("expected text")
    return raw


def as_number(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) <= LARGEST:
        raise ValueError("expected a number")
    return float(raw)


def as_whole(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not abs(raw) <= LARGEST:
        raise ValueError("expected a whole number")
    return raw


def _flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("expected true or false")
    return raw


def _texts(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple):
        raise ValueError("expected a list of texts")
    return tuple(as_text(each) for each in raw)


def _changes(raw: Any) -> Changes:
    if not isinstance(raw, list | tuple):
        raise ValueError("expected a list of changes")
    return tuple((as_text(name), _flag(on)) for name, on in raw)


def _states(raw: Any) -> States:
    return {as_text(name): _flag(on) for name, on in _document(raw).items()}


def _pairs(raw: Any) -> Mapping[str, tuple[bool, bool]]:
    return {as_text(name): (_flag(was), _flag(now)) for name, (was, now) in _document(raw).items()}


def _document(raw: Any) -> Document:
    if not isinstance(raw, dict):
        raise ValueError("expected an object")
    return raw


def _or_none(read: _Read) -> _Read:
    return lambda raw: None if raw is None else read(raw)


def _as_it_is(value: Any) -> Any:
    return value


def _lists(value: Any) -> list[Any]:
    return [list(each) if isinstance(each, tuple) else each for each in value]


_FORMS: Mapping[Any, tuple[_Read, _Read]] = {
    str: (as_text, _as_it_is),
    float: (as_number, _as_it_is),
    int: (as_whole, _as_it_is),
    bool: (_flag, _as_it_is),
    str | None: (_or_none(as_text), _as_it_is),
    float | None: (_or_none(as_number), _as_it_is),
    tuple[str, ...]: (_texts, list),
    Changes: (_changes, _lists),
    States: (_states, dict),
    Mapping[str, tuple[bool, bool]]: (_pairs, lambda value: {k: list(pair) for k, pair in value.items()}),
    Document: (_document, dict),
    States | None: (_or_none(_states), _as_it_is),
    Document | None: (_or_none(_document), _as_it_is),
    WholePlan | None: (_or_none(plan_of), lambda value: value and value.data()),
}
"""Type of a member -> (reader, writer)."""
