"""Bytecode for the functions' Python, which need not be the one that runs here.

A function that finds it starts sooner; it could not write it, for its folder is read-only.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

UV = Path(sys.executable).with_name("uv")
HOME = "/var/task"
"""Where Lambda unpacks a package: what a traceback shows, and nothing of the machine that built it."""


def interpreter(version: str, folder: Path) -> Path | None:
    """A Python of this version: the running one, one of this machine, or one that uv fetches to `folder`."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.executable)
    return _found(version, folder) or (_found(version, folder) if _fetched(version, folder) else None)


def _found(version: str, folder: Path) -> Path | None:
    command: list[str | Path] = [UV, "python", "find", "--no-project", "--no-python-downloads", version]
    done = _run(command, folder)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def _fetched(version: str, folder: Path) -> bool:
    try:
        return _run([UV, "python", "install", "--no-bin", version], folder).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _run(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"UV_PYTHON_INSTALL_DIR": str(folder), "UV_HTTP_RETRIES": "1"}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603


def compile_all(folder: Path, python: Path) -> None:
    """Beside every module. The same sources give the same bytes: no time of theirs is looked at or kept."""
    options = ("-q", "-f", "-s", str(folder), "-p", HOME, "--invalidation-mode", "unchecked-hash")
    command: list[str | Path] = [python, "-m", "compileall", *options, str(folder)]
    # A library may hold a module that only a newer Python reads: it is shipped as it is.
    subprocess.run(command, capture_output=True, timeout=300, check=False)  # noqa: S603
