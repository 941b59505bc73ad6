"""Zip files that are the same for the same content: no time of day, no order of a disk, no one's rights."""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest that the format knows."""
READABLE = 0o100644 << 16


def zipped(folder: Path, target: Path) -> None:
    """Everything below `folder`, by its path there."""
    with ZipFile(target, "w") as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = ZipInfo(file.relative_to(folder).as_posix(), EPOCH)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, READABLE
            archive.writestr(entry, file.read_bytes())
