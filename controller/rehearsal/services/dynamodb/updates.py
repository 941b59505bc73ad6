"""The update expressions: SET, REMOVE, ADD, DELETE (developer guide, "Update expressions").

`Change` applies one to an item: every operand is read from the item as it was; then all changes are made
at once.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from controller.rehearsal.services.dynamodb.conditions import Bindings
from controller.rehearsal.services.dynamodb.errors import bad_parameter, invalid
from controller.rehearsal.services.dynamodb.paths import distinct, overlap, read, resolve, shown, write
from controller.rehearsal.services.dynamodb.tokens import Path, Reader, tokens
from controller.rehearsal.services.dynamodb.values import EXACT, Item, Value, number_text, type_of

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
    """The changes of an expression, and the placeholders that its text uses."""

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
    reader.refuse_redundant()
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
    reader.deepen(most=50)
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


_SETS = ("SS", "NS", "BS")


@dataclass(frozen=True, slots=True)
class Change:
    """An update whose placeholders are resolved and checked, ready for any item."""

    update: Update
    bindings: Bindings
    key_names: tuple[str, ...]

    def touched(self) -> tuple[Path, ...]:
        update = self.update
        paths = [path for path, _ in (*update.sets, *update.adds, *update.deletes)]
        return tuple(self._path(path) for path in (*paths, *update.removes))

    def check(self) -> None:
        """Refuse the errors that need no item to be seen."""
        paths = self.touched()
        for path in paths:
            if path[0].name in self.key_names:
                raise bad_parameter(
                    f"Cannot update attribute {path[0].name}. This attribute is part of the key"
                )
        twice = overlap(list(paths))
        if twice is not None:
            raise invalid(
                f"Invalid {WHAT}: Two document paths overlap with each other; must remove or rewrite one of "
                f"these paths; path one: {shown(twice[0])}, path two: {shown(twice[1])}"
            )
        for _, term in self.update.sets:
            self._check_term(term)
        for name, allowed, pairs in (
            ("ADD", ("N", *_SETS), self.update.adds),
            ("DELETE", _SETS, self.update.deletes),
        ):
            for _, placeholder in pairs:
                kind = type_of(self.bindings.value(placeholder, WHAT))
                if kind not in allowed:
                    raise _wrong_operand(name, kind)

    def _check_term(self, term: Term) -> None:
        match term:
            case Given(name):
                self.bindings.value(name, WHAT)
            case Read(path):
                self._path(path)
            case IfNotExists(path, otherwise):
                self._check_term(otherwise)
                fallback = self._path(otherwise.path) if isinstance(otherwise, Read) else None
                distinct(WHAT, "if_not_exists", self._path(path), fallback)
            case ListAppend(first, second):
                self._check_operand("list_append", "L", first, second)
            case Sum(left, right, minus):
                self._check_operand("-" if minus else "+", "N", left, right)

    def _check_operand(self, operator: str, wanted: str, *terms: Term) -> None:
        for term in terms:
            self._check_term(term)
            if isinstance(term, Given):
                kind = type_of(self.bindings.values[term.name])
                if kind != wanted:
                    raise _wrong_operand(operator, kind)

    def to(self, item: Item) -> Item:
        """Return the item after the update.

        `item` itself stays as it was.
        """
        update, values = self.update, self.bindings.values
        writes = [(self._path(path), self._value(term, item)) for path, term in update.sets]
        for path, name in update.adds:
            there = self._path(path)
            writes.append((there, _added(read(item, there), values[name])))
        removes = [self._path(path) for path in update.removes]
        for path, name in update.deletes:
            there = self._path(path)
            found = read(item, there)
            if found is not None:
                left = _without(found, values[name])
                if left is None:
                    removes.append(there)
                else:
                    writes.append((there, left))
        # Lists: writes in order of index, removals from the end, so that no index shifts under a later one.
        for there, value in sorted(writes, key=lambda each: _place(each[0])):
            item = write(item, there, value)
        for there in sorted(removes, key=_place, reverse=True):
            item = write(item, there, None)
        return item

    def _value(self, term: Term, item: Item) -> Value:
        match term:
            case Given(name):
                return self.bindings.values[name]
            case Read(path):
                found = read(item, self._path(path))
                if found is None:
                    raise invalid(
                        "The provided expression refers to an attribute that does not exist in the item"
                    )
                return found
            case IfNotExists(path, otherwise):
                found = read(item, self._path(path))
                return self._value(otherwise, item) if found is None else found
            case ListAppend(first, second):
                lists = self._value(first, item), self._value(second, item)
                if not all("L" in each for each in lists):
                    raise _mistyped()
                return {"L": [*lists[0]["L"], *lists[1]["L"]]}
            case Sum(left, right, minus):
                return _total(self._value(left, item), self._value(right, item), minus=minus)

    def _path(self, path: Path) -> Path:
        return resolve(path, self.bindings.names, WHAT)


def _place(path: Path) -> tuple[tuple[str, int], ...]:
    return tuple((step.name, step.position) for step in path)


def _total(one: Value, other: Value, *, minus: bool) -> Value:
    if "N" not in one or "N" not in other:
        raise _mistyped()
    left, right = Decimal(one["N"]), Decimal(other["N"])
    return {"N": number_text(EXACT.subtract(left, right) if minus else EXACT.add(left, right))}


def _added(found: Value | None, given: Value) -> Value:
    if found is None:
        return given
    kind = type_of(given)
    if kind not in found:
        raise _mistyped()
    if kind == "N":
        return _total(found, given, minus=False)
    return {kind: [*found[kind], *(member for member in given[kind] if member not in found[kind])]}


def _without(found: Value, given: Value) -> Value | None:
    kind = type_of(given)
    if kind not in found:
        raise _mistyped()
    left = [member for member in found[kind] if member not in given[kind]]
    return {kind: left} if left else None


def _mistyped() -> Exception:
    return invalid("An operand in the update expression has an incorrect data type")


def _wrong_operand(operator: str, kind: str) -> Exception:
    return invalid(
        f"Invalid {WHAT}: Incorrect operand type for operator or function; operator or function: {operator}, "
        f"operand type: {kind}"
    )
