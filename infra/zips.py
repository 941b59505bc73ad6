"""Zip files that are the same for the same content: no time of day, no order of a disk, no one's rights."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest that the format knows."""
READABLE = 0o100644 << 16


DIGITS = 16
"""Of the digest in a name: CloudFormation takes what lies under the same name for the same code."""


def zip_name(folder: Path) -> str:
    """Return the name of the zip of `folder`: another for any other content."""
    digest = sha256()
    for name, content in _contents(folder):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return f"{folder.name}-{digest.hexdigest()[:DIGITS]}.zip"


def zipped(folder: Path, target: Path) -> None:
    """Everything below `folder`, by its path there."""
    with ZipFile(target, "w") as archive:
        for name, content in _contents(folder):
            entry = ZipInfo(name, EPOCH)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, READABLE
            archive.writestr(entry, content)


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield file.relative_to(folder).as_posix(), file.read_bytes()
