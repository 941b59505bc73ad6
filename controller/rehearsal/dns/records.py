"""The application's Route 53 records as data, and Route 53's answers from them.

```
 shop.storefront.test.                 weighted aliases, one per slice
 ├── slice a  weight 1                 latency (or failover) records
 │   ├── us-east-1.shop.storefront.test.   health check: routing control use1-a
 │   └── us-west-2.shop.storefront.test.   health check: routing control usw2-a
 ├── slice b  weight 1                 …
```

The slices stand on top: below a latency record they would move nothing, because Route 53 tries a
Region's other weighted children before another Region (Route 53 Developer Guide, "How Amazon Route 53
chooses records when health checking is configured").
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Literal

from controller.rehearsal.dns.geography import nearest

TTL_SECONDS = 60
ControlIsOn = Callable[[str], bool]


class NoSuchName(LookupError):  # noqa: N818
    """The zone has no such name (NXDOMAIN)."""


@dataclass(frozen=True, slots=True)
class Target:
    """One Regional endpoint with a RECOVERY_CONTROL health check on `control`."""

    region: str
    name: str
    control: str


@dataclass(frozen=True, slots=True)
class Slice:
    """One weighted alias over the targets of a slice.

    routing: `failover` gives the first healthy target; `latency` the nearest one.
    """

    name: str
    targets: tuple[Target, ...]
    routing: Literal["latency", "failover"] = "latency"
    weight: int = 1


@dataclass(frozen=True, slots=True)
class RecordTree:
    """The records of one public name.

    Names are absolute, lower case, with the dot at the end.
    """

    name: str
    slices: tuple[Slice, ...]
    ttl: int = TTL_SECONDS


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a look-up: the Regional endpoint, and the slice that led there.

    ttl: in seconds.
    """

    region: str
    target: str
    slice: str
    ttl: int


def absolute(name: str) -> str:
    """Return a domain name in the form that the tree uses."""
    return name.lower().rstrip(".") + "."


def record_tree(
    name: str,
    controls: Mapping[str, Sequence[str]],
    *,
    routing: Literal["latency", "failover"] = "latency",
    ttl: int = TTL_SECONDS,
) -> RecordTree:
    """Return the tree over `controls`.

    controls: Region -> its routing controls, one per slice, in the slices' order.
    Raises `ValueError` where the Regions do not have equally many controls.
    """
    slices = []
    columns = list(zip(*controls.values(), strict=True))
    for letter, column in zip(ascii_lowercase, columns, strict=False):
        targets = tuple(
            Target(region, f"{region}.{absolute(name)}", control)
            for region, control in zip(controls, column, strict=True)
        )
        slices.append(Slice(letter, targets, routing))
    return RecordTree(absolute(name), tuple(slices), ttl)


def resolve(tree: RecordTree, name: str, control_is_on: ControlIsOn, location: str, draw: float) -> Answer:
    """Answer a look-up of `name` as Route 53 does.

    Parameters
    ----------
    control_is_on: the health of the record that is tied to this routing control.
    location: the Region where the resolver is, for latency records.
    draw: 0 <= draw < 1, decides between the weighted records.

    Raises `NoSuchName` for any name but the tree's own.
    """
    if absolute(name) != tree.name:
        raise NoSuchName(name)
    healthy = {
        piece.name: [target for target in piece.targets if control_is_on(target.control)]
        for piece in tree.slices
    }
    able = [piece for piece in tree.slices if healthy[piece.name]]
    # Nothing is healthy: Route 53 answers as if everything were.
    chosen = _weighted(able or list(tree.slices), draw)
    targets = healthy[chosen.name] or list(chosen.targets)
    target = targets[0] if chosen.routing == "failover" else _nearest(targets, location)
    return Answer(target.region, target.name, chosen.name, tree.ttl)


def _weighted(slices: list[Slice], draw: float) -> Slice:
    """Return the slice that `draw` selects by weight.

    Records of weight 0 count only where there is no other.
    """
    weighted = [piece for piece in slices if piece.weight > 0]
    if not weighted:
        return slices[int(draw * len(slices))]
    point = draw * sum(piece.weight for piece in weighted)
    for piece in weighted:
        point -= piece.weight
        if point < 0:
            return piece
    return weighted[-1]


def _nearest(targets: list[Target], location: str) -> Target:
    region = nearest(location, [target.region for target in targets])
    return next(target for target in targets if target.region == region)
