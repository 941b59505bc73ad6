"""Where the corpus of real inputs lies; tests that need it skip with a notice where it is absent."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("TIDEGATE_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")


def corpus(name: str) -> Path:
    """The corpus file or folder `name`; skips the calling test where there is no corpus."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"no corpus at {path}: set TIDEGATE_CORPUS to its folder")
    return path
