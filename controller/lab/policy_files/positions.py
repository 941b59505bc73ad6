"""The places of keys and values in a text, and the text's own faults."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Holds line and column, both from 1.

    file: where a document is made of several.
    """

    line: int
    column: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Holds what is wrong with the text itself at one place."""

    place: Place
    path: Path
    message: str
    hint: str | None = None


class Unreadable(ValueError):  # noqa: N818
    """The text is not YAML as we take it; nothing after `fault` was read."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Places:
    """Holds the place of each key and each value of a document."""

    keys: Mapping[Path, Place]
    values: Mapping[Path, Place]

    def key(self, path: Path) -> Place:
        """Return the place of the key `path`.

        Where there is no such key, return that of its value, else of the nearest mapping around it.
        """
        found = self.keys.get(path) or self.values.get(path)
        return found if found is not None else self.value(path[:-1]) if path else Place(1, 1)

    def value(self, path: Path) -> Place:
        """Return the place where the value at `path` begins.

        Where there is none, return that of a mapping that lacks `path`.
        """
        return self.values.get(path) or self.key(path)


@dataclass(frozen=True, slots=True)
class Document:
    """Holds a text that was read.

    `data` holds all that could be read; `faults` what was refused in it, in the order of the text.
    """

    data: Any
    places: Places
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """Holds one problem at one place.

    Line and column count from 1; both are 0 where the file itself is meant.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None
    path: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    @property
    def with_hint(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __str__(self) -> str:
        return f"{self.place}: {self.with_hint}"


class PolicyRefused(Exception):  # noqa: N818
    """The file is no policy.

    `problems` are in the order of the file. The last good policy stays.
    """

    def __init__(self, problems: tuple[Located, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
