"""The rooms of the tests: each imports itself and `tests.support`; no test file lends anything or is long."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.sources import ROOT, module_of, sources

SHARED = "support"
COUNTERPARTS = {("tests.steps.test_takeover_unguarded", "tests.steps.test_takeover")}
"""Tests that run the very tests of another file with a guard removed."""


def room(module: str) -> str:
    """Return the folder of `module` below `tests`; "" for a file of `tests` itself."""
    name = module.split(".")[1]
    return name if (ROOT / "tests" / name).is_dir() else ""


@cache
def imports() -> dict[str, set[str]]:
    """Return each module below `tests`, and the modules of the tests that it imports, in functions too."""
    files = {module_of(file): file for file in sources("tests", least=280, root=ROOT)}
    return {module: set(_imports(file, set(files))) for module, file in files.items()}


def _imports(file: Path, modules: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("tests."))
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: a relative import"
            if node.module and node.module.partition(".")[0] == "tests":
                members = {f"{node.module}.{alias.name}" for alias in node.names}
                yield from members & modules or {node.module}


def test_a_room_imports_itself_and_what_is_shared() -> None:
    found = {(module, name) for module, names in imports().items() for name in names}
    assert len(found) >= 400
    assert {each for each in found if room(each[1]) not in (room(each[0]), SHARED)} == set()


def test_no_test_file_is_imported() -> None:
    found = {(module, name) for module, names in imports().items() for name in names}
    assert {each for each in found if each[1].rpartition(".")[2].startswith("test_")} == COUNTERPARTS


def test_a_shared_module_serves_more_than_one_room() -> None:
    shared = [module for module in imports() if room(module) == SHARED]
    assert len(shared) >= 20
    for name in shared:
        rooms = {room(module) for module, names in imports().items() if name in names}
        assert len(rooms) > 1 or rooms == {SHARED}, (name, rooms)


def test_no_file_of_the_tests_is_longer_than_four_hundred_lines() -> None:
    files = sources("tests", least=280, root=ROOT)
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in files
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}
