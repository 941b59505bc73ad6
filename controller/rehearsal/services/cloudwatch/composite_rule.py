"""The rule of a composite alarm (API reference, PutCompositeAlarm; user guide, "Composite alarms").

```
 or    := and ("OR" and)*          and  := not ("AND" not)*        not := "NOT" not | term
 term  := "(" or ")" | TRUE | FALSE | ALARM(name) | OK(name) | INSUFFICIENT_DATA(name)
        | AT_LEAST(n or n%, [NOT] ALARM or OK or INSUFFICIENT_DATA, (name, name, …))
 name  := a name or an ARN, quoted where it has spaces, commas or parentheses; \" is a quote inside quotes
```
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from controller.rehearsal.services.cloudwatch.m_of_n import StateValue

StateOf = Callable[[str], StateValue]
LONGEST, DEEPEST = 10_240, 100
MOST_CHILDREN, MOST_ELEMENTS = 100, 500
STATE = "ALARM|OK|INSUFFICIENT_DATA"
NAME = r"""(?:"(?:[^"\\]|\\.)+"|'[^']+'|[^\s(),"']+)"""
TOKEN = re.compile(
    rf"""\s*(?:
        (?P<state>{STATE})\s*\(\s*(?P<child>{NAME})\s*\)
      | AT_LEAST\s*\(\s*(?P<least>\d{{1,9}})(?P<percent>%?)\s*,\s*(?P<negated>NOT\s+)?(?P<wanted>{STATE})\s*,
            \s*\(\s*(?P<children>{NAME}(?:\s*,\s*{NAME})*)\s*\)\s*\)
      | (?P<word>AND|OR|NOT|TRUE|FALSE)\b
      | (?P<mark>[()])
    )\s*""",
    re.VERBOSE,
)


class InvalidRule(Exception):  # noqa: N818
    """The rule does not follow the grammar."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule: `holds(state_of)` and the `children` that it names, in order.

    elements: the count of names, TRUE, FALSE and parentheses.
    """

    holds: Callable[[StateOf], bool]
    children: tuple[str, ...]
    elements: int

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the children, each once, also where the rule has ARNs."""
        return tuple(dict.fromkeys(bare_name(child) for child in self.children))


def bare_name(child: str) -> str:
    """Return the name of an alarm that is given by name or ARN."""
    return child.split(":alarm:", 1)[-1]


def check_limits(text: str, rule: Rule) -> None:
    """Refuse a rule that a new alarm may not have. Raises `InvalidRule`."""
    if text != text.strip():
        raise InvalidRule("it must not contain leading or trailing whitespace")
    if len(rule.names) > MOST_CHILDREN:
        raise InvalidRule(f"it names {len(rule.names)} alarms, and {MOST_CHILDREN} are allowed")
    if rule.elements > MOST_ELEMENTS:
        raise InvalidRule(f"it has {rule.elements} elements, and {MOST_ELEMENTS} are allowed")


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
    plain = sum(1 for token in parser.tokens if token["mark"] or token["word"] in ("TRUE", "FALSE"))
    return Rule(holds, tuple(dict.fromkeys(parser.children)), plain + len(parser.children))


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

        `state` for a state function, `least` for AT_LEAST; empty at the end.
        """
        if self.at == len(self.tokens):
            return ""
        token = self.tokens[self.at]
        return token["word"] or token["mark"] or ("least" if token["least"] else "state")

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
        if self.peek() not in ("state", "least"):
            raise InvalidRule(f"a condition is expected instead of {self.peek() or 'the end'!r}")
        token = self.tokens[self.at]
        self.at += 1
        return self.quorum(token) if token["least"] else self.single(token)

    def single(self, token: re.Match[str]) -> Callable[[StateOf], bool]:
        wanted, child = token["state"], _unquoted(token["child"])
        self.children.append(child)
        return lambda state_of: state_of(child) == wanted

    def quorum(self, token: re.Match[str]) -> Callable[[StateOf], bool]:
        """Return the condition of an AT_LEAST.

        An alarm without data is in none of the other states, so `NOT OK` counts it.
        """
        children = [_unquoted(name) for name in re.findall(NAME, token["children"])]
        self.children += children
        least, most = int(token["least"]), 100 if token["percent"] else len(children)
        if not 1 <= least <= most:
            raise InvalidRule(f"AT_LEAST takes a number from 1 to {most}{token['percent']} here")
        wanted, expected = token["wanted"], not token["negated"]
        # In hundredths of an alarm: a percentage of them is no whole number.
        needed = least * len(children) if token["percent"] else least * 100

        def reached(state_of: StateOf) -> bool:
            return 100 * sum((state_of(child) == wanted) is expected for child in children) >= needed

        return reached


def _unquoted(name: str) -> str:
    if name[0] == '"':
        return re.sub(r'\\(["\\])', r"\1", name[1:-1])
    return name[1:-1] if name[0] == "'" else name
