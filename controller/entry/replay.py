"""The real handlers and adapters, put together for the lab.

The lab may not import them itself.
"""

import io
import itertools
from collections.abc import Mapping
from importlib.resources import files

from controller import wiring
from controller.entry import lambdas
from controller.lab.environment.environment import Parts
from controller.lab.replay.stage import Composition
from controller.rehearsal.controller_region import Function
from controller.steps.context.deps import Deps

_numbers = itertools.count()


class _Nowhere(io.TextIOBase):
    """A stream that takes log lines and keeps none."""

    def write(self, text: str) -> int:
        return len(text)


def composition() -> Composition:
    """Return the workflow file of the package and the handlers of a deployment.

    A replay runs them.
    """
    workflow = files("controller").joinpath("workflow.asl.json").read_text(encoding="utf-8")
    return Composition(Parts(workflow, tuple(lambdas.HANDLERS), wiring.INTAKE), wiring.build, _bound)


def _bound(deps: Deps) -> Mapping[str, Function]:
    from typing import TextIO, cast

    return lambdas.bound(deps, cast(TextIO, _Nowhere()), f"tidegate-replay-{next(_numbers)}")
