"""The functions' own Python for arm64: unpacked from Debian's packages, and run here by QEMU.

```
 machine's own suite ─ qemu-user-static ─> build/arm64/qemu
 newer suite, arm64  ─ python, libc, … ──> build/arm64/root      nothing is installed
```

`python -m infra.interpreter` unpacks both; `make bundle-arm64` runs it first. Needs `apt-get` and a network.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PYTHON = "3.14"
"""The functions' runtime, as the templates name it."""
FOLDER = Path(__file__).parents[1] / "build" / "arm64"
SUITE = "forky"
"""The Debian suite that has the functions' Python; the mirror is the machine's own."""
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
EMULATOR = "qemu/usr/bin/qemu-aarch64-static"


def unpacked(version: str, folder: Path = FOLDER) -> tuple[str, ...] | None:
    """Return the command that runs Python `version` for arm64; None before it was unpacked."""
    emulator, root = folder / EMULATOR, folder / "root"
    python = root / "usr" / "bin" / f"python{version}"
    if not (emulator.exists() and python.exists()):
        return None
    return str(emulator), "-L", str(root), str(python)


def unpack(version: str, folder: Path = FOLDER) -> tuple[str, ...]:
    """Fetch and unpack emulator and interpreter, and return the command.

    Raises `subprocess.CalledProcessError` where apt cannot have a package, `LookupError` without a mirror.
    """
    found = unpacked(version, folder)
    if found is not None:
        return found
    shutil.rmtree(folder, ignore_errors=True)
    emulator = folder / "emulator"
    emulator.mkdir(parents=True)
    _run(["apt-get", "download", "-q", "qemu-user-static"], emulator)
    apt = _private_root(folder / "apt", mirror())
    _run(["apt-get", *apt, "-q", "update"], folder)
    _run(["apt-get", *apt, "-q", "-y", "--no-install-recommends", "--download-only", "install",
          f"python{version}"], folder)  # fmt: skip
    archives = sorted((folder / "apt" / "var" / "cache" / "apt" / "archives").glob("*.deb"))
    for package in archives:
        _run(["dpkg", "-x", str(package), str(folder / "root")], folder)
    (folder / "root" / "lib").symlink_to("usr/lib")  # the loader's name in every program: /lib/ld-linux-…
    for package in emulator.glob("*.deb"):
        _run(["dpkg", "-x", str(package), str(folder / "qemu")], folder)
    command = unpacked(version, folder)
    if command is None:
        raise LookupError(
            f"{len(archives)} packages of {SUITE} hold no Python {version}, or QEMU is not static"
        )
    return command


def _private_root(folder: Path, site: str) -> list[str]:
    """Make a folder in which apt believes that nothing is installed: it then takes every shared library."""
    for each in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "var/lib/apt/lists/partial", "var/lib/dpkg",
                 "var/cache/apt/archives/partial"):  # fmt: skip
        (folder / each).mkdir(parents=True)
    status = folder / "var" / "lib" / "dpkg" / "status"
    status.touch()
    source = f"deb [arch=arm64 signed-by={KEYRING}] {site} {SUITE} main\n"
    (folder / "etc" / "apt" / "sources.list").write_text(source, encoding="utf-8")
    wanted = {"Dir": folder, "Dir::State::status": status, "APT::Architecture": "arm64",
              "APT::Architectures": "arm64", "APT::Sandbox::User": "root"}  # fmt: skip
    return [f"-o{key}={value}" for key, value in wanted.items()]


def mirror() -> str:
    """Return the address from which this machine has its own suite's packages."""
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    shown = _run(["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE)"], Path.cwd())
    for line in shown.splitlines():
        release, _, site = line.partition(" ")
        if release == suite:
            return site
    raise LookupError(f"apt's sources name no mirror of {suite or 'this system'}")


def _run(command: Sequence[str], folder: Path) -> str:
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    done = subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True, timeout=600, check=True
    )
    return done.stdout


def main() -> int:
    """Unpack it and say what runs. The exit code: 1 where it cannot be had, with the reason."""
    try:
        shown = "import sys, platform as p; print(p.machine(), sys.version)"
        said = _run([*unpack(PYTHON), "-I", "-S", "-c", shown], FOLDER)
    except (LookupError, OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"No Python {PYTHON} for arm64: {error}\n")
        return 1
    sys.stdout.write(said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
