"""What `python -m infra --check` wrote, once a run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Resource = dict[str, Any]


@dataclass(frozen=True)
class Synthesis:
    """folder: the templates, by stack. printed: what the command said."""

    folder: Path
    printed: str
    exit_code: int

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        return {f.stem: json.loads(f.read_text(encoding="utf-8")) for f in sorted(self.folder.glob("*.json"))}

    def of(self, type_: str, stack: str = "tidegate-") -> Iterator[tuple[str, str, Resource]]:
        """(stack, logical id, properties) of each resource of a type."""
        for name, template in self.templates.items():
            for scope_id, resource in template["Resources"].items():
                if name.startswith(stack) and resource["Type"] == type_:
                    yield name, scope_id, resource.get("Properties", {})
