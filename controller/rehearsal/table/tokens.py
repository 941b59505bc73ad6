"""Expression text to tokens, and the reader that walks them."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from controller.rehearsal.table.errors import invalid
from controller.rehearsal.table.reserved import RESERVED

Kind = Literal["name", "hash", "value", "index", "op", "end"]
MAX_EXPRESSION = 4096

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<hash>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<index>\[\s*[0-9]+\s*\])|(?P<op><>|<=|>=|[=<>(),.+-]))"
)
_KEYWORDS = frozenset(("AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"))


class Token(NamedTuple):
    kind: Kind
    text: str


class Attribute(NamedTuple):
    """One step of a document path: a name (bare, or a `#` placeholder) or a list index."""

    name: str
    position: int = -1


Path = tuple[Attribute, ...]


@lru_cache(maxsize=2048)
def tokens(what: str, text: str) -> tuple[Token, ...]:
    if not text.strip():
        raise invalid(f"Invalid {what}: The expression can not be empty;")
    if len(text) > MAX_EXPRESSION:
        raise invalid(f"Invalid {what}: Expression size has exceeded the maximum allowed size;")
    found: list[Token] = []
    place, text = 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise invalid(f'Invalid {what}: Syntax error; token: "{text[place:].strip()[:1]}"')
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        found.append(Token(kind, match[kind]))
        place = match.end()
    return tuple(found)


@dataclass
class Reader:
    """Reads one expression from left to right and notes the placeholders it meets."""

    what: str
    items: tuple[Token, ...]
    place: int = 0
    names: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    depth: int = 0

    def peek(self) -> Token:
        return self.items[self.place] if self.place < len(self.items) else Token("end", "<EOF>")

    def next(self) -> Token:
        token = self.peek()
        self.place += 1
        return token

    def word(self) -> str:
        """The coming keyword in capitals, or nothing."""
        token = self.peek()
        upper = token.text.upper()
        return upper if token.kind == "name" and upper in _KEYWORDS else ""

    def take(self, text: str) -> bool:
        token = self.peek()
        if token.kind in ("op", "name") and token.text.upper() == text:
            self.place += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.wrong()

    def wrong(self) -> Exception:
        near = " ".join(token.text for token in self.items[max(0, self.place - 1) : self.place + 2])
        return invalid(f'Invalid {self.what}: Syntax error; token: "{self.peek().text}", near: "{near}"')

    def function(self) -> str:
        """The name of a function whose bracket follows, or nothing."""
        after = self.items[self.place + 1] if self.place + 1 < len(self.items) else None
        token = self.peek()
        return token.text if token.kind == "name" and after == Token("op", "(") else ""

    def value(self) -> str:
        token = self.next()
        if token.kind != "value":
            self.place -= 1
            raise self.wrong()
        self.values.add(token.text)
        return token.text

    def path(self) -> Path:
        steps = [self._attribute()]
        while True:
            if self.peek().kind == "index":
                steps.append(Attribute("", int(self.next().text.strip("[] \t\n"))))
            elif self.take("."):
                steps.append(self._attribute())
            else:
                return tuple(steps)

    def _attribute(self) -> Attribute:
        token = self.next()
        if token.kind == "hash":
            self.names.add(token.text)
        elif token.kind != "name":
            self.place -= 1
            raise self.wrong()
        elif token.text.upper() in RESERVED:
            raise invalid(
                f"Invalid {self.what}: Attribute name is a reserved keyword; reserved keyword: {token.text}"
            )
        return Attribute(token.text)

    def close(self) -> None:
        if self.peek().kind != "end":
            raise self.wrong()
