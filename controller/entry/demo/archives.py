"""The read-only consoles on 127.0.0.1 that show traces of simulated runs.

Each trace file has its own. Nothing of this is deployed.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from controller.console.app import log_line
from controller.console.archive import Archive
from controller.console.http.wsgi import Loopback
from controller.core.text import sanitize
from controller.entry.console_lambda import instruments
from controller.entry.demo.consoles import console_log
from controller.readmodel.trace import NotATrace, Traced, read_trace
from controller.rehearsal.wire.server import PortInUse

LARGEST = 64 * 1024 * 1024
"""Bytes that a file may have. The trace of a long seed has two million."""


def read_file(file: Path) -> Traced:
    """Return the trace in `file`, under the file's name.

    Raises `NotATrace`, `OSError`.
    """
    if not file.is_file():
        raise NotATrace(f"{sanitize(str(file), 200)}: there is no such file")
    if file.stat().st_size > LARGEST:
        raise NotATrace(f"{sanitize(str(file), 200)}: larger than {LARGEST // 1024 // 1024} MB")
    try:
        with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            traced = read_trace(lines)
    except NotATrace as error:
        raise NotATrace(f"{sanitize(str(file), 200)}: {error}") from error
    return replace(traced, name=f"{file.name} ({traced.name})")


@contextmanager
def archives(traces: Sequence[Traced], first_port: int = 0) -> Iterator[list[str]]:
    """Serve the traces until the context ends, and yield their addresses in order.

    Raises `PortInUse`.
    """
    with ExitStack() as open_:
        log = open_.enter_context(console_log())
        addresses = []
        for number, traced in enumerate(traces):
            door = open_.enter_context(closing(_door(0 if number else first_port)))
            archive = Archive(
                traced,
                origin=door.origin,
                instruments=instruments(lambda: None),
                log=lambda line: log(log_line(line) + "\n"),
            )
            door.serve(archive.handle)
            addresses.append(door.origin)
        yield addresses


def _door(port: int) -> Loopback:
    try:
        return Loopback(port)
    except OSError as error:
        raise PortInUse(f"Port {port} on 127.0.0.1 is taken: {error.strerror}") from error
