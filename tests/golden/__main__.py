"""`python -m tests.golden`: writes this version's words, plays the scenarios and writes its golden journals.

To be run once for a release, and never for an older one: what a version wrote, every later one must read.
"""

import json
import sys
import tomllib
from pathlib import Path

from controller.core.incident.fold import fold
from tests.golden.snapshot import snapshot
from tests.golden.vocabulary import KEPT, vocabulary
from tests.support.drill_run import play

HERE = Path(__file__).parent
PLAYED = ("region-dark", "all-endpoints-down", "all-red-heals", "blip-43s", "restore", "waves", "drill",
          "waves-rollback")  # fmt: skip


def regenerate(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in PLAYED:
        _, deps, _, _ = play(name)
        events = deps.journal.read("storefront")
        lines = "".join(event.text + "\n" for event in events)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        state = json.dumps(snapshot(fold("storefront", events)), indent=1, sort_keys=True)
        (folder / f"{name}.memory.json").write_text(state + "\n", encoding="utf-8")
        sys.stdout.write(f"{folder.name}/{name}: {len(events)} events\n")


def write_words(version: str) -> None:
    KEPT.mkdir(exist_ok=True)
    words = json.dumps(vocabulary(), indent=1, sort_keys=True)
    (KEPT / f"{version}.json").write_text(words + "\n", encoding="utf-8")


if __name__ == "__main__":
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    write_words(str(project["version"]))
    if sys.argv[1:] != ["words"]:
        regenerate(HERE / str(project["version"]))
