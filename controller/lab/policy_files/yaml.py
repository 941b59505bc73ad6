"""The YAML reader: plain data, and the place of each key and value.

A place is line and column. The data is built from the parser's events without recursion. Anchors, aliases,
merge keys, tags, directives, duplicate keys and keys that are not text are refused, so what the file shows is
all that it says; with no alias there is nothing to multiply. Depth and number of values are bounded while
reading.

A plain (unquoted) scalar is read by the part of YAML 1.2 on which every tool agrees: text, whole numbers,
decimals, `true` and `false`. What YAML 1.1 tools read as something else (`no` as false, `010` as eight,
`12:30` as 750, a date) is refused with the advice to quote it: a reviewer must never see another policy than
the one that runs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from controller.lab.policy_files.positions import Document, Fault, Path, Place, Places, Unreadable

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHLIKE = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false"})
_NUMBERLIKE = re.compile(
    r"[-+]?[0-9][0-9_,]*"  # 010, 1_000, +1, a number of more than 18 digits
    r"|[-+]?0[box][0-9a-fA-F_]+"
    r"|[-+]?(?:[0-9][0-9_]*)?\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # sexagesimal
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"  # a date
    r"|="
)
# Control characters, halves of surrogate pairs, foreign line ends, and marks that reorder what a reader sees.
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]"
    "|\r(?!\n)"
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Says why a scalar has no meaning here, and what to write instead."""

    message: str
    hint: str | None = None


def plain_scalar(text: str) -> str | int | float | bool | Refused:
    """Return the value of an unquoted scalar, or why it is refused."""
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if text in _NULL:
        return Refused("nothing is written here; expected a value", "leave the key out, or give it a value")
    if text.lower() in _TRUTHLIKE:
        return Refused(f"{text!r} is a truth value to some YAML tools and text to others", f'write "{text}"')
    if len(text) <= 64 and _NUMBERLIKE.fullmatch(text):
        return Refused(f"{text!r} is read differently by different YAML tools", f'write "{text}"')
    return text


MAX_DEPTH = 20
MAX_VALUES = 20_000


def read_yaml(text: str) -> Document:
    """Read one document.

    Raises `Unreadable` where it cannot be read past: syntax, depth, a second document.
    """
    if hidden := HIDDEN.search(text):
        before = text[: hidden.start()]
        place = Place(before.count("\n") + 1, hidden.start() - before.rfind("\n"))
        raise Unreadable(Fault(place, (), f"the character U+{ord(hidden[0][0]):04X} is not allowed here"))
    reader = _Reader()
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            reader.take(event)
    except MarkedYAMLError as error:
        raise Unreadable(_syntax(error, text)) from error
    except (YAMLError, ValueError, OverflowError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(Fault(reader.at, (), "this is not YAML from here on")) from error
    if reader.documents == 0:
        raise Unreadable(Fault(Place(1, 1), (), "the file is empty; expected a policy"))
    return Document(reader.root, Places(reader.keys, reader.values), tuple(reader.faults))


@dataclass(slots=True)
class _Open:
    """A mapping or list that is still being read.

    `key` is set between a key and its value.
    """

    path: Path
    into: dict[str, Any] | list[Any]
    key: str | None = None
    dropped: bool = False
    anchored: bool = False


@dataclass(slots=True)
class _Reader:
    root: Any = None
    documents: int = 0
    seen: int = 0
    at: Place = field(default_factory=lambda: Place(1, 1))
    stack: list[_Open] = field(default_factory=list)
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def take(self, event: Any) -> None:
        self.at = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.stop("a second document begins here; expected one policy a file", "remove the `---`")
            if event.version or event.tags:
                self.stop("directives (%YAML, %TAG) are not read", "remove the line that begins with %")
        elif isinstance(event, NodeEvent):
            self.seen += 1
            if self.seen > MAX_VALUES:
                self.stop(f"more than {MAX_VALUES} keys and values")
            self.node(event)
        elif isinstance(event, CollectionEndEvent):
            self.put(self.stack.pop().into)

    def node(self, event: NodeEvent) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.into, dict) and top.key is None:
            self.mapping_key(top, event)
            return
        path: Path = ()
        if top is not None:
            path = (*top.path, len(top.into) if isinstance(top.into, list) else top.key or "")
        if not self.skipping:
            self.values[path] = self.at
        self.unadorned(event, path)
        if isinstance(event, CollectionStartEvent):
            if len(self.stack) == MAX_DEPTH:
                self.stop(f"nested more than {MAX_DEPTH} deep")
            if isinstance(event, MappingStartEvent) and not event.flow_style and path in self.keys:
                self.values[path] = self.keys[path]  # a block mapping begins where its key stands
            into: dict[str, Any] | list[Any] = {} if isinstance(event, MappingStartEvent) else []
            self.stack.append(_Open(path, into, anchored=event.anchor is not None))
        elif isinstance(event, AliasEvent):
            if any(level.anchored for level in self.stack):
                self.stop(
                    "an alias inside an anchor: such a file has no bounded size", "write the values out"
                )
            self.fault(path, "aliases (*) are not read", "write the value out")
            self.put(None)
        elif isinstance(event, ScalarEvent):
            self.put(self.scalar(event, path))

    def mapping_key(self, top: _Open, event: NodeEvent) -> None:
        if not isinstance(event, ScalarEvent):
            self.stop("a key must be text; expected `key: value`")
        self.unadorned(event, top.path)
        plain = event.style is None
        key = event.value
        path = (*top.path, key)
        top.key = key
        if self.skipping:
            return
        faults = len(self.faults)
        if plain and key == "<<":
            self.fault(top.path, "merge keys (<<) are not read", "write the keys out")
        elif HIDDEN.search(key):
            self.fault(path, "the key holds a hidden character")
        elif plain and not isinstance(plain_scalar(key), str):
            self.fault(path, f"the key {key!r} is not text to every YAML tool", f'write "{key}"')
        elif path in self.keys:
            first = self.keys[path]
            self.fault(path, f"the key {key!r} is written twice", f"the first is at line {first.line}")
        top.dropped = len(self.faults) > faults
        if not top.dropped:
            self.keys[path] = self.at

    def scalar(self, event: ScalarEvent, path: Path) -> str | int | float | bool | None:
        value = plain_scalar(event.value) if event.style is None else str(event.value)
        if isinstance(value, str) and HIDDEN.search(value):
            value = Refused("the text holds a hidden character")
        if not isinstance(value, Refused):
            return value
        self.fault(path, value.message, value.hint)
        return None

    def unadorned(self, event: NodeEvent, path: Path) -> None:
        if not isinstance(event, ScalarEvent | CollectionStartEvent):
            return
        if event.anchor is not None:
            self.fault(path, "anchors (&) are not read", "write the value out where it is used")
        if event.ctag is not None:
            self.fault(path, "tags (!) are not read", "remove it; quote the value if it is text")

    def put(self, value: Any) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        if isinstance(top.into, list):
            top.into.append(value)
            return
        if top.key is not None and not top.dropped:
            top.into[top.key] = value
        top.key, top.dropped = None, False

    @property
    def skipping(self) -> bool:
        """Return True inside the value of a key that was refused.

        What stands there is not looked at.
        """
        return any(level.dropped for level in self.stack)

    def fault(self, path: Path, message: str, hint: str | None = None) -> None:
        if not self.skipping:
            self.faults.append(Fault(self.at, path, message, hint))

    def stop(self, message: str, hint: str | None = None) -> NoReturn:
        raise Unreadable(Fault(self.at, (), message, hint))


def _syntax(error: MarkedYAMLError, text: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Fault(Place(1, 1), (), str(error.problem))
    message = " ".join(_words(error))
    hint = None
    if text[mark.index : mark.index + 1] == "\t":
        message, hint = "a tab cannot indent; expected spaces", "replace the tab by spaces"
    elif "mapping values are not allowed" in message:
        hint = "check the indentation; quote a text that holds a colon and a space"
    return Fault(Place(mark.line + 1, mark.column + 1), (), message, hint)


def _words(error: MarkedYAMLError) -> Iterator[str]:
    yield str(error.problem)
    if error.context is not None:
        yield error.context
        if error.context_mark is not None:
            yield f"that begins at line {error.context_mark.line + 1}"
