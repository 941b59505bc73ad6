"""Where the corpus of real inputs lies; tests that need it skip with a notice where it is absent."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.sources import existing

NEEDED = bool(os.environ.get("TIDEGATE_NEEDS_CORPUS"))
"""Set where a missing file must fail, and not be skipped."""
ROOT = Path(os.environ.get("TIDEGATE_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")


def corpus(name: str) -> Path:
    """The corpus file or folder `name`; skips the calling test where there is no corpus."""
    path = ROOT / name
    if not path.exists():
        assert not NEEDED, f"{path} is missing, and must be there"
        pytest.skip(f"no corpus at {path}: set TIDEGATE_CORPUS to its folder")
    return path


def corpus_files(folder: str, pattern: str, *, least: int) -> list[Path]:
    """Return the files of `folder` in the corpus, in a fixed order; fewer than `least` fail the test."""
    return existing(corpus(folder).glob(pattern), least=least)


def event_schemas() -> list[dict[str, Any]]:
    """Return the schemas of events that AWS has published."""
    schemas = json.loads(corpus("events/eventbridge_schemas/schemas.json").read_text())["events"]
    assert len(schemas) >= 15
    return list(schemas.values())
