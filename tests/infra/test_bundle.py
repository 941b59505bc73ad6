"""The function package: what a function runs, and nothing that only a desk or a rehearsal needs."""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from importlib import import_module
from pathlib import Path
from types import ModuleType

import botocore.session
import pytest

from infra.bundle import ASKED, package
from infra.config import Config
from infra.grants import DESK
from infra.project import load
from tests.support.config_files import SHIPPED
from tests.support.sources import ROOT

APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
NAMED = ("controller/wiring.py", "controller/aws/readiness.py")


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = load(SHIPPED, deployed=1.0)
    assert isinstance(project.config, Config)
    return package(tmp_path_factory.mktemp("package") / "functions", project.packaged())


def imported(folder: Path, module: str) -> str:
    """Where Python finds it, with the libraries of this machine and nothing else of the checkout."""
    done = subprocess.run(
        [sys.executable, "-c", f"import {module} as m; print(m.__file__)"],
        cwd=folder, env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_handlers_import_from_the_package_alone(packaged: Path) -> None:
    assert imported(packaged, "controller.entry.lambdas").startswith(str(packaged))


def test_the_console_imports_from_its_package_alone(tmp_path: Path) -> None:
    project = load(SHIPPED, deployed=1.0)
    files = project.packaged() | {"sign-in.json": project.signing_in("us-east-2")}
    folder = package(tmp_path / "console", files, console=True)
    assert imported(folder, "controller.entry.console_lambda").startswith(str(folder))
    for room in ("console", "audit/report"):
        assert (folder / "controller" / room / "templates").is_dir()


def test_the_wheel_holds_all_that_pages_are_made_of(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    files = {
        str(file.relative_to(ROOT))
        for kind in ("html", "css", "js", "svg")
        for file in (ROOT / "controller").rglob(f"*.{kind}")
    }
    assert len(files) >= 20
    assert files <= held


def test_wheel_and_sdist_carry_the_licence_and_say_which(tmp_path: Path) -> None:
    licence = (ROOT / "LICENSE").read_bytes()
    assert hashlib.sha256(licence).hexdigest() == APACHE_2, "it is Apache's own text, to the byte"
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=True)
    (wheel,), (source,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        assert archive.read(f"{info}/licenses/LICENSE") == licence
        told = archive.read(f"{info}/METADATA").decode().splitlines()
    assert {"License-Expression: Apache-2.0", "License-File: LICENSE"} <= set(told)
    assert not [line for line in told if line.startswith(("Project-URL", "Home-page"))], "there is none yet"
    with tarfile.open(source) as archive:
        held = archive.extractfile(f"{source.name.removesuffix('.tar.gz')}/LICENSE")
        assert held is not None
        assert held.read() == licence


def test_neither_rehearsal_nor_laboratory_is_deployed(packaged: Path) -> None:
    rooms = {path.name for path in (packaged / "controller").iterdir()}
    assert {"core", "steps", "aws"} <= rooms
    assert not rooms & {"rehearsal", "lab"}
    assert not list(packaged.rglob("cli"))


def adapter(name: str) -> ModuleType:
    return import_module(f"controller.aws.{name}")


def test_every_service_that_is_asked_keeps_its_description() -> None:
    """A service that a function names and the package does not describe would fail at its first call."""
    known = set(botocore.session.Session().get_available_services())
    words = {word for file in NAMED for word in (ROOT / file).read_text(encoding="utf-8").split('"')}
    desk = {action.split(":")[0] for each in DESK for action in adapter(each).PERMISSIONS}
    others = desk | {"apigateway"}  # a word of the policy
    assert (words & known) - others <= ASKED <= known
