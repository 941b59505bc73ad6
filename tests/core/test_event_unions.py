"""The unions of events that bear the same member: none is forgotten in them."""

from dataclasses import fields
from typing import get_args

import pytest

from controller.core.journal.event import Body, Coded
from controller.core.journal.moves import Decided


@pytest.mark.parametrize(("member", "union"), [("code", Coded), ("decision", Decided)])
def test_every_event_that_has_the_member_is_in_its_union(member: str, union: object) -> None:
    bear = {said for said in get_args(Body) if member in {each.name for each in fields(said)}}
    assert len(bear) > 5
    assert set(get_args(union)) == bear
