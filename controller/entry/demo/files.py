"""The files that a rehearsal writes: its report and its log.

The report appears whole or not at all. The log may fail.
"""

import io
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO


class ReportFile:
    """A context that writes the report whole or not at all.

    Enter it before the run, so that an unwritable place is known at once. The file exists after `write`.
    Raises `OSError` on entering where the place cannot be written to, from `write` where the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part: TextIO | None = None

    def __enter__(self) -> "ReportFile":
        if self.path.is_dir():
            raise IsADirectoryError(21, "Is a directory", str(self.path))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._part = tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=self.path.parent, prefix=f".{self.path.name}.", delete=False
        )  # type: ignore[assignment]
        return self

    def write(self, text: str) -> None:
        """Put `text` in the file's place, whole."""
        part = self._part
        if part is None:
            raise ValueError("write once, within the context")
        try:
            part.write(text)
            part.close()
            whole = Path(part.name)
            whole.chmod(0o644)
            whole.replace(self.path)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self._part = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._part is not None:
            with suppress(OSError):
                self._part.close()
            Path(self._part.name).unlink(missing_ok=True)


class LogFile(io.TextIOBase):
    """A log that never stops the program that writes to it.

    A full disk or a closed file loses lines and nothing else.
    """

    def __init__(self, path: Path) -> None:
        self._file: TextIO | None = None
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8", buffering=1)

    def write(self, text: str) -> int:
        if self._file is not None:
            with suppress(OSError, ValueError):  # ValueError: closed while a handler still ran
                self._file.write(text)
        return len(text)

    def close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
