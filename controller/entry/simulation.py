"""The composition of lab and wiring for `simulate`.

It plays seeds in one process or in several. It also gives a simulated controller its console, with a browser
in front of it.
"""

import gc
import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from urllib.parse import urlencode

from controller import wiring
from controller.console.app import Console
from controller.console.auth.identity_provider import Issuer
from controller.console.auth.outbound import IssuerUnreachable
from controller.console.auth.session import KEY, Sealer, Session, cookie_of
from controller.console.http.messages import Request, Response
from controller.core.incident.approval import GROUP
from controller.entry import lambdas
from controller.entry.console_lambda import instruments
from controller.entry.demo.rehearsal import parts
from controller.lab.simulate.kill_matrix import Call, Cell, Ended, death, every_cell, play_cells, recorded
from controller.lab.simulate.month import Part, Told, play_part
from controller.lab.simulate.run import Outcome, Phase, run_seed
from controller.lab.simulate.world.application import LENGTHS
from controller.lab.simulate.world.application import Name as LengthName
from controller.lab.simulate.world.outputs import Log
from controller.lab.simulate.world.world import Plant
from controller.settings import SignIn
from controller.steps.context.deps import Deps

ORIGIN = "https://console.rehearsal.invalid"
SIGN_IN = SignIn(issuer="https://issuer.rehearsal.invalid", client_id="tidegate", origin=ORIGIN)
FORM = re.compile(r'name="csrf" value="(\w{64})"><input type="hidden" name="digest" value="(\w+)"')


@dataclass
class Browser:
    """A browser of people who signed in just now and have every group.

    It is a `lab.simulate.world.outputs.Gate`.
    """

    console: Console
    sealer: Sealer
    groups: tuple[str, ...]
    now: Callable[[], float]

    def look(self, method: str, path: str, who: str | None) -> tuple[int, str]:
        response = self._send(method, path, who, {})
        return response.status, response.body.decode()

    def click(self, request: str, who: str, *, yes: bool, reason: str) -> bool:
        path = f"/approve/{request}"
        form = FORM.search(self._send("GET", path, who, {}).body.decode())
        if form is None:
            return False
        said = {"csrf": form[1], "digest": form[2], "answer": "approve" if yes else "deny", "reason": reason}
        return self._send("POST", path, who, said).status == 303

    def _send(self, method: str, path: str, who: str | None, form: Mapping[str, str]) -> Response:
        headers = {"host": ORIGIN.partition("://")[2], "origin": ORIGIN, "sec-fetch-site": "same-origin",
                   "content-type": "application/x-www-form-urlencoded"}  # fmt: skip
        cookie = ""
        if who is not None:
            session = Session(who, self.groups, self.now(), f"secret of {who}", SIGN_IN.issuer, f"u-{who}")
            cookie = cookie_of(session, self.sealer, self.now()).partition(";")[0]
        return self.console.handle(Request(method, path, "", headers, cookie, urlencode(form).encode()))


def gate(deps: Deps, now: Callable[[], float]) -> Browser:
    """Return a browser in front of one controller's console.

    now: the clock of people and of their issuer, who does not answer.
    """
    asked = {each for asks in deps.policy.approvals.values() for ask in asks for each in ask.ask}
    key = bytes(KEY)
    console = Console(
        deps,
        issuer=Issuer(SIGN_IN, _nobody, now),
        key=key,
        now=now,
        instruments=instruments(lambda: 0),
        log=lambda _line: None,
    )
    return Browser(console, Sealer(key), tuple(sorted(each.removeprefix(GROUP) for each in asked)), now)


def _nobody(_method: str, url: str, _form: Mapping[str, str] | None) -> tuple[int, bytes]:
    raise IssuerUnreachable(f"{url[:40]} does not answer")


@dataclass(frozen=True, slots=True)
class SeedOptions:
    """The options that every seed of a run is played with.

    trace: the file that everything seen is written to, if any.
    length: of every seed; where none is named, each has its own.
    """

    faults: tuple[str, ...] = ()
    phase: Phase = "both"
    trace: Path | None = None
    length: LengthName | None = None


LOG = Log()


@cache
def plant() -> Plant:
    return Plant(parts(), wiring.build, _bound, gate, LOG)


def _bound(deps: Deps, home: str) -> Mapping[str, lambdas.Handler]:
    return lambdas.bound(deps, LOG, f"simulated-{home}")


YOUNG = 50_000
"""Objects made between two runs of the garbage collector. A world makes many, and most of them stay."""


@cache
def _settle() -> None:
    """Keep all objects that exist now out of the garbage collector's search."""
    plant()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 100)


def play(seed: int, options: SeedOptions) -> Outcome:
    """Play one seed.

    Raises `OSError` where the trace cannot be written.
    """
    _settle()
    length = LENGTHS[options.length] if options.length else None
    with options.trace.open("w", encoding="utf-8") if options.trace else nullcontext() as file:
        outcome = run_seed(
            seed, plant(), faults=options.faults, phase=options.phase, length=length, trace=file
        )
    gc.collect()  # its world, whose parts name each other
    return outcome


def played(seeds: Sequence[int], options: SeedOptions, jobs: int) -> Iterator[Outcome]:
    """Yield the outcomes in the order of the seeds.

    The order does not depend on the process that played a seed.
    """
    if jobs == 1:
        yield from (play(seed, options) for seed in seeds)
        return
    with workers(jobs) as pool:
        yield from pool.imap(_Play(options), seeds)


def workers(jobs: int) -> Pool:
    """Start processes that leave Ctrl-C to the process that started them.

    That process stops them and says so once.
    """
    return get_context("spawn").Pool(jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN))


@dataclass(frozen=True, slots=True)
class _Play:
    options: SeedOptions

    def __call__(self, seed: int) -> Outcome:
        return play(seed, self.options)


def month_played(wanted: Sequence[Part], jobs: int) -> Iterator[Told]:
    """Yield what people were told in each part of a month, in the order of the parts."""
    if jobs == 1:
        yield from (_month_part(part) for part in wanted)
        return
    with workers(jobs) as pool:
        yield from pool.imap(_month_part, wanted)


def _month_part(part: Part) -> Told:
    _settle()
    told = play_part(part, plant())
    gc.collect()
    return told


CHUNKS = 16
"""Parts of the kill matrix. One process plays one part at a time."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The calls of an undisturbed evacuation, the wanted cells, and their different deaths."""

    calls: tuple[Call, ...]
    cells: tuple[Cell, ...]
    deaths: tuple[Cell, ...]


def matrix(only: Cell | None = None) -> Matrix:
    """Return the whole kill matrix, or one cell of it.

    Raises `LookupError` where there is no such cell.
    """
    calls = recorded(plant())
    by_number = {call.number: call for call in calls}
    cells = every_cell(calls)
    if only is not None:
        if only not in cells:
            raise LookupError(f"calls are numbered {calls[0].number} to {calls[-1].number}")
        cells = [only]
    deaths = dict.fromkeys(death(by_number, cell) for cell in cells)
    return Matrix(tuple(calls), tuple(cells), tuple(sorted(deaths, key=lambda d: (d.number, d.moment))))


def deaths_played(found: Matrix, jobs: int) -> Iterator[list[Ended]]:
    """Play each death of a matrix, in parts.

    A process that has no thread but its own plays a part.
    """
    size = -(-len(found.deaths) // CHUNKS)
    parts = [found.deaths[at : at + size] for at in range(0, len(found.deaths), size)]
    with workers(jobs) as pool:
        yield from pool.imap(_die, parts)


def die_traced(cell: Cell, trace: Path) -> Ended:
    """Play one death, and write everything that was seen.

    Raises `OSError` where the trace cannot be written.
    """
    with trace.open("w", encoding="utf-8") as file:
        return play_cells(plant(), [cell], file)[0]


def _die(cells: Sequence[Cell]) -> list[Ended]:
    _settle()
    return play_cells(plant(), list(cells))
