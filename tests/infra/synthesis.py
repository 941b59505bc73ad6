"""The output of `python -m infra --check`, once a run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.support.sources import existing

Resource = dict[str, Any]


@dataclass(frozen=True)
class Synthesis:
    """folder: the templates, by stack. printed: what the command said."""

    folder: Path
    printed: str
    exit_code: int

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        return {
            f.stem: json.loads(f.read_text(encoding="utf-8"))
            for f in existing(self.folder.glob("*.json"), least=10)
        }

    def of(
        self, type_: str, stack: str = "tidegate-", *, least: int = 1
    ) -> Iterator[tuple[str, str, Resource]]:
        """Return (stack, logical id, properties) of each resource of a type; fails below `least` of them."""
        every = [
            (name, scope_id, resource.get("Properties", {}))
            for name, template in self.templates.items()
            for scope_id, resource in template["Resources"].items()
            if name.startswith(stack) and resource["Type"] == type_
        ]
        assert len(every) >= least, f"only {len(every)} of {type_} in {stack}*, expected {least}"
        return iter(every)
