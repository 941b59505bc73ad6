"""A Region that stands still: what is due waits, in order, and what was called off stays so."""

from controller.rehearsal.time.kernel import Kernel, VirtualClock
from controller.rehearsal.time.region_gate import LOOK, Gate


class Region:
    def __init__(self) -> None:
        self.stopped = False
        self.kernel = Kernel(VirtualClock(0.0))
        self.gate = Gate(self.kernel, lambda: self.stopped)
        self.called: list[tuple[float, str]] = []

    def at(self, when: float, name: str) -> None:
        self.gate.at(when, lambda: self.called.append((self.kernel.now(), name)))


def test_what_is_due_meanwhile_comes_in_order_once_it_goes_on() -> None:
    region = Region()
    for when in (1.0, 2.0, 3.0, 6.0):
        region.at(when, f"{when:g}")
    region.kernel.at(1.5, lambda: setattr(region, "stopped", True))
    region.kernel.at(4.0, lambda: setattr(region, "stopped", False))
    region.kernel.run(until=10.0)
    assert [name for _, name in region.called] == ["1", "2", "3", "6"]
    assert [at for at, _ in region.called][1:3] == [4.0, 4.0]


def test_what_was_called_off_does_not_come_whether_it_waits_or_not() -> None:
    region = Region()
    held = region.gate.at(2.0, lambda: region.called.append((2.0, "held")))
    early = region.gate.at(1.0, lambda: region.called.append((1.0, "early")))
    early.cancel()
    region.kernel.at(1.5, lambda: setattr(region, "stopped", True))
    region.kernel.run(until=2.5)
    held.cancel()
    region.stopped = False
    region.kernel.run(until=2.5 + 2 * LOOK)
    assert region.called == []
