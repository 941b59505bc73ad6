"""One function in a process of its own, as Lambda starts it: `python -I -S`, and a call on stdin.

It uses the standard library alone. Everything else must lie below `LAMBDA_TASK_ROOT`: what is opened, listed
or imported from elsewhere is told, what would be written or would leave this machine fails. The last line of
the output is the report.
"""

import importlib
import json
import os
import platform
import sys
import time
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

STDLIB = str(Path(os.__file__).parent)
INSTALLED = ("site-packages", "dist-packages")
LOOPBACK = ("127.0.0.1", "localhost")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Watch:
    """What the process reached for outside its folders."""

    def __init__(self, folders: list[str]) -> None:
        self.folders = [*folders, STDLIB]
        self.outside: set[str] = set()
        self.connected = 0

    def within(self, path: str) -> bool:
        whole = str(Path(path).absolute())
        ours = any(whole == folder or whole.startswith(folder + os.sep) for folder in self.folders)
        return ours and not any(f"{os.sep}{name}{os.sep}" in whole for name in INSTALLED)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], (str, bytes)):
            path = os.fsdecode(arguments[0])
            if not self.within(path):
                self.outside.add(path)
            if event == "open" and (set(arguments[1] or "") & set("wax+") or (arguments[2] or 0) & WRITES):
                raise OSError(30, "Read-only file system", path)
        elif event == "socket.getaddrinfo" and arguments[0] not in LOOPBACK:
            raise OSError(f"{arguments[0]} is outside this machine")
        elif event == "socket.connect":
            self.connected += 1
            if arguments[1][0] not in LOOPBACK:
                raise OSError(f"{arguments[1]} is outside this machine")


def absent(imports: list[tuple[str, list[str]]]) -> list[str]:
    """Return what cannot be imported: (module, names that it must have)."""
    missing = []
    for module, names in imports:
        try:
            found = importlib.import_module(module)
            for name in names:
                if not hasattr(found, name):
                    importlib.import_module(f"{module}.{name}")
        except Exception as error:  # noqa: BLE001 - the report names it, and the test judges
            missing.append(f"{module}: {type(error).__name__}: {error}")
    return missing


def answers(handler: Callable[[Any, Any], Any], events: list[Any]) -> Iterator[dict[str, Any]]:
    context = SimpleNamespace(function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"])
    for event in events:
        began = time.process_time()
        try:
            found = {"answer": handler(event, context)}
        except Exception as error:  # noqa: BLE001 - the report names it, and the test judges
            found = {"error": f"{type(error).__module__}.{type(error).__name__}", "why": str(error)[:600]}
        yield found | {"processor": time.process_time() - began}


def peak() -> float:
    """Return the most memory that this process ever held, in MB.

    Not `ru_maxrss`: that counts the parent's too, from before the process became this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in status if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def main() -> None:
    call = json.load(sys.stdin)
    folders = [os.environ["LAMBDA_TASK_ROOT"], *call["folders"]]
    os.chdir(folders[0])
    own = list(sys.path)
    sys.path[:0] = folders[::-1]
    zoneinfo.reset_tzpath(to=())  # Lambda's image has no zones
    watch = Watch([*folders, *own])
    sys.addaudithook(watch)
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    started = time.process_time()
    report = {"answers": list(answers(handler, call["events"])), "started": started}
    report |= {"connected": watch.connected, "absent": absent(call["imports"])}
    loaded = {str(each.__file__) for each in list(sys.modules.values()) if getattr(each, "__file__", None)}
    watch.outside |= {file for file in loaded if file != str(Path(__file__)) and not watch.within(file)}
    report["outside"], report["machine"] = sorted(watch.outside), platform.machine()
    report["python"] = f"python{sys.version_info.major}.{sys.version_info.minor}"
    report["peak"] = peak()
    sys.stdout.write("\n" + json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
