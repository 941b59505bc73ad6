"""One row played: its world as the code is, and with the row's sites taken out."""

from dataclasses import dataclass

from tests.mutate.directed import play
from tests.mutate.scenes import SCENES
from tests.mutate.sites import rows
from tests.mutate.surgery import without


@dataclass(frozen=True, slots=True)
class Row:
    """sites: how many places were cut. by: the invariant that noticed, and what it said. cpu: seconds.

    fault: why the row proves nothing, if it does not.
    """

    name: str
    sites: int
    by: str
    said: str
    cpu: float
    fault: str = ""


def played(name: str) -> Row:
    sites, scene = rows()[name], SCENES.get(name)
    if scene is None:
        return Row(name, len(sites), "", "", 0.0, "no world shows what it is for")
    whole = play(scene)
    if whole.breaks:
        first = whole.breaks[0]
        said = f"its world breaks {first.id} as the code is: {first.sentence}"
        return Row(name, len(sites), "", "", whole.cpu, said)
    with without(sites):
        cut = play(scene)
    cpu = whole.cpu + cut.cpu
    if not cut.breaks:
        return Row(name, len(sites), "", "", cpu, "survives: nothing notices that it is gone")
    return Row(name, len(sites), cut.breaks[0].id, cut.breaks[0].sentence, cpu)


def lines(table: list[Row]) -> list[str]:
    """The table for people."""
    wide = max(len(row.name) for row in table)
    head = f"{'taken out':<{wide}}  places  caught  CPU s  by"
    body = [
        f"{row.name:<{wide}}  {row.sites:6d}  {row.by or 'NO':<6}  {row.cpu:5.1f}  {row.fault or row.said}"
        for row in table
    ]
    caught = sum(not row.fault for row in table)
    cpu = sum(row.cpu for row in table)
    return [head, *body, f"{caught} of {len(table)} caught, {cpu:.0f} s of CPU time"]
