"""The loader of policy files: a `Policy`, or every problem with its place.

A place is file, line and column. This is the only reader of YAML files. A file is hostile until proven
otherwise: its size, encoding, depth and number of values are bounded before any of it means something.

It also knows the keys of each mapping of the policy, and finds the one that a misspelt key was meant to be.
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path as File
from typing import Any, get_args

from pydantic import BaseModel

from controller.core.policy.schema import Policy
from controller.core.policy.validation import PolicyError, Problem, parse_policy
from controller.core.text import sanitize
from controller.lab.policy_files.extends import KEY, whole
from controller.lab.policy_files.positions import (
    Document,
    Fault,
    Located,
    Path,
    Place,
    Places,
    PolicyRefused,
    Unreadable,
)
from controller.lab.policy_files.yaml import read_yaml

_LONGEST = 40


def did_you_mean(path: Path) -> str | None:
    """Return the known key closest to the last one of `path`, if any."""
    written = path[-1] if path else None
    if not isinstance(written, str) or len(written) > _LONGEST:
        return None
    known = sorted(known_keys(path[:-1]))
    folded = {key.casefold(): key for key in known}
    close = get_close_matches(written.casefold().replace("_", ""), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def known_keys(path: Path) -> frozenset[str]:
    """Return every key that some model at `path` of a policy knows.

    Where there are several variants, the keys of each count.
    """
    models: frozenset[type[BaseModel]] = frozenset({Policy})
    for part in path:
        # A part that no model has as a key is a name in a table (a Region, a family) or an index.
        inner = frozenset(
            found
            for model in models
            for name, info in model.model_fields.items()
            if part == (info.alias or name)
            for found in _models(info.annotation)
        )
        models = inner or models
    more = {KEY} if not path else set()
    return frozenset(
        more | {info.alias or name for model in models for name, info in model.model_fields.items()}
    )


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


MAX_BYTES = 256 * 1024
MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """Holds a policy, its text, and the place of each key and value."""

    policy: Policy
    source: str
    places: Places
    files: tuple[File, ...] = ()


def load_policy(path: File) -> LoadedPolicy:
    """Return the policy in the file `path`.

    Raises `PolicyRefused` with every problem that could be found.
    """
    file = sanitize(str(path), 300)
    read = whole(path, read_document)
    document = read.document
    faults = [_of_fault(file, fault) for fault in document.faults]
    try:
        policy = parse_policy(document.data)
    except PolicyError as error:
        raise PolicyRefused(_ordered([*faults, *located_problems(file, document, error.problems)])) from error
    if faults:
        raise PolicyRefused(_ordered(faults))
    return LoadedPolicy(policy, _text(path, file), document.places, read.files)


def read_document(path: File) -> Document:
    """Return the document in the file `path`, bounded.

    Raises `PolicyRefused` where the file is not to be read at all.
    """
    file = sanitize(str(path), 300)
    try:
        return read_yaml(_text(path, file))
    except Unreadable as error:
        raise PolicyRefused((_of_fault(file, error.fault),)) from error


def _text(path: File, file: str) -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise _whole(file, f"this is {kind}; expected a policy file")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise _whole(file, "no such file") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no usable file name"
        raise _whole(file, f"cannot be read: {reason}") from error
    if len(data) > MAX_BYTES:
        raise _whole(file, f"larger than {MAX_BYTES // 1024} KiB; no policy is")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, start = before.count(b"\n") + 1, before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        message = f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8; expected text in UTF-8"
        raise PolicyRefused((Located(file, line, column, message, "save the file as UTF-8"),)) from error


def _whole(file: str, message: str) -> PolicyRefused:
    return PolicyRefused((Located(file, 0, 0, message),))


def _of_fault(file: str, fault: Fault) -> Located:
    hint = None if fault.hint is None else sanitize(fault.hint, 120)
    where = fault.place
    message = sanitize(fault.message, 300)
    return Located(_file(where, file), where.line, where.column, message, hint, dotted(fault.path))


def _file(place: Place, file: str) -> str:
    return sanitize(place.file, 300) if place.file else file


def located_problems(file: str, document: Document, problems: tuple[Problem, ...]) -> Iterator[Located]:
    # What the reader refused is a hole in the data: the model's complaints about the hole say nothing new.
    holes = {fault.path for fault in document.faults}
    for problem in problems:
        path = problem.where
        if any(path[:size] in holes for size in range(len(path) + 1)):
            continue
        place = document.places.key(path) if problem.at_key else document.places.value(path)
        meant = did_you_mean(path) if problem.at_key else None
        hint = f"did you mean `{meant}`?" if meant else None
        message = sanitize(problem.message, 300)
        yield Located(_file(place, file), place.line, place.column, message, hint, dotted(path))


def dotted(path: Path) -> str:
    """Return a path as `evacuate.when.all[0].for`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return sanitize(text.removeprefix("."), 200)


def _ordered(problems: list[Located]) -> tuple[Located, ...]:
    files = list(dict.fromkeys(problem.file for problem in problems))
    ordered = sorted(problems, key=lambda p: (files.index(p.file), p.line, p.column))
    if len(ordered) <= MAX_PROBLEMS:
        return tuple(ordered)
    last = ordered[MAX_PROBLEMS]
    more = f"and {len(ordered) - MAX_PROBLEMS} more problems from here on"
    return (*ordered[:MAX_PROBLEMS], Located(last.file, last.line, last.column, more))
