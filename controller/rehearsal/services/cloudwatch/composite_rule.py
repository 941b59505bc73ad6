"""The rule of a composite alarm (API reference, PutCompositeAlarm).

```
 or    := and ("OR" and)*          and  := not ("AND" not)*        not := "NOT" not | term
 term  := "(" or ")" | TRUE | FALSE | ALARM(name) | OK(name) | INSUFFICIENT_DATA(name)
 name  := a name or an ARN, quoted where it has spaces or parentheses
```
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from controller.rehearsal.services.cloudwatch.m_of_n import StateValue

StateOf = Callable[[str], StateValue]
LONGEST, DEEPEST = 10_240, 100
TOKEN = re.compile(
    r"""\s*(?:
        (?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<double>[^"]+)"|'(?P<single>[^']+)'|(?P<bare>[^\s()"']+))\s*\)
      | (?P<word>AND|OR|NOT|TRUE|FALSE)\b
      | (?P<mark>[()])
    )\s*""",
    re.VERBOSE,
)


class InvalidRule(Exception):  # noqa: N818
    """The rule does not follow the grammar."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule: `holds(state_of)` and the `children` that it names, in order."""

    holds: Callable[[StateOf], bool]
    children: tuple[str, ...]


def parse(text: str) -> Rule:
    """Return the compiled rule.

    Raises `InvalidRule`.
    """
    if len(text) > LONGEST:
        raise InvalidRule(f"longer than {LONGEST} characters")
    parser = Parser(_tokens(text))
    holds = parser.disjunction()
    if parser.peek():
        raise InvalidRule(f"nothing is expected at {parser.peek()!r}")
    return Rule(holds, tuple(dict.fromkeys(parser.children)))


def _tokens(text: str) -> list[re.Match[str]]:
    tokens, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise InvalidRule(f"not understood from character {at}")
        tokens.append(match)
        at = match.end()
    return tokens


class Parser:
    """A parser by recursive descent; `depth` limits hostile nesting."""

    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0
        self.children: list[str] = []

    def peek(self) -> str:
        """Return the next word or mark, without a step forward.

        `state` for a state function; empty at the end.
        """
        if self.at == len(self.tokens):
            return ""
        token = self.tokens[self.at]
        return token["word"] or token["mark"] or "state"

    def take(self, word: str) -> bool:
        if self.peek() != word:
            return False
        self.at += 1
        return True

    def disjunction(self) -> Callable[[StateOf], bool]:
        parts = [self.conjunction()]
        while self.take("OR"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else lambda state_of: any(part(state_of) for part in parts)

    def conjunction(self) -> Callable[[StateOf], bool]:
        parts = [self.negation()]
        while self.take("AND"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else lambda state_of: all(part(state_of) for part in parts)

    def negation(self) -> Callable[[StateOf], bool]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise InvalidRule("nested too deep")
        if self.take("NOT"):
            inner = self.negation()
            term: Callable[[StateOf], bool] = lambda state_of: not inner(state_of)  # noqa: E731
        else:
            term = self.term()
        self.depth -= 1
        return term

    def term(self) -> Callable[[StateOf], bool]:
        if self.take("("):
            inner = self.disjunction()
            if not self.take(")"):
                raise InvalidRule("a closing parenthesis is missing")
            return inner
        if self.take("TRUE"):
            return lambda _state_of: True
        if self.take("FALSE"):
            return lambda _state_of: False
        if self.peek() != "state":
            raise InvalidRule(f"a condition is expected instead of {self.peek() or 'the end'!r}")
        token = self.tokens[self.at]
        self.at += 1
        wanted, child = token["state"], token["double"] or token["single"] or token["bare"]
        self.children.append(child)
        return lambda state_of: state_of(child) == wanted
