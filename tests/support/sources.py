"""The project's own source files, for the checks that read them. A check that finds nothing must fail."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ROOT / "controller"


def sources(room: str = "", *, least: int) -> list[Path]:
    """Return every Python file below `controller/ROOM`, sub-packages included, in a fixed order.

    least: how many files there must be at least. Raises `AssertionError` where fewer are found.
    """
    files = sorted(path for path in (CODE / room).rglob("*.py") if path.stat().st_size)
    assert len(files) >= least, f"only {len(files)} files below {room or 'controller'}, expected {least}"
    return files


def module_of(path: Path) -> str:
    """Return the dotted name that `path` is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
