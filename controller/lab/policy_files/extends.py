"""The key `extends`: a policy file that builds on another in its folder.

```
 base.yaml        limits: {minRegionsOn: 1, cooldown: 1h}     signals: {customer: […], service: […]}
 storefront.yaml  limits: {cooldown: 2h}                      signals: {service: [one]}     extends: base.yaml
 together         limits: {minRegionsOn: 1, cooldown: 2h}     signals: {customer: […], service: [one]}
```
Two levels are laid over one another, key by key; what stands below is replaced whole, so no condition is
ever made of two files.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Annotated, Any

from pydantic import StringConstraints

from controller.core.policy.terms import Strict
from controller.lab.policy_files.positions import Document, Fault, Path, Place, Places

KEY = "extends"
MOST_FILES = 5
BASE = r"^([A-Za-z0-9_-][A-Za-z0-9._-]{0,99}/){0,5}[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\.ya?ml$"
EXPECTED = "a file in this folder or below it such as base.yaml"


class Based(Strict):
    """The keys of a file beside the policy: on which other it builds."""

    extends: Annotated[str, StringConstraints(pattern=BASE)]


@dataclass(frozen=True, slots=True)
class Whole:
    """Holds a document made of its file and those that it extends.

    Each place names its file.
    """

    document: Document
    files: tuple[File, ...]


Read = Callable[[File], Document]


def whole(path: File, read: Read) -> Whole:
    """Return the document of `path` over that of its base, and so on.

    Raises whatever `read` raises.
    """
    document = _in_file(read(path), path)
    files = [path]
    while (named := _base(document)) is not None:
        fault, base = _found(document, named, files)
        if base is None:
            document = _without(document, fault)
            break
        files.append(base)
        document = _over(document, _in_file(read(base), base))
    return Whole(document, tuple(files))


def _base(document: Document) -> object | None:
    return document.data.get(KEY) if isinstance(document.data, dict) else None


def _found(document: Document, named: object, files: list[File]) -> tuple[Fault | None, File | None]:
    """Return the file that is named, or the reason why there is none."""
    place = document.places.value((KEY,))

    def no(message: str) -> tuple[Fault, None]:
        return Fault(place, (KEY,), message), None

    if not isinstance(named, str) or not re.fullmatch(BASE, named):
        return no(f"expected {EXPECTED}")
    base = files[-1].parent / named
    folder = files[0].parent.resolve()
    real = base.resolve()
    if not real.is_relative_to(folder):
        return no(f"this leads out of the policy's folder; expected {EXPECTED}")
    if real in {file.resolve() for file in files}:
        return no("this leads back to a file that is part of the policy already")
    if len(files) == MOST_FILES:
        return no(f"a policy is made of at most {MOST_FILES} files")
    if not base.is_file():
        return no(f"no such file beside this one; expected {EXPECTED}")
    return None, base


def _without(document: Document, fault: Fault | None) -> Document:
    data = {key: value for key, value in document.data.items() if key != KEY}
    return replace(document, data=data, faults=(*document.faults, *([fault] if fault else [])))


def _in_file(document: Document, path: File) -> Document:
    def named(place: Place) -> Place:
        return replace(place, file=str(path))

    keys = {path: named(place) for path, place in document.places.keys.items()}
    values = {path: named(place) for path, place in document.places.values.items()}
    faults = tuple(replace(fault, place=named(fault.place)) for fault in document.faults)
    return Document(document.data, Places(keys, values), faults)


def _over(document: Document, base: Document) -> Document:
    """Return `document` laid over `base`, which may extend another in its turn."""
    if not isinstance(base.data, dict):
        fault = Fault(base.places.value(()), (), "expected a mapping: part of a policy")
        return _without(document, fault)
    own = {key: value for key, value in document.data.items() if key != KEY}
    data: dict[str, Any] = dict(base.data)
    for key, value in own.items():
        under = data.get(key)
        data[key] = {**under, **value} if isinstance(under, dict) and isinstance(value, dict) else value

    def stays(path: Path) -> bool:
        """Return True where the base's value at `path` is still part of the whole."""
        if path[:1] == (KEY,):
            return True
        first = str(path[0]) if path else ""
        if first not in own:
            return bool(path)
        table = isinstance(own[first], dict) and isinstance(base.data.get(first), dict)
        return table and len(path) > 1 and path[1] not in own[first]

    def both(mine: Mapping[Path, Place], theirs: Mapping[Path, Place]) -> dict[Path, Place]:
        kept = {path: place for path, place in theirs.items() if stays(path)}
        return kept | {path: place for path, place in mine.items() if path[:1] != (KEY,)}

    places = Places(
        both(document.places.keys, base.places.keys), both(document.places.values, base.places.values)
    )
    return Document(data, places, (*document.faults, *base.faults))
