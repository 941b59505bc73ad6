"""The function package: our code, the compiled policy, the switch's names, and in a release the libraries."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.bytecode import UV, Command, NoBytecode, compile_all
from infra.interpreter import PYTHON as PYTHON

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "ports", "steps", "aws", "entry/lambdas.py", "settings.py", "wiring.py", "workflow.asl.json")
"""What a function runs. No rehearsal, no lab, no command line."""
CONSOLE_ROOMS = (*ROOMS, "readmodel", "console", "audit", "entry/console_lambda.py", "entry/status.py")
ASKED = frozenset(
    {
        *(
            "arc-region-switch",
            "cloudwatch",
            "dynamodb",
            "events",
            "kms",
            "lambda",
            "route53-recovery-cluster",
        ),
        *(
            "route53-recovery-readiness",
            "s3",
            "secretsmanager",
            "service-quotas",
            "sns",
            "sqs",
            "stepfunctions",
            "sts",
        ),
    }
)
"""The services that a function asks, as botocore names them."""
FUNCTIONS, CONSOLE = ROOT / "requirements-functions.lock", ROOT / "requirements-console.lock"
"""What each package carries: the parts of `requirements.lock` that two groups in `pyproject.toml` need.
`make lock` cuts them out, so that nothing is resolved while a package is made."""
EXECUTABLE = f"python{PYTHON}"


@dataclass(frozen=True, slots=True)
class Libraries:
    """The processor and the Python that a package's libraries are built for: the functions' own.

    compiler: what runs that Python, to make bytecode; None leaves it out.
    """

    platform: str = "aarch64-manylinux2014"
    python: str = PYTHON
    compiler: Command | None = None


def package(
    folder: Path, files: Mapping[str, Any], *, libraries: Libraries | None = None, console: bool = False
) -> Path:
    """Write the package into `folder`, anew. Without libraries it is enough for templates, not for a
    deployment.

    Raises `subprocess.CalledProcessError` where the libraries cannot be had, `NoBytecode` where a module of
    ours does not compile.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for room in CONSOLE_ROOMS if console else ROOMS:
        _copy(ROOT / "controller" / room, folder / "controller" / room)
    for init in ("__init__.py", "entry/__init__.py"):
        _copy(ROOT / "controller" / init, folder / "controller" / init)
    add(folder, files)
    if libraries is not None:
        _install(folder, CONSOLE if console else FUNCTIONS, libraries)
        _compile(folder, libraries)
    return folder


def add(folder: Path, files: Mapping[str, Any]) -> None:
    """Write the files that only this deployment has, as JSON."""
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copyfile(source, target)


def _compile(folder: Path, libraries: Libraries) -> None:
    if libraries.compiler is None:
        return
    left = compile_all(folder, libraries.compiler, libraries.python)
    ours = [module for module in left if module.startswith("controller/")]
    if ours:
        raise NoBytecode(
            f"Python {libraries.python} did not compile {len(ours)} modules of ours, such as {ours[0]}."
        )


def _install(folder: Path, lock: Path, libraries: Libraries) -> None:
    """The locked versions, built for the functions' processor."""
    subprocess.run(  # noqa: S603 - our own arguments
        [
            *(
                str(UV),
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--require-hashes",
            ),
            *("--python-platform", libraries.platform, "--python-version", libraries.python),
            *("--target", str(folder), "-r", str(lock)),
        ],
        check=True,
    )
    _prune(folder / "botocore" / "data")
    shutil.rmtree(folder / "bin", ignore_errors=True)
    (folder / ".lock").unlink(missing_ok=True)


def _prune(data: Path) -> None:
    """Botocore describes four hundred services; a function that reads fewer starts sooner."""
    for service in data.iterdir():
        if service.is_dir() and service.name not in ASKED:
            shutil.rmtree(service)
