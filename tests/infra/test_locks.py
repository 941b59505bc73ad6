"""The locks: the packages' are parts of the whole one, no less than is imported, and name no place."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.bundle import CONSOLE, CONSOLE_ROOMS, FUNCTIONS, ROOMS
from tests.infra.bundles import LAMBDA
from tests.support.sources import CODE, ROOT

WHOLE = ROOT / "requirements.lock"
BENCH = ROOT / "requirements-bench.lock"
LOCKS = sorted(ROOT.glob("*.lock"))
SHIPPED = {"functions": (FUNCTIONS, ROOMS), "console": (CONSOLE, CONSOLE_ROOMS)}
"""Group in pyproject.toml -> its lock, and the rooms that run on it."""

each_package = pytest.mark.parametrize("group", SHIPPED)


@cache
def entries(lock: Path) -> dict[str, list[str]]:
    """Return package -> its entries in the lock, each with its marker and its hashes."""
    found: dict[str, list[str]] = {}
    for entry in lock.read_text(encoding="utf-8").replace("\\\n", "").splitlines():
        found.setdefault(canonicalize_name(entry.partition("==")[0]), []).append(entry)
    return found


def group(name: str) -> Iterator[str]:
    """Yield what pyproject.toml names for a group, with what the groups in it name."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    for each in groups[name]:
        yield from [each] if isinstance(each, str) else group(each["include-group"])


def needed(name: str) -> set[str]:
    """Return all that a group needs on Lambda, as the installed packages themselves say."""
    found: set[str] = set()
    queue = [Requirement(each) for each in group(name)]
    while queue:
        wanted = queue.pop()
        plain = canonicalize_name(wanted.name)
        if plain not in found and (wanted.marker is None or wanted.marker.evaluate(LAMBDA)):
            found.add(plain)
            queue += [Requirement(each) for each in requires(wanted.name) or ()]
    return found


def imported(rooms: tuple[str, ...]) -> set[str]:
    """Return the first words of all imports in these rooms, in functions too."""
    files = [file for room in rooms for file in (*(CODE / room).rglob("*.py"), CODE / room)]
    nodes = [
        node
        for file in files
        if file.suffix == ".py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert len(nodes) > 20_000, "this found no code"
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in names}


def test_every_entry_is_held_to_its_hashes_and_names_no_place() -> None:
    assert len(LOCKS) >= 4
    for lock in LOCKS:
        assert "://" not in lock.read_text(encoding="utf-8")
        assert all(
            "==" in entry and "--hash=sha256:" in entry for each in entries(lock).values() for entry in each
        )


@each_package
def test_what_is_shipped_has_the_versions_and_hashes_of_the_whole_lock(group: str) -> None:
    lock, _ = SHIPPED[group]
    assert len(entries(lock)) >= 15
    assert {name: entries(WHOLE).get(name) for name in entries(lock)} == entries(lock)


def test_what_benches_share_with_us_has_our_versions_and_hashes() -> None:
    """Markers differ: what only pandas needs on some platform is not needed there by us, or the reverse."""
    shared = entries(BENCH).keys() & entries(WHOLE).keys()
    assert "numpy" in shared
    for name in shared:
        ours, theirs = ({_pinned(entry) for entry in entries(lock)[name]} for lock in (WHOLE, BENCH))
        assert theirs <= ours


def _pinned(entry: str) -> str:
    """Return an entry without its marker."""
    return " ".join(word for word in entry.split() if "==" in word[1:] or word.startswith("--hash="))


@each_package
def test_what_is_shipped_is_what_is_needed_and_no_more(group: str) -> None:
    lock, _ = SHIPPED[group]
    assert set(entries(lock)) == needed(group)


@each_package
def test_what_is_shipped_holds_all_that_it_imports(group: str) -> None:
    """A library that is on this machine alone would be missed at a function's first import."""
    lock, rooms = SHIPPED[group]
    outside = imported(rooms) - sys.stdlib_module_names - {"controller"}
    assert {"pydantic", "botocore"} <= outside
    from_where = packages_distributions()
    missed = {
        name
        for name in outside
        if not {canonicalize_name(d) for d in from_where.get(name, ())} & set(entries(lock))
    }
    assert missed == set()
