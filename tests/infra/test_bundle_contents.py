"""Zips of a release, looked at file by file: what is ours, the locked libraries whole, parts for arm64."""

import csv
import hashlib
import subprocess
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.bundle import ASKED, CONSOLE, CONSOLE_ROOMS, FUNCTIONS, ROOMS, Libraries, package
from infra.interpreter import PYTHON, unpacked
from infra.project import load
from tests.infra.bundles import LAMBDA, REAL, package_of
from tests.support.config_files import SHIPPED
from tests.support.sources import CODE, existing

HERE = "us-east-2"
PACKAGES = {"functions": (FUNCTIONS, ROOMS), f"console-{HERE}": (CONSOLE, CONSOLE_ROOMS)}
ARM64 = 183
"""The processor's number in the head of an ELF file."""
COMPILED = {
    "functions": {"pydantic_core"},
    f"console-{HERE}": {"pydantic_core", "cryptography", "markupsafe"},
}

each_package = pytest.mark.parametrize("name", PACKAGES)


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages with their real libraries; bytecode is in those of `make bundle-arm64`."""
    folder = tmp_path_factory.mktemp("contents")
    project = load(SHIPPED, deployed=1.9e9)
    for name in PACKAGES:
        if REAL:
            (file,) = [each for each in Path(REAL).glob("*.zip") if package_of(each.name) == name]
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder / name)
        else:
            package(folder / name, project.packaged(), libraries=Libraries(), console=name != "functions")
    return folder


@each_package
def test_our_rooms_are_there_whole_with_templates_and_styles(laid_out: Path, name: str) -> None:
    _, rooms = PACKAGES[name]
    files = [
        file
        for room in rooms
        for file in (*(CODE / room).rglob("*"), CODE / room)
        if file.is_file() and file.suffix != ".pyc"
    ]
    assert len(files) >= 150
    assert {"workflow.asl.json", "lambdas.py"} <= {file.name for file in files}
    if name != "functions":
        assert {".html", ".css", ".js"} <= {file.suffix for file in files}
    copies = {file: laid_out / name / "controller" / file.relative_to(CODE) for file in files}
    assert [c for f, c in copies.items() if not c.exists() or c.read_bytes() != f.read_bytes()] == []


@each_package
def test_the_libraries_are_those_of_the_lock(laid_out: Path, name: str) -> None:
    lock, _ = PACKAGES[name]
    entries = lock.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    wanted = [Requirement(entry.partition(" --hash")[0].strip()) for entry in entries if entry]
    pinned = {
        f"{canonicalize_name(each.name)}{each.specifier}"
        for each in wanted
        if each.marker is None or each.marker.evaluate(LAMBDA)
    }
    assert len(pinned) >= 15
    held = [folder.name.removesuffix(".dist-info").rpartition("-") for folder in _infos(laid_out / name)]
    assert {f"{canonicalize_name(each)}=={version}" for each, _, version in held} == pinned


@each_package
def test_each_library_is_whole(laid_out: Path, name: str) -> None:
    """Against the list that it was published with; only descriptions of services are left out."""
    root = laid_out / name
    listed = [row for info in _infos(root) for row in csv.reader(_lines(info / "RECORD"))]
    kept = [(path, digest) for path, digest, _ in listed if digest and not _left_out(path)]
    assert len(kept) >= 1_000
    assert [path for path, digest in kept if _digest(root / path) != digest] == []
    for service in ASKED:
        assert list((root / "botocore" / "data" / service).rglob("service-2.json*")), service


def _infos(root: Path) -> list[Path]:
    return existing(root.glob("*.dist-info"), least=15)


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


def _left_out(path: str) -> bool:
    parts = Path(path).parts
    service = parts[2] if parts[:2] == ("botocore", "data") and len(parts) > 3 else ""
    return parts[0] in ("..", "bin") or path.endswith(".pyc") or bool(service and service not in ASKED)


def _digest(file: Path) -> str:
    if not file.exists():
        return "absent"
    found = urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest())
    return "sha256=" + found.decode().rstrip("=")


@each_package
def test_compiled_parts_are_for_arm64_and_the_functions_python(laid_out: Path, name: str) -> None:
    files = list(_compiled(laid_out / name))
    assert COMPILED[name] <= {file.relative_to(laid_out / name).parts[0] for file in files}
    tags = (f".cpython-{PYTHON.replace('.', '')}-aarch64-linux-gnu.so", ".abi3.so")
    for file in files:
        head = file.read_bytes()[:20]
        assert (head[:4], int.from_bytes(head[18:20], "little")) == (b"\x7fELF", ARM64), file
        assert file.name.endswith(tags), file


def _compiled(root: Path) -> Iterator[Path]:
    return (file for file in root.rglob("*.so*") if file.is_file())


@pytest.mark.skipif(not REAL, reason="bytecode takes minutes where it is emulated: `make bundle-arm64`")
@each_package
def test_each_module_has_bytecode_that_the_functions_python_reads(laid_out: Path, name: str) -> None:
    python = unpacked(PYTHON)
    assert python is not None
    shown = [*python, "-I", "-S", "-c", "import importlib.util as u; print(u.MAGIC_NUMBER.hex())"]
    magic = bytes.fromhex(subprocess.run(shown, capture_output=True, text=True, check=True).stdout)
    modules = existing((laid_out / name).rglob("*.py"), least=600)
    tag = f"cpython-{PYTHON.replace('.', '')}"
    codes = [module.parent / "__pycache__" / f"{module.stem}.{tag}.pyc" for module in modules]
    assert [code for code in codes if not code.exists() or code.read_bytes()[:8] != magic + b"\1\0\0\0"] == []
    ours = laid_out / name / "controller" / "entry" / "__pycache__" / f"lambdas.{tag}.pyc"
    assert b"/var/task/controller/entry/lambdas.py" in ours.read_bytes()
