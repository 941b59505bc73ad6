"""The frame of a bundle: a tar file (ustar) with one spelling.

So no byte of it can vary unseen.

```
 header of 512 bytes │ content │ zeros up to 512 │ header │ content │ … │ 1024 zeros, and nothing after
```
Reading compares each header with the one that would be written for the name that is expected. It believes
only the size, and that within bounds. Nothing is written anywhere, so a name leads nowhere.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

BLOCK = 512
CHUNK = 1 << 16
END = bytes(2 * BLOCK)
NAME = re.compile(r"[a-z][A-Za-z0-9-]*([./][A-Za-z0-9][A-Za-z0-9-]*){0,6}")
LONGEST_NAME = 99
LARGEST = 8**11 - 1
"""Bytes of one member: the most that a header of this kind can say."""


class Torn(ValueError):  # noqa: N818
    """The frame is not as it was written; the message is a sentence."""


def header(name: str, size: int) -> bytes:
    """Return the header of a plain file of `size` bytes, dated 1970.

    Raises `ValueError` for a name or a size that it cannot say.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or not 0 <= size <= LARGEST:
        raise ValueError(f"no member can be named {name[:LONGEST_NAME]!r} with {size} bytes")
    fields = (
        (name, 100), ("0000644\0", 8), ("0000000\0", 8), ("0000000\0", 8), (f"{size:011o}\0", 12),
        (f"{0:011o}\0", 12), (" " * 8, 8), ("0", 1), ("", 100), ("ustar\0" + "00", 8), ("", 32), ("", 32),
        ("0000000\0", 8), ("0000000\0", 8), ("", 155),
    )  # fmt: skip
    raw = b"".join(text.encode().ljust(width, b"\0") for text, width in fields).ljust(BLOCK, b"\0")
    return raw[:148] + f"{sum(raw):06o}\0 ".encode() + raw[156:]


def padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def write(out: BinaryIO, name: str, size: int, content: Iterable[bytes]) -> None:
    """Write one member.

    `content` must have exactly `size` bytes. Raises `ValueError` otherwise.
    """
    out.write(header(name, size))
    written = 0
    for chunk in content:
        out.write(chunk)
        written += len(chunk)
    if written != size:
        raise ValueError(f"{name} has {written} bytes, not {size}")
    out.write(padding(size))


def chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


class Frame:
    """A bundle that is read once, from beginning to end, in small pieces."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def small(self, name: str, most: int) -> bytes:
        """Return the whole next member.

        It must be `name` and have at most `most` bytes. Raises `Torn`.
        """
        return b"".join(self.content(name, self.head(name, most)))

    def head(self, name: str, most: int) -> int:
        """Return the size of the next member.

        It must be `name` and have at most `most` bytes. Raises `Torn`.
        """
        head = self._take(BLOCK, name)
        size = int(head[124:135], 8) if re.fullmatch(rb"[0-7]{11}", head[124:135]) else -1
        if not 0 <= size <= most or head != header(name, size):
            raise Torn(f"expected {name} here, of at most {most} bytes; something else stands there")
        return size

    def content(self, name: str, size: int) -> Iterator[bytes]:
        """Yield the member's content in pieces.

        Raises `Torn`.
        """
        left = size
        while left:
            chunk = self._take(min(left, CHUNK), name)
            left -= len(chunk)
            yield chunk
        if self._take(-size % BLOCK, name).strip(b"\0"):
            raise Torn(f"after {name} stands something that nobody wrote there")

    def end(self) -> None:
        """Raise `Torn` unless the bundle ends here."""
        if self._file.read(len(END) + 1) != END:
            raise Torn("the bundle must end after its last file, with 1024 zero bytes and nothing else")

    def _take(self, size: int, name: str) -> bytes:
        found = self._file.read(size)
        if len(found) != size:
            raise Torn(f"the file ends within {name}")
        return found
