"""The choice of the deployment that a command speaks to.

It is one named in `tidegate.toml`, or the rehearsal that runs here.

```
 --context NAME > TIDEGATE_CONTEXT > the only context of tidegate.toml > the rehearsal that runs
```
`tidegate.toml` in the current folder: `[contexts.NAME]` with `deployment = "file.json"`, or a list of files,
one a controller.
"""

import getpass
import json
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from controller.core.incident.approval import SignedIn
from controller.core.journal.event import Event
from controller.core.policy.schema import Policy
from controller.core.text import sanitize
from controller.lab.environment.last_run import read_last_run
from controller.ports.errors import OutsideUnreachable
from controller.settings import Deployment
from controller.steps.context.deps import Deps
from controller.steps.context.names import Names
from controller.steps.operator.past_moments import Nearest, NewestFirst

REHEARSAL = "rehearsal"
SYNTHESISED = Path("build", "synth")
"""Where `make synth` writes a `tidegate.toml`, below the folder of the sources."""


class NoContext(ValueError):  # noqa: N818
    """No deployment is found; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Context:
    """A deployment and its name.

    A rehearsal carries no customer traffic: it asks for no confirmation.
    others: the other controllers' deployments, in order. Commands go to the first that answers and is not cut
    off from the other Regions.
    """

    name: str
    deployment: Deployment
    others: tuple[Deployment, ...] = ()

    @property
    def rehearsal(self) -> bool:
        return self.deployment.endpoint_url is not None

    def deps(self) -> Deps:
        from controller import wiring
        from controller.steps.operator.controller_choice import first_able

        if not self.others:
            return wiring.build(self.deployment)
        return first_able([partial(wiring.build, each) for each in (self.deployment, *self.others)])

    def identity(self, claimed: str | None) -> str:
        """Return who acts: in a rehearsal the claimed name, else the credentials' owner.

        Raises `NoContext` where a name is claimed outside a rehearsal.
        """
        if self.rehearsal:
            return sanitize(claimed or getpass.getuser(), 64)
        if claimed is not None:
            raise NoContext("--as is for rehearsals; here the AWS credentials say who is acting")
        from controller import wiring

        return wiring.caller_identity(self.deployment)

    def proof(self) -> SignedIn:
        """Return how whoever acts showed who they are, as far as it is known.

        A rehearsal asks for no proof. It is kept with an answer and decides nothing, so nobody waits for it.
        """
        if self.rehearsal:
            return SignedIn("rehearsal")
        from controller import wiring

        try:
            return wiring.caller_proof(self.deployment)
        except OutsideUnreachable:
            return SignedIn("terminal")


def find_context(name: str | None, folder: Path | None = None) -> Context:
    """Return the context that a command means.

    Raises `NoContext`.
    """
    from controller import wiring

    wanted = name or wiring.chosen_context()
    named = _named(folder or Path())
    if wanted is None and len(named) == 1:
        wanted = next(iter(named))
    if wanted in (None, REHEARSAL) and REHEARSAL not in named:
        if wanted is None and named and _written() is None:
            raise _several(named, folder or Path())
        return _running_rehearsal(folder or Path())
    if wanted is None or wanted not in named:
        if wanted is None:
            raise _several(named, folder or Path())
        raise NoContext(f"no context is named {wanted!r}; expected one of: {', '.join([*named, REHEARSAL])}")
    first, *others = (read_deployment(path) for path in named[wanted])
    return Context(wanted, first, tuple(others))


@dataclass(frozen=True, slots=True)
class Archive:
    """The records to look up: of a deployment, or of the last demo.

    They are its journal and its assessments; the names of the people in them stand elsewhere.
    """

    policy: Policy
    account: str
    now: float
    read: Callable[[str], tuple[Event, ...]]
    between: Callable[[str, float, float], tuple[tuple[float, dict[str, Any]], ...]]
    newest_first: NewestFirst
    nearest: Nearest
    names: Names


def find_archive(name: str | None) -> tuple[Archive, bool]:
    """Return the records that a command means, and True for the last demo's.

    Raises `NoContext`.
    """
    try:
        deps = find_context(name).deps()
    except NoContext:
        last = None if name else read_last_run(last_run_file())
        if last is None:
            raise
        look = (last.read, last.between, last.newest_first, last.nearest)
        return Archive(last.policy, last.account, last.now, *look, Names(last.names.get, lambda: 0.0)), True
    journal, assessments = deps.journal, deps.assessments
    kept = (journal.read, assessments.between, assessments.newest_first, assessments.nearest)
    return Archive(deps.policy, deps.account, deps.runtime.now(), *kept, deps.names), False


def last_run_file() -> Path:
    return _file().with_name("last-demo.json")


def _named(folder: Path) -> dict[str, list[Path]]:
    file = folder / "tidegate.toml"
    if not file.is_file():
        return {}
    try:
        contexts = tomllib.loads(file.read_text(encoding="utf-8")).get("contexts", {})
        return {str(name): _files(folder, entry["deployment"]) for name, entry in contexts.items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise NoContext(
            f'{file}: expected [contexts.NAME] with `deployment = "file.json"`: {error}'
        ) from error


def _files(folder: Path, named: object) -> list[Path]:
    files = named if isinstance(named, list) else [named]
    if not files:
        raise TypeError("`deployment` is an empty list")
    return [folder / str(file) for file in files]


def read_deployment(path: Path) -> Deployment:
    """Return the deployment that a file describes.

    Raises `NoContext`.
    """
    try:
        return Deployment.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoContext(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise NoContext(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _several(named: Iterable[str], folder: Path) -> NoContext:
    choices = ", ".join(f"--context {sanitize(each, 60)}" for each in named)
    return NoContext(f"{_place(folder)} names several contexts; say one of: {choices}")


def _place(folder: Path) -> str:
    return str(folder.resolve() / "tidegate.toml")


def _running_rehearsal(folder: Path) -> Context:
    written = _written()
    if written is None:
        made = folder / SYNTHESISED / "tidegate.toml"
        there = f"; {made} is there: go on in {made.parent}" if made.is_file() else ""
        raise NoContext(
            f"no rehearsal runs here and no deployment is named in {_place(folder)}: start `tidegate up`, "
            f"or name a deployment there{there}"
        )
    first, *others = (Deployment.model_validate(each) for each in written["deployments"])
    return Context(REHEARSAL, first, tuple(others))


def rehearsal_pid() -> int | None:
    """Return the process id of the rehearsal that runs here, if one does."""
    written = _written()
    return int(written["pid"]) if written else None


def _written() -> dict[str, Any] | None:
    """Return the file that the running rehearsal wrote; None if none runs."""
    try:
        written: dict[str, Any] = json.loads(_file().read_text(encoding="utf-8"))
        os.kill(int(written["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return written


def _file() -> Path:
    from controller import wiring

    return wiring.state_home() / "rehearsal.json"


@contextmanager
def announced(*deployments: Deployment) -> Iterator[None]:
    """Make commands in other terminals find this rehearsal while the context lasts.

    Afterwards they find the rehearsal that was announced before, if it still runs.
    """
    before = _written()
    _write({"pid": os.getpid(), "deployments": [each.model_dump(mode="json") for each in deployments]})
    try:
        yield
    finally:
        with suppress(OSError):
            if before is not None:
                _write(before)
            else:
                _file().unlink()


def _write(body: dict[str, Any]) -> None:
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(body), encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(path)
