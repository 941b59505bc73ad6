"""The text of the shipped policy, changed copies of it, and the problems that the loader finds in them."""

from pathlib import Path

import pytest

from controller.lab.policy_files.loader import load_policy
from controller.lab.policy_files.positions import Located, PolicyRefused
from tests.support.shipped_policy import SHIPPED

SOURCE = SHIPPED.read_text(encoding="utf-8")


def written(folder: Path, text: str | bytes) -> Path:
    """Write `text` to a file in `folder`, and return its path."""
    file = folder / "p.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def refused(folder: Path, text: str | bytes) -> tuple[Located, ...]:
    """Return the problems for which a file with `text` is refused."""
    with pytest.raises(PolicyRefused) as info:
        load_policy(written(folder, text))
    return info.value.problems


def swapped(old: str, new: str, *, text: str = SOURCE) -> str:
    """Return `text` with the first `old`, which must be there, as `new`."""
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def line_of(text: str, words: str) -> int:
    """Return the number of the first line with `words`."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)
