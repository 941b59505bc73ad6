"""Bytecode for the functions' Python, which need not be the one that runs here.

A function that finds it starts sooner; it could not write it, for its folder is read-only.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.interpreter import unpacked

UV = Path(sys.executable).with_name("uv")
HOME = "/var/task"
"""Where Lambda unpacks a package: what a traceback shows, and nothing of the machine that built it."""
Command = tuple[str, ...]
"""What runs a Python: its path alone, or an emulator before it."""


class NoBytecode(Exception):  # noqa: N818
    """The functions' Python is not to be had, or it did not compile what is ours. The message says which."""


def compiler(version: str, folder: Path) -> Command:
    """Return the command of `interpreter`. Raises `NoBytecode`."""
    found = interpreter(version, folder)
    if found is None:
        raise NoBytecode(
            f"There is no Python {version} here to compile bytecode, and functions without it start slower. "
            "`make interpreter` unpacks one; `--no-bytecode` goes on without."
        )
    return found


def interpreter(version: str, folder: Path) -> Command | None:
    """Return a Python of this version: the running one, one of this machine, or one below `folder`.

    That is `arm64`, which `make interpreter` unpacks, or `python`, into which uv fetches one.
    """
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return (sys.executable,)
    return (
        _found(version, folder / "python")
        or unpacked(version, folder / "arm64")
        or (_found(version, folder / "python") if _fetched(version, folder / "python") else None)
    )


def _found(version: str, folder: Path) -> Command | None:
    command: list[str | Path] = [UV, "python", "find", "--no-project", "--no-python-downloads", version]
    done = _run(command, folder)
    return (done.stdout.strip(),) if done.returncode == 0 else None


def _fetched(version: str, folder: Path) -> bool:
    try:
        return _run([UV, "python", "install", "--no-bin", version], folder).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _run(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"UV_PYTHON_INSTALL_DIR": str(folder), "UV_HTTP_RETRIES": "1"}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603


def compile_all(folder: Path, python: Command, version: str) -> list[str]:
    """Compile every module, and return those that have no bytecode of this version.

    The same sources give the same bytes: no time of theirs is looked at or kept. An emulator needs minutes.
    """
    options = ("-q", "-f", "-s", str(folder), "-p", HOME, "--invalidation-mode", "unchecked-hash")
    command = [*python, "-m", "compileall", *options, str(folder)]
    # A library may hold a module that only a newer Python reads: it is shipped as it is.
    subprocess.run(command, capture_output=True, timeout=1800, check=False)  # noqa: S603
    modules = sorted(folder.rglob("*.py"))
    return [m.relative_to(folder).as_posix() for m in modules if not _bytecode(m, version).exists()]


def _bytecode(module: Path, version: str) -> Path:
    return module.parent / "__pycache__" / f"{module.stem}.cpython-{version.replace('.', '')}.pyc"
