"""`tidegate up --history FILE`: traces of simulated runs in the console, until it is stopped."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from controller.core.text import plain
from controller.entry.cli.output import ExitCode, fail, note, stdout


def open_history(files: Sequence[Path], port: int, stopped: threading.Event, *, as_json: bool) -> None:
    """A console a file, each on its own port; exit 2 for what is no trace, before anything is served."""
    from controller.entry.archives import archives, read_file
    from controller.readmodel.trace import NotATrace
    from controller.rehearsal.server import PortInUse

    traces = []
    for file in files:
        try:
            traces.append(read_file(file))
        except NotATrace as error:
            fail(ExitCode.BAD_INPUT, str(error))
        except OSError as error:
            fail(ExitCode.BAD_INPUT, f"{plain(str(file), 200)}: {error.strerror}")
    try:
        with archives(traces, port) as addresses:
            _print(files, addresses, as_json=as_json)
            stopped.wait()
    except PortInUse as error:
        fail(ExitCode.INTERNAL, f"{error}; choose another with --console-port")
    note("stopped")


def _print(files: Sequence[Path], addresses: Sequence[str], *, as_json: bool) -> None:
    names = [plain(str(file), 200) for file in files]
    if as_json:
        consoles = [{"file": name, "console": url} for name, url in zip(names, addresses, strict=True)]
        print(json.dumps({"schema": "tidegate.up-history/v1", "consoles": consoles}), flush=True)  # noqa: T201
        return
    console = stdout()
    for name, address in zip(names, addresses, strict=True):
        console.print(Text(f"{address}  {name}"))
    console.print(Text("Nobody signs in, and nothing can be done there. Ctrl-C stops it."))
    console.file.flush()
