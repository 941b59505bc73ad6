"""Versions of the functions' code beside one another in one process, each with modules of its own.

```
 functions-4825….zip ─> a folder ─> controller.* of that folder ─┐
 functions-91ab….zip ─> a folder ─> controller.* of that folder ─┴─> handlers, in one rehearsal
```
They share no module of ours, and speak to the rehearsal by the wire alone. What one zip needs of another is
`test_bundles_alone.py`'s business: here libraries are this machine's.
"""

import ast
import contextlib
import importlib
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from controller.rehearsal.service import ACCOUNT
from tests.support.sources import existing

WRITTEN = "111122223333"
"""The account in the configuration; the rehearsal has one of its own."""
Handler = Callable[[Any, Any], Any]
USED = (
    *("core.incident.approval", "entry.lambdas", "steps.context.journalling"),
    *("steps.operator.approve", "steps.operator.identity", "wiring"),
)
WHO = ("rehearsal-approver", "rehearsal-lead")


@contextlib.contextmanager
def _modules_of(folder: Path) -> Iterator[None]:
    """Let `controller` be the one in `folder` for as long as it lasts."""
    ours = {name: module for name, module in sys.modules.items() if _is_ours(name)}
    for name in ours:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if _is_ours(name)]:
            del sys.modules[name]
        sys.modules.update(ours)


def _is_ours(name: str) -> bool:
    return name == "controller" or name.startswith("controller.")


def imports_late(folder: Path) -> list[str]:
    """Return the functions that import a module of ours when they run: it would be another version's."""
    return [
        f"{file.relative_to(folder)}: {function.name}"
        for file in existing((folder / "controller").rglob("*.py"), least=100)
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and _is_ours(node.module or "")
    ]


@dataclass(frozen=True)
class Code:
    """The unpacked zip of the functions."""

    folder: Path

    @cached_property
    def _loaded(self) -> Mapping[str, ModuleType]:
        late = imports_late(self.folder)
        assert late == [], late
        with _modules_of(self.folder):
            found = {name: importlib.import_module(f"controller.{name}") for name in USED}
        where = str(found["wiring"].__file__)
        assert Path(where).is_relative_to(self.folder), where
        return found

    def deps(self, variables: Mapping[str, str], region: str, **ports: Any) -> Any:
        """Return the ports of a function with these variables and the files of this zip.

        ports: what `wiring.build` takes.
        """
        environment = self._loaded["entry.lambdas"].Environment.model_validate(
            {**variables, "AWS_REGION": region}
        )
        with contextlib.chdir(self.folder):
            deployment = environment.deployment()
        return self._loaded["wiring"].build(deployment, **ports)

    def handler(self, name: str, deps: Any, log: io.TextIOBase, service: str) -> Handler:
        """Return a function as Lambda starts it. service: of its logger, which nobody else has."""
        lambdas = self._loaded["entry.lambdas"]
        handler: Handler = lambdas.bound(deps, log, service)[name]
        # What keeps a function warm ends in the module's own handler, before anything is built.
        return lambda event, context: {} if event == lambdas.WARMING else handler(event, context)

    def agree(self, deps: Any) -> None:
        """Let people agree, where they are asked, by the code of this version."""
        modules = self._loaded
        for who in WHO:
            incident = modules["steps.context.journalling"].load_state(deps).open
            request = incident.request if incident else None
            if request is None or request.status != "waiting":
                return
            person = modules["steps.operator.identity"].identify(deps, who).id
            by = modules["core.incident.approval"].SignedIn("rehearsal")
            modules["steps.operator.approve"].answer(
                deps, request.id, who=person, approve=True, reason="rehearsal", by=by
            )

    def file(self, name: str) -> dict[str, Any]:
        """Return a JSON file of the zip."""
        return dict(json.loads((self.folder / name).read_text(encoding="utf-8")))


class Codes:
    """The zips that lie in the code buckets, each unpacked once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._codes = folder, dict[str, Code]()
        self.zips: dict[str, Path] = {}

    def put(self, *files: Path) -> None:
        """Upload zips, under their own names."""
        self.zips.update((file.name, file) for file in files)

    def folder_of(self, key: str) -> Path:
        """Return the unpacked zip that lies under a key now."""
        source = self.zips[key]
        target = self._folder / source.parent.name / source.stem
        if not target.exists():
            with zipfile.ZipFile(source) as archive:
                archive.extractall(target)
            for file in target.glob("*.json"):  # the files of this deployment, not the code
                file.write_text(file.read_text(encoding="utf-8").replace(WRITTEN, ACCOUNT), encoding="utf-8")
        return target

    def code(self, key: str) -> Code:
        folder = self.folder_of(key)
        return self._codes.setdefault(str(folder), Code(folder))
