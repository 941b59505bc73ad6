"""The whole plan of a move, each control once, under its new state.

People are asked about it, and each wave is held to it.

```
 {"source": …, "target": …, "waves": [{"on": [b], "off": [a]}, …], "stays": {"on": […], "off": []}}
```
In an event each control's name stands once, so a name of n characters takes n + 3 bytes and a wave 20 more.
Three Regions of 50 slices with names of 63 characters take 150 x 66 + 50 x 20 = 10,900 bytes at most, and an
event of the journal holds 16,384. What is left over is for the decision (`steps.incident.approvals`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.canonical_json import digest


@dataclass(frozen=True, slots=True)
class Turned:
    """The controls that are turned On, and those that are turned Off."""

    on: tuple[str, ...] = ()
    off: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        return {"on": list(self.on), "off": list(self.off)}


@dataclass(frozen=True, slots=True)
class WholePlan:
    """All that a move does, from now to its end.

    waves: what each wave turns, the next one first. stays: controls that stand already as the plan wants
    them; where somebody turns one of them meanwhile, the plan turns it back.
    """

    source: str
    target: str
    waves: tuple[Turned, ...] = ()
    stays: Turned = Turned()

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the plan's RFC 8785 text, in hex."""
        return digest(self.data())

    @property
    def controls(self) -> dict[str, bool]:
        """Return each control of the plan -> its state at the end."""
        every = (*self.waves, self.stays)
        named = {name: True for wave in every for name in wave.on}
        return named | {name: False for wave in every for name in wave.off}

    @property
    def turned(self) -> int:
        """Count the controls that change."""
        return sum(len(wave.on) + len(wave.off) for wave in self.waves)

    def beyond(self, source: str, target: str, changes: Iterable[tuple[str, bool]]) -> str | None:
        """Return what a wave holds that the plan does not name, in words.

        None where the plan names all of it.
        """
        if (self.source, self.target) != (source, target):
            return f"it would move {source} to {target} in place of {self.source} to {self.target}"
        named = self.controls
        other = [f"{name} {'On' if on else 'Off'}" for name, on in changes if named.get(name) is not on]
        more = f" and {len(other) - 3} more" if len(other) > 3 else ""
        return f"it would turn {', '.join(other[:3])}{more}" if other else None

    def data(self) -> dict[str, Any]:
        waves = [wave.data() for wave in self.waves]
        return {"source": self.source, "target": self.target, "waves": waves, "stays": self.stays.data()}


def turned(changes: Iterable[tuple[str, bool]]) -> Turned:
    """Return the changes with each state told once."""
    every = tuple(changes)
    return Turned(tuple(name for name, on in every if on), tuple(name for name, on in every if not on))


def plan_of(raw: Any) -> WholePlan:
    """Return the plan that plain data hold.

    Raises `ValueError`, `TypeError` for anything else.
    """
    if not isinstance(raw, Mapping):
        raise ValueError("expected an object")
    waves = raw.get("waves", ())
    if not isinstance(waves, list | tuple):
        raise ValueError("expected a list of waves")
    ends = raw.get("source"), raw.get("target")
    if not all(isinstance(end, str) for end in ends):
        raise ValueError("expected the two Regions of a plan")
    return WholePlan(str(ends[0]), str(ends[1]), tuple(map(_turned, waves)), _turned(raw.get("stays", {})))


def _turned(raw: Any) -> Turned:
    if not isinstance(raw, Mapping):
        raise ValueError("expected a wave")
    lists = [raw.get(key, ()) for key in ("on", "off")]
    if not all(isinstance(names, list | tuple) for names in lists):
        raise ValueError("expected lists of controls")
    if not all(isinstance(name, str) for names in lists for name in names):
        raise ValueError("expected names of controls")
    return Turned(tuple(lists[0]), tuple(lists[1]))
