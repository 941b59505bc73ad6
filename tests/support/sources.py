"""Files that a check reads, the project's own sources among them. A check that finds nothing must fail."""

from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ROOT / "controller"


def existing(paths: Iterable[Path], *, least: int) -> list[Path]:
    """Return `paths` in a fixed order. Raises `AssertionError` where there are fewer than `least`."""
    files = sorted(paths)
    assert len(files) >= least, f"only {len(files)} files, expected {least}: {files[:3]}"
    return files


def sources(room: str = "", *, least: int, root: Path = CODE) -> list[Path]:
    """Return every Python file below `root/ROOM`, sub-packages included, in a fixed order.

    least: how many files there must be at least. Raises `AssertionError` where fewer are found.
    """
    return existing((path for path in (root / room).rglob("*.py") if path.stat().st_size), least=least)


def module_of(path: Path) -> str:
    """Return the dotted name that `path` is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
