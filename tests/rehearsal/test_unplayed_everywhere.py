"""Every operation of every service that botocore knows is ours, may pass, or answers 501."""

from collections import Counter

from tests.rehearsal.operation_walk import counted, signing_names
from tests.support.drill_run import set_up


def test_nothing_that_botocore_can_ask_reaches_motos_world() -> None:
    wire, names = set_up()[0].cloud.wire, signing_names()
    every = Counter[str]()
    for signing in names:
        every += counted(wire, signing, "us-west-2")
    assert len(names) >= 300
    assert every["ours"] >= 80
    assert every["passes"] == 11
    assert every["501"] >= 15_000
