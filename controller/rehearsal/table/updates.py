"""Update expressions: SET, REMOVE, ADD, DELETE (developer guide, "Update expressions").

Every operand is read from the item as it was; then all changes are made at once.
"""

from dataclasses import dataclass
from functools import lru_cache

from controller.rehearsal.table.errors import invalid
from controller.rehearsal.table.tokens import Path, Reader, tokens

WHAT = "UpdateExpression"


@dataclass(frozen=True, slots=True)
class Read:
    path: Path


@dataclass(frozen=True, slots=True)
class Given:
    name: str


@dataclass(frozen=True, slots=True)
class IfNotExists:
    path: Path
    otherwise: "Term"


@dataclass(frozen=True, slots=True)
class ListAppend:
    first: "Term"
    second: "Term"


@dataclass(frozen=True, slots=True)
class Sum:
    left: "Term"
    right: "Term"
    minus: bool


Term = Read | Given | IfNotExists | ListAppend | Sum


@dataclass(frozen=True, slots=True)
class Update:
    """What an expression asks for, and the placeholders that its text uses."""

    sets: tuple[tuple[Path, Term], ...]
    removes: tuple[Path, ...]
    adds: tuple[tuple[Path, str], ...]
    deletes: tuple[tuple[Path, str], ...]
    names: frozenset[str]
    values: frozenset[str]


@lru_cache(maxsize=2048)
def parse_update(text: str) -> Update:
    reader = Reader(WHAT, tokens(WHAT, text))
    sets: list[tuple[Path, Term]] = []
    removes: list[Path] = []
    adds: list[tuple[Path, str]] = []
    deletes: list[tuple[Path, str]] = []
    seen: set[str] = set()
    while reader.peek().kind != "end":
        section = reader.word()
        if section not in ("SET", "REMOVE", "ADD", "DELETE"):
            raise reader.wrong()
        if section in seen:
            raise invalid(
                f'Invalid {WHAT}: The "{section}" section can only be used once in an update expression;'
            )
        seen.add(section)
        reader.next()
        more = True
        while more:
            path = reader.path()
            if section == "SET":
                reader.expect("=")
                sets.append((path, _sum(reader)))
            elif section == "REMOVE":
                removes.append(path)
            else:
                (adds if section == "ADD" else deletes).append((path, reader.value()))
            more = reader.take(",")
    return Update(
        tuple(sets),
        tuple(removes),
        tuple(adds),
        tuple(deletes),
        frozenset(reader.names),
        frozenset(reader.values),
    )


def _sum(reader: Reader) -> Term:
    left = _term(reader)
    for sign in ("+", "-"):
        if reader.take(sign):
            return Sum(left, _term(reader), sign == "-")
    return left


def _term(reader: Reader) -> Term:
    reader.depth += 1
    if reader.depth > 50:
        raise invalid(f"Invalid {WHAT}: The expression is nested too deeply;")
    function = reader.function()
    found: Term
    if reader.take("("):
        found = _sum(reader)
        reader.expect(")")
    elif function:
        found = _function(reader, function)
    elif reader.peek().kind == "value":
        found = Given(reader.value())
    else:
        found = Read(reader.path())
    reader.depth -= 1
    return found


def _function(reader: Reader, name: str) -> Term:
    if name not in ("if_not_exists", "list_append"):
        raise invalid(f"Invalid {WHAT}: Invalid function name; function: {name}")
    reader.next()
    reader.expect("(")
    found: Term
    if name == "if_not_exists":
        path = reader.path()
        reader.expect(",")
        found = IfNotExists(path, _term(reader))
    else:
        first = _term(reader)
        reader.expect(",")
        found = ListAppend(first, _term(reader))
    reader.expect(")")
    return found
